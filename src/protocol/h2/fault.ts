/**
 * What can be wrong with HTTP/2 frames and the fields in them: a number, its reach, its error code, words for the log.
 *
 *     reach        the receiver ends                          with
 *     CONNECTION   the connection                             GOAWAY
 *     STREAM       the stream                                 RST_STREAM
 *     MESSAGE      the stream; a request may be answered 400  RST_STREAM, PROTOCOL_ERROR: "malformed" in RFC 9113 section 8.1.1
 *
 * May import: protocol/h2.
 *
 * @module
 */

import { H2Error } from "./error_code.ts";

/** How far a fault reaches. */
export const FaultReach = { NONE: 0, CONNECTION: 1, STREAM: 2, MESSAGE: 3 } as const;

/** Numbers of faults; stable within one version of hadro only. */
export const Fault = {
  NONE: 0,
  BAD_PREFACE: 1,
  FIRST_FRAME_NOT_SETTINGS: 2,
  FRAME_TOO_LARGE: 3,
  CONTINUATION_MISSING: 4,
  CONTINUATION_UNEXPECTED: 5,
  STREAM_ID_MISSING: 6,
  STREAM_ID_UNEXPECTED: 7,
  STREAM_ID_EVEN: 8,
  BAD_PADDING: 9,
  BAD_FRAME_LENGTH: 10,
  BAD_PRIORITY_LENGTH: 11,
  DEPENDS_ON_ITSELF: 12,
  ZERO_INCREMENT: 13,
  ZERO_STREAM_INCREMENT: 14,
  BAD_ENABLE_PUSH: 15,
  BAD_INITIAL_WINDOW: 16,
  BAD_MAX_FRAME_SIZE: 17,
  BAD_ENABLE_CONNECT: 18,
  PUSH_PROMISE: 19,
  UNEXPECTED_PRIORITY_UPDATE: 20,
  PRIORITY_UPDATE_OF_ZERO: 21,
  WINDOW_OVERFLOW: 22,
  STREAM_WINDOW_OVERFLOW: 23,
  FRAME_FOR_IDLE_STREAM: 24,
  FRAME_FOR_CLOSED_STREAM: 25,
  FRAME_AFTER_END: 26,
  BLOCK_TOO_LARGE: 27,
  TOO_MANY_CONTINUATIONS: 28,
  EMPTY_FIELD_NAME: 29,
  UPPER_CASE_NAME: 30,
  BAD_NAME_CHARACTER: 31,
  BAD_VALUE_CHARACTER: 32,
  SPACE_AROUND_VALUE: 33,
  CONNECTION_FIELD: 34,
  BAD_TE: 35,
  UNKNOWN_PSEUDO: 36,
  MISPLACED_PSEUDO: 37,
  LATE_PSEUDO: 38,
  REPEATED_PSEUDO: 39,
  MISSING_PSEUDO: 40,
  EMPTY_PSEUDO: 41,
  BAD_METHOD: 42,
  BAD_SCHEME: 43,
  BAD_PATH: 44,
  BAD_AUTHORITY: 45,
  REPEATED_HOST: 46,
  HOST_MISMATCH: 47,
  MISSING_AUTHORITY: 48,
  BAD_CONNECT: 49,
  CONNECT_NOT_ENABLED: 50,
  BAD_STATUS: 51,
  SWITCHING_PROTOCOLS: 52,
  BAD_CONTENT_LENGTH: 53,
  REPEATED_CONTENT_LENGTH: 54,
  LENGTH_MISMATCH: 55,
  FORBIDDEN_TRAILER: 56,
  TRAILERS_WITHOUT_END: 57,
  INTERIM_WITH_END: 58,
} as const;

