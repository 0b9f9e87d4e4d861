/**
 * Classes of octets that HTTP's grammar names, as one table of bits: a scan is a table look-up and a mask per byte.
 *
 *     bit    class    octets                                        source
 *     0x01   TCHAR    a token's characters                          RFC 9110 section 5.6.2
 *     0x02   VALUE    HTAB, SP, 0x21-0x7E, 0x80-0xFF (obs-text)     RFC 9110 section 5.5, with white space
 *     0x04   TARGET   0x21-0x7E without "#"                         RFC 9112 section 3.2, see below
 *     0x08   NAME     unreserved and sub-delims                     RFC 3986 section 3.2.2, reg-name without "%"
 *     0x10   HEX      0-9 A-F a-f                                   RFC 5234 appendix B.1
 *     0x20   BLANK    SP HTAB                                       RFC 9110 section 5.6.3
 *     0x40   DIGIT    0-9
 *
 * TARGET is wider than RFC 3986 because browsers send `|`, `^`, `{`, `}` and `\` unescaped in queries; a fragment is never sent.
 *
 * May import: nothing.
 *
 * @module
 */

/** Bits of {@linkcode OCTET_CLASS}. */
export const OctetClass = {
  TCHAR: 0x01,
  VALUE: 0x02,
  TARGET: 0x04,
  NAME: 0x08,
  HEX: 0x10,
  BLANK: 0x20,
  DIGIT: 0x40,
} as const;

/** The octets that the codecs compare with by name. */
export const Octet = {
  HTAB: 0x09,
  LF: 0x0a,
  CR: 0x0d,
  SP: 0x20,
  QUOTE: 0x22,
  PERCENT: 0x25,
  ASTERISK: 0x2a,
  COMMA: 0x2c,
  DOT: 0x2e,
  SLASH: 0x2f,
  COLON: 0x3a,
  SEMICOLON: 0x3b,
  QUESTION: 0x3f,
  AT: 0x40,
  LEFT_BRACKET: 0x5b,
  BACKSLASH: 0x5c,
  RIGHT_BRACKET: 0x5d,
} as const;

const DIGITS = "0123456789";
const LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/** Class bits of each octet; see the table above. Never written after load. */
export const OCTET_CLASS: Uint8Array = buildOctetClass();

/** Each octet with `A`-`Z` mapped to `a`-`z` and nothing else changed. Never written after load. */
export const LOWER_CASE: Uint8Array = buildLowerCase();

/** Tells whether two ranges hold the same text, letters compared without case. */
export function equalIgnoringCase(
  bytes: Uint8Array,
  start: number,
  end: number,
  other: Uint8Array,
  otherStart: number,
  otherEnd: number,
): boolean {
  const length = end - start;
  if (length !== otherEnd - otherStart) return false;
  for (let i = 0; i < length; i++) {
    if (LOWER_CASE[bytes[start + i]] !== LOWER_CASE[other[otherStart + i]]) return false;
  }
  return true;
}

/** Returns the bytes of a text whose characters are all below U+0080. For constants at load, not for the data path. */
export function asciiBytes(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

function buildOctetClass(): Uint8Array {
  const table = new Uint8Array(256);
  const add = (octets: Iterable<number>, bit: number) => {
    for (const octet of octets) table[octet] |= bit;
  };
  const visible = Array.from({ length: 0x7f - 0x21 }, (_, i) => 0x21 + i);
  const obsText = Array.from({ length: 0x80 }, (_, i) => 0x80 + i);
  add(asciiBytes(DIGITS + LETTERS + "!#$%&'*+-.^_`|~"), OctetClass.TCHAR);
  add([Octet.HTAB, Octet.SP, ...visible, ...obsText], OctetClass.VALUE);
  add(visible.filter((octet) => octet !== 0x23), OctetClass.TARGET);
  add(asciiBytes(DIGITS + LETTERS + "-._~!$&'()*+,;="), OctetClass.NAME);
  add(asciiBytes(DIGITS + "abcdefABCDEF"), OctetClass.HEX);
  add([Octet.SP, Octet.HTAB], OctetClass.BLANK);
  add(asciiBytes(DIGITS), OctetClass.DIGIT);
  return table;
}

function buildLowerCase(): Uint8Array {
  return Uint8Array.from(
    { length: 256 },
    (_, octet) => octet >= 0x41 && octet <= 0x5a ? octet | 0x20 : octet,
  );
}
