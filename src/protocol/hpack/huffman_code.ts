/**
 * HPACK's Huffman code (RFC 7541 appendix B), which is canonical: codes are handed out in the order of length, then of symbol. So the
 * lengths alone are the code.
 *
 * May import: nothing.
 *
 * @module
 */

/** Symbols: 256 octets and EOS. */
export const SYMBOL_COUNT = 257;
/** The symbol that must not stand in a text; its first bits are the padding. */
export const END_OF_STRING = 256;

/** Bits of each symbol's code, 5 to 30. Never written after load. */
export const CODE_BITS: Uint8Array = Uint8Array.of(
  ...[13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28],
  ...[28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28],
  ...[6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6],
  ...[5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10],
  ...[13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7],
  ...[7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6],
  ...[15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5],
  ...[6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28],
  ...[20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23],
  ...[24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24],
  ...[22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23],
  ...[21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23],
  ...[26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25],
  ...[19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27],
  ...[20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23],
  ...[26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26],
  30,
);

/** Each symbol's code, its last bit lowest. Never written after load. */
export const CODES: Uint32Array = buildCodes();

function buildCodes(): Uint32Array {
  const codes = new Uint32Array(SYMBOL_COUNT);
  let next = 0;
  for (let bits = 5; bits <= 30; bits++) {
    next *= 2;
    for (let symbol = 0; symbol < SYMBOL_COUNT; symbol++) {
      if (CODE_BITS[symbol] === bits) codes[symbol] = next++;
    }
  }
  return codes;
}
