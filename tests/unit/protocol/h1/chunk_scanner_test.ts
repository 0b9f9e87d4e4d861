import { describe, expect, it } from "vitest";
import {
  ChunkScanner,
  MAX_CHUNK_EXTENSION_BYTES,
  MAX_EXCESS_EXTENSION_BYTES,
} from "../../../../src/protocol/h1/chunk_scanner.ts";
import { ParseError } from "../../../../src/protocol/h1/parse_error.ts";
import { asciiBytes } from "../../../../src/protocol/http/octet.ts";

const BODY = "5;a=b\r\nhello\r\n1\r\n!\r\n0\r\nX: 1\r\n\r\n";

describe("ChunkScanner.scan", () => {
  it("stops after the body", () => {
    const scanner = new ChunkScanner();
    const bytes = asciiBytes(`..${BODY}GET`);
    expect(scanner.scan(bytes, 2, bytes.length)).toBe(2 + BODY.length);
    expect(scanner).toMatchObject({
      isDone: true,
      errorCode: 0,
      payloadSizeBytes: 6,
      consumedEnd: 2 + BODY.length,
    });
    expect(scanner.scan(bytes, 5, bytes.length)).toBe(5);
  });
  it("goes on where it stopped", () => {
    const scanner = new ChunkScanner();
    for (const character of BODY) {
      expect(scanner.isDone).toBe(false);
      expect(scanner.scan(asciiBytes(character), 0, 1)).toBe(1);
    }
    expect(scanner.isDone).toBe(true);
  });
  it("says where it failed, and keeps failing until reset", () => {
    const scanner = new ChunkScanner();
    const bad = asciiBytes("1\r\nab");
    expect(scanner.scan(bad, 0, 5)).toBe(4);
    expect(scanner.errorCode).toBe(ParseError.MISSING_CHUNK_END);
    expect(scanner.scan(asciiBytes(BODY), 0, BODY.length)).toBe(0);
    scanner.reset();
    expect(scanner.errorCode).toBe(0);
    expect(scanner.scan(asciiBytes(BODY), 0, BODY.length)).toBe(BODY.length);
  });
  it("reads sizes of 13 digits in both cases", () => {
    const scanner = new ChunkScanner();
    const text = "fFfFfFfFfFfFf\r\n";
    expect(scanner.scan(asciiBytes(text + "x"), 0, text.length + 1)).toBe(text.length + 1);
    expect(scanner.errorCode).toBe(0);
    scanner.reset();
    expect(scanner.scan(asciiBytes("1A\r\n" + "x".repeat(26) + "\r\n0\r\n\r\n"), 0, 37)).toBe(37);
    expect(scanner).toMatchObject({ isDone: true, payloadSizeBytes: 26 });
  });
  it("bounds the extensions of a body by its payload", () => {
    const scanner = new ChunkScanner();
    const chunk = asciiBytes(`1;${"e".repeat(MAX_CHUNK_EXTENSION_BYTES - 1)}\r\nx\r\n`);
    let count = 0;
    while (scanner.scan(chunk, 0, chunk.length) === chunk.length) count++;
    expect(scanner.errorCode).toBe(ParseError.CHUNK_EXTENSION_TOO_LONG);
    expect(count).toBe(Math.floor((MAX_EXCESS_EXTENSION_BYTES - 1) / (MAX_CHUNK_EXTENSION_BYTES - 1)));
  });
  it("does not count extensions that come with enough payload", () => {
    const scanner = new ChunkScanner();
    const chunk = asciiBytes(`100;${"e".repeat(MAX_CHUNK_EXTENSION_BYTES - 1)}\r\n${"x".repeat(256)}\r\n`);
    for (let i = 0; i < 200; i++) expect(scanner.scan(chunk, 0, chunk.length)).toBe(chunk.length);
  });
});

describe("ChunkScanner.keepsTrailers", () => {
  it.each([
    ["0\r\n\r\n", ""],
    ["5\r\nhello\r\n0\r\nA: b\r\nC:\r\n\r\n", "A: b\r\nC:\r\n\r\n"],
  ])("keeps what decode loses of %j, however it is cut", (body, expected) => {
    const whole = asciiBytes(body);
    const scanner = new ChunkScanner();
    for (let cut = 1; cut <= whole.length; cut++) {
      scanner.reset();
      scanner.keepsTrailers = true;
      for (let at = 0; at < whole.length; at += cut) {
        scanner.decode(whole.slice(), at, Math.min(at + cut, whole.length));
      }
      expect(scanner.isDone).toBe(true);
      const { trailers, trailerBytes } = scanner;
      expect(String.fromCharCode(...trailers?.subarray(0, trailerBytes) ?? [])).toBe(expected);
    }
    scanner.reset();
    scanner.decode(whole.slice(), 0, whole.length);
    expect([scanner.trailers, scanner.trailerBytes]).toEqual([null, 0]);
  });
});

describe("ChunkScanner.decode", () => {
  it("moves the payload to the front and leaves what follows the body", () => {
    const scanner = new ChunkScanner();
    const bytes = asciiBytes(`..${BODY}GET`);
    const end = scanner.decode(bytes, 2, bytes.length);
    expect(String.fromCharCode(...bytes.subarray(2, end))).toBe("hello!");
    expect(String.fromCharCode(...bytes.subarray(scanner.consumedEnd))).toBe("GET");
    expect(scanner.isDone).toBe(true);
  });
});
