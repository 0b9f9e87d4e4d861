import { describe, expect, it } from "vitest";
import { describeParseError, ParseError, parseErrorStatus } from "../../../../src/protocol/h1/parse_error.ts";

describe("describeParseError", () => {
  it("has different words for every code", () => {
    const words = Object.values(ParseError).map(describeParseError);
    expect(new Set(words).size).toBe(words.length);
    expect(words.filter((text) => text.startsWith("unknown"))).toEqual([]);
  });
  it.each([
    [ParseError.SPACE_BEFORE_COLON, "space before the colon of a header name"],
    [ParseError.UNKNOWN_CODING, "transfer coding other than chunked"],
    [ParseError.HOST_MISMATCH, "Host other than the authority of the request target"],
    [ParseError.TRAILERS_TOO_LARGE, "trailer too large"],
    [999, "unknown parse error 999"],
  ])("%i: %s", (code, words) => expect(describeParseError(code)).toBe(words));
});

describe("parseErrorStatus", () => {
  it.each([
    [ParseError.BARE_LF, 400],
    [ParseError.TOO_MANY_FIELDS, 431],
    [ParseError.TRAILERS_TOO_LARGE, 431],
    [ParseError.METHOD_TOO_LONG, 501],
    [ParseError.UNKNOWN_CODING, 501],
    [ParseError.VERSION, 505],
  ])("%i: %i", (code, status) => expect(parseErrorStatus(code)).toBe(status));
});
