/** What a client hello says: as real clients send it, as the RFCs write it, and what is refused of it. @module */
import { describe, expect, it } from "vitest";
import { ClientHelloReader } from "../../../../src/protocol/tls/client_hello.ts";
import { HelloError } from "../../../../src/protocol/tls/hello_error.ts";
import { HelloRecords, HelloStatus } from "../../../../src/protocol/tls/hello_records.ts";
import { latin1, uint16 } from "../../../support/proxy_protocol/headers.ts";
import { readCapturedHellos } from "../../../support/tls/captured.ts";
import {
  alpn,
  extension,
  helloMessage,
  helloText,
  MODERN_EXTENSIONS,
  records,
  serverName,
} from "../../../support/tls/hellos.ts";

const encoder = new TextEncoder();
const reader = new ClientHelloReader();

/** Reads text that lies anywhere, with anything around it; the name, or the error's number. */
function read(text: string): string | number {
  const bytes = latin1(`#######${text}\x16\x03\x01`);
  expect(new HelloRecords().follow(bytes, 7, 7 + text.length)).toBe(HelloStatus.DONE);
  const code = reader.read(bytes, 7);
  if (code !== HelloError.NONE) expect(reader.serverName).toBe("");
  return code === HelloError.NONE ? reader.serverName : code;
}

const offers = (protocol: string) => reader.offers(encoder.encode(protocol));

describe("a hello as clients send it", () => {
  it.each(readCapturedHellos())("$title", ({ bytes, serverName: name, protocols }) => {
    const hello = new HelloRecords();
    expect(hello.follow(bytes, 0, bytes.length - 1)).toBe(HelloStatus.NEED_MORE);
    expect(hello.follow(bytes, 0, bytes.length)).toBe(HelloStatus.DONE);
    expect(reader.read(bytes, 0)).toBe(HelloError.NONE);
    expect(reader.serverName).toBe(name);
    for (const protocol of protocols) expect(offers(protocol)).toBe(true);
    expect(offers("h3")).toBe(false);
  });

  it("passes over GREASE, key shares after quantum computers, and extensions of the future", () => {
    const text = helloText({ before: MODERN_EXTENSIONS, name: "a.test", behind: extension(0xfe0d, "ech") });
    expect(text.length).toBeGreaterThan(1_300);
    expect(read(text)).toBe("a.test");
  });

  it.each([1, 2, 5, 7, 100, 600])("may be cut into records of %i bytes", (fragmentBytes) => {
    const text = records(
      helloMessage({ before: MODERN_EXTENSIONS, name: "a.test", protocols: ["h2"] }),
      fragmentBytes,
    );
    expect(read(text)).toBe("a.test");
    expect(offers("h2")).toBe(true);
  });

  it("may have no extensions, or none of these two", () => {
    expect(read(helloText({ extensions: "" }))).toBe("");
    expect(read(helloText({ extensions: "\0\0" }))).toBe("");
    expect(read(helloText({ sessionId: "" }))).toBe("");
    expect(read(helloText({ version: "\x03\0" }))).toBe("");
    expect(offers("h2")).toBe(false);
  });

  it("forgets the hello before", () => {
    expect(read(helloText({ name: "a.test", protocols: ["h2"] }))).toBe("a.test");
    expect(read(helloText())).toBe("");
    expect(offers("h2")).toBe(false);
  });
});

