import { describe, expect, it } from "vitest";
import { ParseError } from "../../../../src/protocol/h1/parse_error.ts";
import { checkTarget, defaultTargetPort } from "../../../../src/protocol/h1/request_target.ts";
import { MessageHead, TargetForm } from "../../../../src/protocol/http/message_head.ts";
import { Method } from "../../../../src/protocol/http/method.ts";
import { asciiBytes } from "../../../../src/protocol/http/octet.ts";

function check(target: string, methodId: number) {
  const head = new MessageHead(true, 1);
  head.methodId = methodId;
  head.targetStart = 3;
  head.targetEnd = 3 + target.length;
  const isValid = checkTarget(head, asciiBytes(`..xxx${target}`), 2);
  const part = (start: number, end: number) => target.slice(start - 3, end - 3);
  return {
    head,
    isValid,
    authority: part(head.authorityStart, head.authorityEnd),
    path: part(head.pathStart, head.targetEnd),
  };
}

describe("checkTarget", () => {
  it.each([
    ["/a?b", Method.GET, TargetForm.ORIGIN, "", "/a?b"],
    ["*", Method.OPTIONS, TargetForm.ASTERISK, "", "*"],
    ["a:443", Method.CONNECT, TargetForm.AUTHORITY, "a:443", ""],
    ["http://a", Method.GET, TargetForm.ABSOLUTE, "a", ""],
    ["HTTPS://a:1/b", Method.GET, TargetForm.ABSOLUTE, "a:1", "/b"],
    ["http://a?q=/", Method.OPTIONS, TargetForm.ABSOLUTE, "a", "?q=/"],
  ])("%s", (target, method, form, authority, path) => {
    const seen = check(target, method);
    expect(seen.isValid).toBe(true);
    expect([seen.head.targetForm, seen.path]).toEqual([form, path]);
    if (authority !== "") expect(seen.authority).toBe(authority);
  });
  it.each([
    ["*", Method.GET, ParseError.BAD_TARGET_FORM],
    ["a", Method.GET, ParseError.BAD_TARGET_FORM],
    ["http:/a", Method.GET, ParseError.BAD_TARGET_FORM],
    ["http://", Method.GET, ParseError.BAD_TARGET_AUTHORITY],
    ["http://a@b/", Method.GET, ParseError.BAD_TARGET_AUTHORITY],
    ["/", Method.CONNECT, ParseError.BAD_TARGET_AUTHORITY],
  ])("refuses %s", (target, method, code) => {
    const { head, isValid } = check(target, method);
    expect([isValid, head.errorCode]).toEqual([false, code]);
  });
});

describe("defaultTargetPort", () => {
  it.each([["http://a/", 80], ["https://a/", 443]])("%s: %i", (target, port) => {
    expect(defaultTargetPort(check(target, Method.GET).head)).toBe(port);
  });
});
