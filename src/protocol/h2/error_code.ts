/**
 * HTTP/2's error codes, as RST_STREAM and GOAWAY carry them (RFC 9113 section 7), with their names for the log.
 *
 * May import: nothing.
 *
 * @module
 */

/** See the module's text. */
export const H2Error = {
  NO_ERROR: 0x0,
  PROTOCOL_ERROR: 0x1,
  INTERNAL_ERROR: 0x2,
  FLOW_CONTROL_ERROR: 0x3,
  SETTINGS_TIMEOUT: 0x4,
  STREAM_CLOSED: 0x5,
  FRAME_SIZE_ERROR: 0x6,
  REFUSED_STREAM: 0x7,
  CANCEL: 0x8,
  COMPRESSION_ERROR: 0x9,
  CONNECT_ERROR: 0xa,
  ENHANCE_YOUR_CALM: 0xb,
  INADEQUATE_SECURITY: 0xc,
  HTTP_1_1_REQUIRED: 0xd,
} as const;

const NAMES: readonly string[] = Object.keys(H2Error);
const WORDS: readonly string[] = [
  "no error",
  "protocol error",
  "internal error",
  "flow control error",
  "settings not acknowledged in time",
  "frame for a closed stream",
  "frame of a wrong size",
  "stream refused before any work on it",
  "cancelled",
  "header compression error",
  "tunnel's connection failed",
  "too much load, calm down",
  "TLS too weak",
  "HTTP/1.1 required",
];

/** Returns a code's name in the RFC: `"CANCEL"`; `"0x2a"` for one that nobody defined. */
export function h2ErrorName(code: number): string {
  return NAMES[code] ?? `0x${code.toString(16)}`;
}

/** Returns what a code means, in words for the log: `"cancelled"`. */
export function describeH2Error(code: number): string {
  return WORDS[code] ?? `unknown HTTP/2 error 0x${code.toString(16)}`;
}
