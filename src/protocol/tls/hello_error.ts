/**
 * What can be wrong with a client hello: a code, and words for the log.
 *
 *     NOT_TLS, SSL2      it is something else, which does no harm to whoever expects just that
 *     the others         it claims to be a client hello, and two readers could understand it differently
 *
 * May import: nothing.
 *
 * @module
 */

/** Codes of errors; stable within one version of hadro only. */
export const HelloError = {
  NONE: 0,
  NOT_TLS: 1,
  SSL2: 2,
  NOT_A_HELLO: 3,
  BAD_RECORD: 4,
  TOO_LONG: 5,
  TOO_SHORT: 6,
  BAD_VERSION: 7,
  BAD_SESSION_ID: 8,
  BAD_CIPHERS: 9,
  BAD_COMPRESSION: 10,
  BAD_EXTENSIONS: 11,
  DOUBLE_EXTENSION: 12,
  BAD_SERVER_NAME: 13,
  BAD_HOST: 14,
  BAD_ALPN: 15,
} as const;

const WORDS: readonly string[] = [
  "",
  "",
  "",
  "its first message is another one",
  "a record is malformed, or of another kind",
  "it is longer than 16384 bytes",
  "it is too short",
  "its version is not 3.x",
  "its session id does not fit",
  "its cipher suites do not fit",
  "its compression methods do not fit",
  "its extensions do not fit",
  "an extension is there twice",
  "its server_name does not hold exactly one host name",
  "its server name is no host name",
  "its list of protocols (ALPN) is malformed",
];

/** Returns what happened, in words. */
export function describeHelloError(code: number): string {
  if (code === HelloError.NOT_TLS) return "the client did not begin with a TLS client hello";
  if (code === HelloError.SSL2) return "the client began with an SSLv2 hello, which names no server";
  return `bad TLS client hello: ${WORDS[code]}`;
}

/** Whether it is no TLS at all, rather than bad TLS. */
export function isOtherProtocol(code: number): boolean {
  return code === HelloError.NOT_TLS || code === HelloError.SSL2;
}
