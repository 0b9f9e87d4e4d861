/** The records that a client hello comes in: whole or not, and what is none. @module */
import { describe, expect, it } from "vitest";
import { describeHelloError, HelloError, isOtherProtocol } from "../../../../src/protocol/tls/hello_error.ts";
import { HelloRecords, HelloStatus } from "../../../../src/protocol/tls/hello_records.ts";
import { latin1, uint16 } from "../../../support/proxy_protocol/headers.ts";
import { helloMessage, helloText, message, records } from "../../../support/tls/hellos.ts";

/** What is known after all these bytes, at once. */
function follow(text: string): string {
  const hello = new HelloRecords();
  const status = hello.follow(latin1(text), 0, text.length);
  if (status === HelloStatus.ERROR) return describeHelloError(hello.errorCode);
  return status === HelloStatus.DONE ? "done" : "more";
}

const NOT_TLS = "the client did not begin with a TLS client hello";
const BAD_RECORD = "bad TLS client hello: a record is malformed, or of another kind";
const TOO_LONG = "bad TLS client hello: it is longer than 16384 bytes";
const GOOD = helloMessage({ name: "a.test" });

describe("HelloRecords", () => {
  it.each([
    ["nothing", "", "more"],
    ["a record's first bytes", "\x16\x03", "more"],
    ["all but the last byte", helloText().slice(0, -1), "more"],
    ["a hello", helloText(), "done"],
    ["a hello, and what follows", `${helloText()}\x17\x03\x03\0\x05early`, "done"],
    ["a hello, and another message in its record", records(GOOD + message(2, "x")), "done"],
    ["a hello in records of a byte", records(GOOD, 1), "done"],
    ["one whose last record has not come", records(GOOD, 100).slice(0, -10), "more"],
    ["an HTTP request", "GET / HTTP/1.1\r\n", NOT_TLS],
    ["one byte of another protocol", "S", NOT_TLS],
    ["an alert", "\x15\x03\x03\0\x02\x02\x28", NOT_TLS],
    ["application data", "\x17\x03\x03\0\x05hello", NOT_TLS],
    ["a version that is none", "\x16\x02", NOT_TLS],
    ["DTLS", "\x16\xfe\xfd", NOT_TLS],
    ["two bytes that may be SSLv2", "\x80\x2e", "more"],
    ["SSLv2", "\x80\x2e\x01\x03\x01", "the client began with an SSLv2 hello, which names no server"],
    ["noise", "\xff\xff\xff", NOT_TLS],
    ["an empty record", "\x16\x03\x01\0\0", BAD_RECORD],
    ["a record that is too long", `\x16\x03\x01${uint16(16_385)}`, BAD_RECORD],
    ["an alert between two records", `${records(GOOD.slice(0, 50))}\x15`, BAD_RECORD],
    ["another version in the second record", `${records(GOOD.slice(0, 50))}\x16\x02`, BAD_RECORD],
    [
      "another message",
      records(message(2, "hello")),
      "bad TLS client hello: its first message is another one",
    ],
    ["an empty hello", records(message(1, "")), "bad TLS client hello: it is too short"],
    ["a hello that would be too long", records("\x01\0\x40\0"), TOO_LONG],
    ["one of 16 MB", records("\x01\xff\xff\xff"), TOO_LONG],
    ["the longest hello", records("\x01\0\x3f\xf7"), "more"],
    ["a hello that its records make too long", records(message(1, "x".repeat(4_000)), 1), TOO_LONG],
  ])("knows %s", (_, text, expected) => expect(follow(text)).toBe(expected));

  it("follows bytes that move, and looks at none twice", () => {
    const text = helloText({ name: "a.test" });
    const hello = new HelloRecords();
    const bytes = latin1(`${text}${text}`);
    expect(hello.follow(bytes, 0, 20)).toBe(HelloStatus.NEED_MORE);
    bytes.fill(0xff, text.length, text.length + 20);
    expect(hello.follow(bytes, text.length, 2 * text.length)).toBe(HelloStatus.DONE);
    expect(hello.follow(bytes, text.length, 2 * text.length)).toBe(HelloStatus.DONE);
  });

  it("says again what was wrong", () => {
    const hello = new HelloRecords();
    expect(hello.follow(latin1("x"), 0, 1)).toBe(HelloStatus.ERROR);
    expect(hello.follow(latin1(helloText()), 0, 100)).toBe(HelloStatus.ERROR);
    expect(hello.errorCode).toBe(HelloError.NOT_TLS);
  });

  it("tells other protocols from bad TLS", () => {
    const others = Object.values(HelloError).filter(isOtherProtocol);
    expect(others).toEqual([HelloError.NOT_TLS, HelloError.SSL2]);
    const words = Object.values(HelloError).slice(1).map(describeHelloError);
    expect(new Set(words).size).toBe(words.length);
    for (const text of words) expect(text).not.toMatch(/undefined|: $/);
  });
});
