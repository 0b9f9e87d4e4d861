/** Cookies in a field value: what real clients send, what nobody should, and any bytes at all. @module */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CookieScanner } from "../../../../src/protocol/http/cookie.ts";

const latin1 = (text: string) => Uint8Array.from(text, (letter) => letter.charCodeAt(0));

/** Every cookie as "name=value", or "name" where there is no equal sign; attributes in brackets. */
function cookies(text: string): string[] {
  const bytes = latin1(`#${text}#`);
  const scanner = new CookieScanner();
  scanner.begin(bytes, 1, bytes.length - 1);
  const found: string[] = [];
  const part = (start: number, end: number) => String.fromCharCode(...bytes.subarray(start, end));
  while (scanner.next()) {
    const { nameStart, nameEnd, valueStart, valueEnd, hasValue, isAttribute } = scanner;
    const cookie = `${part(nameStart, nameEnd)}${hasValue ? `=${part(valueStart, valueEnd)}` : ""}`;
    found.push(isAttribute ? `[${cookie}]` : cookie);
  }
  return found;
}

describe("the cookies of a Cookie field", () => {
  it.each<[string, string[]]>([
    ["a=1", ["a=1"]],
    ["a=1; b=2;c=3", ["a=1", "b=2", "c=3"]],
    ["a=1, b=2", ["a=1", "b=2"]],
    [" a = 1 ;\tb\t=\t2 ", ["a=1", "b=2"]],
    ["a", ["a"]],
    ["a; b=2", ["a", "b=2"]],
    ["a=", ["a="]],
    ["=1", ["=1"]],
    ["a=b=c", ["a=b=c"]],
    ['a="1; b=2"; c=3', ['a="1; b=2"', "c=3"]],
    ['a="1\\"; b=2"; c=3', ['a="1\\"; b=2"', "c=3"]],
    ['a="1; b=2', ['a="1; b=2']],
    ["a=x\\; b=2", ["a=x\\", "b=2"]],
    ["$Version=1; a=1; $Path=/; b=2", ["[$Version=1]", "a=1", "[$Path=/]", "b=2"]],
    ["a b=1", ["a b=1"]],
    [";;a=1;;", ["", "", "a=1", "", ""]],
    [";", ["", ""]],
    ["a=1;", ["a=1", ""]],
    ["", []],
    ["  ", [""]],
    ["a=\x80\xff", ["a=\x80\xff"]],
  ])("%j", (text, expected) => expect(cookies(text)).toEqual(expected));

  it("lie inside the value and in order, whatever the bytes are", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...'a=;, \t"\\$x\x80'), { maxLength: 60 }), (letters) => {
        const bytes = latin1(`"${letters.join("")};a=1`);
        const end = bytes.length - 4;
        const scanner = new CookieScanner();
        scanner.begin(bytes, 1, end);
        let before = 1;
        let count = 0;
        while (scanner.next()) {
          const { pieceStart, nameStart, nameEnd, valueStart, valueEnd } = scanner;
          const places = [before, pieceStart, nameStart, nameEnd, valueStart, valueEnd, end];
          expect(places).toEqual([...places].sort((a, b) => a - b));
          expect(scanner.hasValue || valueStart === valueEnd).toBe(true);
          before = valueEnd;
          expect(++count).toBeLessThanOrEqual(letters.length + 1);
        }
        expect(scanner.next()).toBe(false);
      }),
      { numRuns: 2_000 },
    );
  });

  it("are found by a name with its case, and by all of it", () => {
    const bytes = latin1("SRV=1; srv=2; SRVX=3; SR=4");
    const scanner = new CookieScanner();
    scanner.begin(bytes, 0, bytes.length);
    const named: boolean[] = [];
    while (scanner.next()) named.push(scanner.isNamed(latin1("SRV")));
    expect(named).toEqual([true, false, false, false]);
  });
});

describe("the cookie of a Set-Cookie field", () => {
  it.each<[string, string | null]>([
    ["a=1", "a=1"],
    ["a=1; Path=/; Expires=Thu, 01-Jan-1970 00:00:01 GMT", "a=1"],
    ["a=1,2; Path=/", "a=1"],
    ["a,b=1; Path=/", "a,b=1"],
    [" a = 1 ; Secure", "a=1"],
    ['a="1;2"; Secure', 'a="1;2"'],
    ["a=; Max-Age=0", "a="],
    ["a; b=1", null],
    ["=1", null],
    ["", null],
  ])("%j", (text, expected) => {
    const bytes = latin1(text);
    const scanner = new CookieScanner();
    const hasCookie = scanner.readSetCookie(bytes, 0, bytes.length);
    const part = (start: number, end: number) => text.slice(start, end);
    const { nameStart, nameEnd, valueStart, valueEnd } = scanner;
    const found = hasCookie ? `${part(nameStart, nameEnd)}=${part(valueStart, valueEnd)}` : null;
    expect(found).toBe(expected);
  });
});
