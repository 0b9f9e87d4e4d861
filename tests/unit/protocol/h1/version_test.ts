import { describe, expect, it } from "vitest";
import { ParseError } from "../../../../src/protocol/h1/parse_error.ts";
import { checkVersion, VERSION_LENGTH, versionError } from "../../../../src/protocol/h1/version.ts";
import { asciiBytes } from "../../../../src/protocol/http/octet.ts";

describe("checkVersion", () => {
  it.each([["HTTP/1.1", 8], ["HTTP/9.0", 8], ["HTTP/1,1", 6], ["http/1.1", 0], ["HTTP/x.1", 5], [
    "HTTP/1.y",
    7,
  ]])(
    "%s is well-formed for %i bytes",
    (text, length) => expect(checkVersion(asciiBytes(text), 0, 0, VERSION_LENGTH)).toBe(length),
  );
});

describe("versionError", () => {
  it.each([["HTTP/1.0", 0], ["HTTP/1.1", 0], ["HTTP/1.2", ParseError.VERSION], [
    "HTTP/2.0",
    ParseError.VERSION,
  ], ["HTTP/0.9", ParseError.VERSION]])(
    "%s: %i",
    (text, code) => expect(versionError(asciiBytes(text), 0)).toBe(code),
  );
});
