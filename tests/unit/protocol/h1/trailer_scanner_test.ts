import { describe, expect, it } from "vitest";
import { ParseError } from "../../../../src/protocol/h1/parse_error.ts";
import { MAX_TRAILER_BYTES, TrailerScanner } from "../../../../src/protocol/h1/trailer_scanner.ts";
import { asciiBytes } from "../../../../src/protocol/http/octet.ts";

function scan(text: string) {
  const scanner = new TrailerScanner();
  const end = scanner.scan(asciiBytes(text), 0, text.length);
  return { scanner, end };
}

describe("TrailerScanner", () => {
  it.each([["\r\n"], ["X: 1\r\n\r\n"], ["X:\r\nDate: \xff\t\r\n\r\n"], ["Content-Lengthy: 1\r\n\r\n"]])(
    "takes %j",
    (text) => {
      const { scanner, end } = scan(text + "GET");
      expect([scanner.isDone, scanner.errorCode, end]).toEqual([true, 0, text.length]);
    },
  );
  it.each([
    ["Content-Length: 1\r\n", ParseError.FORBIDDEN_TRAILER, 14],
    ["TRANSFER-ENCODING: x\r\n", ParseError.FORBIDDEN_TRAILER, 17],
    ["Proxy-Authorization: x\r\n", ParseError.FORBIDDEN_TRAILER, 19],
    ["X: 1\r\n 2", ParseError.OBS_FOLD, 6],
    [" X", ParseError.SPACE_BEFORE_FIRST_FIELD, 0],
    ["X: \x7f", ParseError.BAD_FIELD_VALUE, 3],
    ["\rX", ParseError.BARE_CR, 1],
    ["\n", ParseError.BARE_LF, 0],
  ])("%j fails with %i at %i", (text, code, offset) => {
    const { scanner, end } = scan(text);
    expect([scanner.errorCode, end]).toEqual([code, offset]);
  });
  it("knows a name that arrives in pieces, and one longer than any known", () => {
    const scanner = new TrailerScanner();
    for (const character of "hOst") scanner.scan(asciiBytes(character), 0, 1);
    scanner.scan(asciiBytes(":"), 0, 1);
    expect(scanner.errorCode).toBe(ParseError.FORBIDDEN_TRAILER);
    expect(scan(`${"a".repeat(300)}: 1\r\n\r\n`).scanner.isDone).toBe(true);
    expect(scan("Proxy-AuthorizationX: 1\r\n\r\n").scanner.isDone).toBe(true);
  });
  it("stops at its size limit", () => {
    const { scanner, end } = scan(`X: ${"a".repeat(9000)}`);
    expect([scanner.errorCode, end]).toEqual([ParseError.TRAILERS_TOO_LARGE, MAX_TRAILER_BYTES]);
  });
});