describe("a server name", () => {
  const longest = `${"a".repeat(63)}.${"b".repeat(63)}.${"c".repeat(63)}.${"d".repeat(61)}`;

  it.each([
    ["a.test", "a.test"],
    ["A.TEST", "a.test"],
    ["a.test.", "a.test"],
    ["localhost", "localhost"],
    ["xn--bcher-kva.test", "xn--bcher-kva.test"],
    ["_dmarc.a-b.test", "_dmarc.a-b.test"],
    ["192.0.2.1", "192.0.2.1"],
    [longest, longest],
    [`${longest}.`, longest],
  ])("%s is %s", (written, name) => expect(read(helloText({ name: written }))).toBe(name));

  it.each([
    ".",
    "..",
    ".a.test",
    "a..test",
    "a.test..",
    "a b",
    "a/b",
    "a:443",
    "*.a.test",
    "::1",
    "a\0.test",
    "b\xfccher.test",
    "a\n",
    `${"a".repeat(64)}.test`,
    `${longest}e`,
    "a".repeat(300),
  ])("%j is none", (name) => expect(read(helloText({ name }))).toBe(HelloError.BAD_HOST));

  it.each([
    ["nothing", ""],
    ["an empty list", uint16(0)],
    ["an empty name", `${uint16(3)}\0${uint16(0)}`],
    ["a name of another kind", `${uint16(4)}\x01${uint16(1)}a`],
    ["two names", `${uint16(8)}\0${uint16(1)}a\0${uint16(1)}b`],
    ["a list that is longer than its extension", `${uint16(5)}\0${uint16(1)}a`],
    ["a list that is shorter than its extension", `${uint16(3)}\0${uint16(1)}a`],
    ["a name that is longer than its list", `${uint16(4)}\0${uint16(2)}a`],
  ])("is not %s", (_, body) => {
    expect(read(helloText({ behind: extension(0, body) }))).toBe(HelloError.BAD_SERVER_NAME);
  });
});

describe("offered protocols", () => {
  it("are compared byte by byte and whole", () => {
    read(helloText({ protocols: ["\x4a\x4a", "h2", "http/1.1"] }));
    expect(["h2", "http/1.1"].map(offers)).toEqual([true, true]);
    expect(["H2", "h", "h23", "http/1.0", ""].map(offers)).toEqual([false, false, false, false, false]);
  });

  it("are read as far as there is room", () => {
    const name = (n: number) => `${n}-${"x".repeat(97)}`;
    expect(read(helloText({ protocols: [0, 1, 2, 3, 4, 5].map(name) }))).toBe("");
    expect([0, 4, 5].map((n) => offers(name(n)))).toEqual([true, true, false]);
  });

  it.each([
    ["nothing", ""],
    ["an empty list", uint16(0)],
    ["an empty protocol", `${uint16(2)}\0\0`],
    ["a list that is longer than its extension", `${uint16(4)}\x02h2`],
    ["a protocol that is longer than the list", `${uint16(3)}\x03h2`],
  ])("are not %s", (_, body) => {
    expect(read(helloText({ behind: extension(16, body) }))).toBe(HelloError.BAD_ALPN);
  });
});

describe("a hello that two readers could understand differently", () => {
  it.each<[string, string, number]>([
    ["two names", helloText({ name: "a.test", behind: serverName("b.test") }), HelloError.DOUBLE_EXTENSION],
    [
      "two lists of protocols",
      helloText({ protocols: ["h2"], behind: alpn(["h3"]) }),
      HelloError.DOUBLE_EXTENSION,
    ],
    ["no room for a version", records("\x01\0\0\x02\x03\x03"), HelloError.TOO_SHORT],
    ["another version", helloText({ version: "\x02\0" }), HelloError.BAD_VERSION],
    ["a long session id", helloText({ sessionId: "s".repeat(33) }), HelloError.BAD_SESSION_ID],
    ["no suites", helloText({ ciphers: "\0\0" }), HelloError.BAD_CIPHERS],
    ["half a suite", helloText({ ciphers: "\0\x03\x13\x01\x13" }), HelloError.BAD_CIPHERS],
    ["too many suites", helloText({ ciphers: "\x7f\xfe" }), HelloError.BAD_CIPHERS],
    ["no compression methods", helloText({ compression: "\0" }), HelloError.BAD_COMPRESSION],
    ["too many of them", helloText({ compression: "\xff\0" }), HelloError.BAD_COMPRESSION],
    ["half a length of extensions", helloText({ extensions: "\0" }), HelloError.BAD_EXTENSIONS],
    [
      "less extensions than announced",
      helloText({ extensions: "\0\x05\0\x2b\0\0" }),
      HelloError.BAD_EXTENSIONS,
    ],
    ["bytes behind the extensions", helloText({ extensions: "\0\0\0" }), HelloError.BAD_EXTENSIONS],
    ["half an extension", helloText({ extensions: "\0\x03\0\x2b\0" }), HelloError.BAD_EXTENSIONS],
    [
      "an extension that does not fit",
      helloText({ extensions: "\0\x04\0\x2b\0\x01" }),
      HelloError.BAD_EXTENSIONS,
    ],
  ])("has %s", (_, text, code) => expect(read(text)).toBe(code));
});