/** Frame faults in the order of their numbers: reach, error code, words. From EMPTY_FIELD_NAME on they are MESSAGE. */
const FRAME_FAULTS: readonly (readonly [number, number, string])[] = [
  [FaultReach.NONE, H2Error.NO_ERROR, "no fault"],
  [FaultReach.CONNECTION, H2Error.PROTOCOL_ERROR, "the HTTP/2 preface is wrong"],
  [FaultReach.CONNECTION, H2Error.PROTOCOL_ERROR, "the first frame is not SETTINGS"],
  [FaultReach.CONNECTION, H2Error.FRAME_SIZE_ERROR, "frame longer than announced"],
  [FaultReach.CONNECTION, H2Error.PROTOCOL_ERROR, "another frame between HEADERS and CONTINUATION"],
  [FaultReach.CONNECTION, H2Error.PROTOCOL_ERROR, "CONTINUATION without HEADERS"],
  [FaultReach.CONNECTION, H2Error.PROTOCOL_ERROR, "frame of a stream on stream 0"],
  [FaultReach.CONNECTION, H2Error.PROTOCOL_ERROR, "frame of the connection on a stream"],
  [FaultReach.CONNECTION, H2Error.PROTOCOL_ERROR, "frame on a stream with an even number"],
  [FaultReach.CONNECTION, H2Error.PROTOCOL_ERROR, "padding longer than the frame"],
  [FaultReach.CONNECTION, H2Error.FRAME_SIZE_ERROR, "frame of a wrong length"],
  [FaultReach.STREAM, H2Error.FRAME_SIZE_ERROR, "PRIORITY of a wrong length"],
  [FaultReach.CONNECTION, H2Error.PROTOCOL_ERROR, "stream that depends on itself"],
  [FaultReach.CONNECTION, H2Error.PROTOCOL_ERROR, "WINDOW_UPDATE of the connection by 0"],
  [FaultReach.STREAM, H2Error.PROTOCOL_ERROR, "WINDOW_UPDATE of a stream by 0"],
  [FaultReach.CONNECTION, H2Error.PROTOCOL_ERROR, "SETTINGS_ENABLE_PUSH that is not allowed"],
  [FaultReach.CONNECTION, H2Error.FLOW_CONTROL_ERROR, "SETTINGS_INITIAL_WINDOW_SIZE above 2^31-1"],
  [FaultReach.CONNECTION, H2Error.PROTOCOL_ERROR, "SETTINGS_MAX_FRAME_SIZE outside 2^14 to 2^24-1"],
  [
    FaultReach.CONNECTION,
    H2Error.PROTOCOL_ERROR,
    "SETTINGS_ENABLE_CONNECT_PROTOCOL that is not 0 or 1, or taken back",
  ],
  [FaultReach.CONNECTION, H2Error.PROTOCOL_ERROR, "PUSH_PROMISE, which is never allowed here"],
  [FaultReach.CONNECTION, H2Error.PROTOCOL_ERROR, "PRIORITY_UPDATE from a server"],
  [FaultReach.CONNECTION, H2Error.PROTOCOL_ERROR, "PRIORITY_UPDATE of stream 0"],
  [FaultReach.CONNECTION, H2Error.FLOW_CONTROL_ERROR, "window of the connection outside its limits"],
  [FaultReach.STREAM, H2Error.FLOW_CONTROL_ERROR, "window of a stream outside its limits"],
  [FaultReach.CONNECTION, H2Error.PROTOCOL_ERROR, "frame for a stream that was never opened"],
  [FaultReach.CONNECTION, H2Error.STREAM_CLOSED, "frame for a stream that is closed"],
  [FaultReach.STREAM, H2Error.STREAM_CLOSED, "frame after the end of a stream"],
  [FaultReach.CONNECTION, H2Error.ENHANCE_YOUR_CALM, "header block too large"],
  [FaultReach.CONNECTION, H2Error.ENHANCE_YOUR_CALM, "too many CONTINUATION frames"],
];

const MESSAGE_WORDS: readonly string[] = [
  "empty header name",
  "upper-case letter in a header name",
  "bad character in a header name",
  "control character in a header value",
  "space before or after a header value",
  "header that belongs to an HTTP/1 connection",
  "TE other than trailers",
  "unknown pseudo-header",
  "pseudo-header that does not belong here",
  "pseudo-header after a header",
  "repeated pseudo-header",
  "missing pseudo-header",
  "empty pseudo-header",
  "bad character in :method",
  "bad :scheme",
  "bad character or form of :path",
  "bad character in the authority",
  "repeated host",
  ":authority and host differ",
  "neither :authority nor host",
  "CONNECT with a pseudo-header that it must not have",
  ":protocol without leave to use it",
  ":status that is not three digits from 100 to 599",
  "status 101, which HTTP/2 does not have",
  "content-length that is not a number",
  "repeated content-length",
  "content-length other than the length of the body",
  "header that is forbidden in a trailer",
  "trailers that do not end the stream",
  "interim response that ends the stream",
];

/** Returns a fault's {@linkcode FaultReach}. */
export function faultReach(fault: number): number {
  return fault < FRAME_FAULTS.length ? FRAME_FAULTS[fault][0] : FaultReach.MESSAGE;
}

/** Returns the `H2Error` that answers a fault. */
export function faultError(fault: number): number {
  return fault < FRAME_FAULTS.length ? FRAME_FAULTS[fault][1] : H2Error.PROTOCOL_ERROR;
}

/** Returns what a fault is, in words for the log. */
export function describeFault(fault: number): string {
  return FRAME_FAULTS[fault]?.[2] ?? MESSAGE_WORDS[fault - FRAME_FAULTS.length] ?? `unknown fault ${fault}`;
}
