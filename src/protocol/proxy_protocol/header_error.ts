/**
 * What can be wrong with a PROXY protocol header: a code, and words for the log.
 *
 * May import: nothing.
 *
 * @module
 */

/** Codes of errors; stable within one version of hadro only. */
export const HeaderError = {
  NONE: 0,
  NOT_A_HEADER: 1,
  LINE_TOO_LONG: 2,
  BARE_CR: 3,
  BARE_LF: 4,
  BAD_PROTOCOL: 5,
  BAD_SOURCE: 6,
  BAD_DESTINATION: 7,
  BAD_PORT: 8,
  BAD_VERSION: 9,
  BAD_COMMAND: 10,
  BAD_FAMILY: 11,
  TOO_LONG: 12,
  TOO_SHORT: 13,
  BAD_TLV: 14,
  BAD_CHECKSUM: 15,
} as const;

const WORDS: readonly string[] = [
  "",
  "",
  "the line has no end within 107 bytes",
  "CR without LF",
  "LF without CR",
  "the protocol is not TCP4, TCP6 or UNKNOWN",
  "the source is no address of its protocol",
  "the destination is no address of its protocol",
  "a port is no whole number from 0 to 65535",
  "the version of the binary form is not 2",
  "the command is neither LOCAL nor PROXY",
  "unknown address family or transport",
  "it is longer than 4112 bytes",
  "it is too short for its addresses",
  "a TLV does not fit, or is malformed",
  "the checksum (CRC32c) is wrong",
];

/** Returns what happened, in words. */
export function describeHeaderError(code: number): string {
  return code === HeaderError.NOT_A_HEADER
    ? "received something that does not look like a PROXY protocol header"
    : `bad PROXY protocol header: ${WORDS[code]}`;
}
