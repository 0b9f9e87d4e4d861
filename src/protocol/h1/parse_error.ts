/**
 * The catalogue of what can be wrong with an HTTP/1 message: a code, words for the log, and the status to answer with.
 *
 * May import: nothing.
 *
 * @module
 */

/** What a parser returns. */
export const ParseStatus = { NEED_MORE: 0, DONE: 1, ERROR: -1 } as const;

/** Codes of errors; stable within one version of hadro only. */
export const ParseError = {
  NONE: 0,
  BARE_CR: 1,
  BARE_LF: 2,
  TOO_MANY_EMPTY_LINES: 3,
  BAD_METHOD: 4,
  METHOD_TOO_LONG: 5,
  BAD_TARGET_CHARACTER: 6,
  BAD_TARGET_FORM: 7,
  BAD_TARGET_AUTHORITY: 8,
  EXTRA_SPACE: 9,
  MISSING_VERSION: 10,
  BAD_VERSION: 11,
  VERSION: 12,
  BAD_STATUS: 13,
  BAD_REASON: 14,
  SPACE_BEFORE_FIRST_FIELD: 15,
  OBS_FOLD: 16,
  EMPTY_FIELD_NAME: 17,
  SPACE_BEFORE_COLON: 18,
  MISSING_COLON: 19,
  BAD_FIELD_NAME: 20,
  BAD_FIELD_VALUE: 21,
  TOO_MANY_FIELDS: 22,
  BAD_CONTENT_LENGTH: 23,
  CONTENT_LENGTH_TOO_LARGE: 24,
  REPEATED_CONTENT_LENGTH: 25,
  LENGTH_AND_CODING: 26,
  CODING_IN_HTTP_1_0: 27,
  BAD_TRANSFER_ENCODING: 28,
  UNKNOWN_CODING: 29,
  REPEATED_TRANSFER_ENCODING: 30,
  MISSING_HOST: 31,
  REPEATED_HOST: 32,
  BAD_HOST: 33,
  HOST_MISMATCH: 34,
  TOO_MANY_CONNECTION_OPTIONS: 35,
  BODY_NOT_ALLOWED: 36,
  BAD_CHUNK_SIZE: 37,
  CHUNK_SIZE_TOO_LONG: 38,
  BAD_CHUNK_EXTENSION: 39,
  CHUNK_EXTENSION_TOO_LONG: 40,
  MISSING_CHUNK_END: 41,
  FORBIDDEN_TRAILER: 42,
  TRAILERS_TOO_LARGE: 43,
} as const;

const WORDS: readonly string[] = [
  "no error",
  "CR without LF",
  "LF without CR",
  "too many empty lines before the request line",
  "bad character in the method",
  "method longer than 32 bytes",
  "bad character in the request target",
  "bad form of the request target",
  "bad authority in the request target",
  "more than one space in the request line",
  "no version in the request line",
  "malformed version",
  "version other than HTTP/1.0 or HTTP/1.1",
  "status that is not three digits from 100 to 599",
  "bad character in the reason phrase",
  "space before the first header",
  "folded header line",
  "empty header name",
  "space before the colon of a header name",
  "header line without a colon",
  "bad character in a header name",
  "control character in a header value",
  "too many headers",
  "Content-Length that is not a number",
  "Content-Length above 2^53-1",
  "repeated Content-Length",
  "both Content-Length and Transfer-Encoding",
  "Transfer-Encoding in an HTTP/1.0 message",
  "malformed Transfer-Encoding",
  "transfer coding other than chunked",
  "repeated Transfer-Encoding",
  "no Host in an HTTP/1.1 request",
  "repeated Host",
  "bad character in Host",
  "Host other than the authority of the request target",
  "too many options in Connection",
  "body announced for a status that has none",
  "chunk size that is not a hexadecimal number",
  "chunk size longer than 13 digits",
  "bad character in a chunk extension",
  "chunk extensions too long",
  "no line end after a chunk",
  "header that is forbidden in a trailer",
  "trailer too large",
];

/** Returns what an error code means, in words for the log: `"space before the colon of a header name"`. */
export function describeParseError(code: number): string {
  return WORDS[code] ?? `unknown parse error ${code}`;
}

/** Returns the status that answers a request with this error: 400 unless a closer one exists (RFC 9110, 9112, 6585). */
export function parseErrorStatus(code: number): number {
  switch (code) {
    case ParseError.TOO_MANY_FIELDS:
    case ParseError.TRAILERS_TOO_LARGE:
      return 431;
    case ParseError.METHOD_TOO_LONG:
    case ParseError.UNKNOWN_CODING:
      return 501;
    case ParseError.VERSION:
      return 505;
    default:
      return 400;
  }
}
