/**
 * Texts in HPACK's Huffman code (RFC 7541 section 5.2), half a byte at a time by a table.
 *
 * The decoder's states are the inner nodes of the code's tree: 256 of them, state 0 is its root. No code is shorter than five bits,
 * so four bits complete at most one symbol. One entry of the table:
 *
 *     bits 0-7    the next state
 *     bits 8-15   the symbol, when one is complete
 *     bit 16      a symbol is complete
 *     bit 17      the text may end here: what came since the last symbol is padding, at most seven bits, all ones
 *     bit 18      EOS: the text is refused
 *
 * A store that is not meant goes to the byte after the text, so the loop has no branch for it.
 *
 * May import: protocol/hpack.
 *
 * @module
 */

import { CODE_BITS, CODES, END_OF_STRING, SYMBOL_COUNT } from "./huffman_code.ts";

/** Failures of {@linkcode decodeHuffman}. */
export const HuffmanFailure = { BAD_CODE: -1, BAD_PADDING: -2 } as const;

const STATE_COUNT = 256;
const SYMBOL_SHIFT = 8;
const EMIT_SHIFT = 16;
const MAY_END = 1 << 17;
const FAILED = 1 << 18;
const MAX_PADDING_BITS = 7;

/** Transitions, by state times 16 plus four bits. Never written after load. */
const TRANSITIONS: Int32Array = buildTransitions();

/**
 * Decodes `bytes[start, end)` to `into` from index `at` on. Returns the length of the text in bytes, or a {@linkcode HuffmanFailure}.
 * What lies beyond the end of `into` is counted and not stored, so a result above `into.length - at` says what room it needs. One
 * byte behind the text may be overwritten.
 */
export function decodeHuffman(
  bytes: Uint8Array,
  start: number,
  end: number,
  into: Uint8Array,
  at: number,
): number {
  // No text has more than 8 bits for 5 of the code: when it surely fits, stores need no check.
  const isRoomy = at + ((end - start) * 8 / 5 | 0) + 1 < into.length;
  return isRoomy ? decodeRoomy(bytes, start, end, into, at) : decodeChecked(bytes, start, end, into, at);
}

function decodeRoomy(bytes: Uint8Array, start: number, end: number, into: Uint8Array, at: number): number {
  let next = at;
  let entry = MAY_END;
  for (let i = start; i < end; i++) {
    const octet = bytes[i];
    entry = TRANSITIONS[(entry & 0xff) << 4 | octet >> 4];
    into[next] = entry >> SYMBOL_SHIFT;
    next += entry >> EMIT_SHIFT & 1;
    if ((entry & FAILED) !== 0) return HuffmanFailure.BAD_CODE;
    entry = TRANSITIONS[(entry & 0xff) << 4 | octet & 0xf];
    into[next] = entry >> SYMBOL_SHIFT;
    next += entry >> EMIT_SHIFT & 1;
    if ((entry & FAILED) !== 0) return HuffmanFailure.BAD_CODE;
  }
  return (entry & MAY_END) !== 0 ? next - at : HuffmanFailure.BAD_PADDING;
}

function decodeChecked(bytes: Uint8Array, start: number, end: number, into: Uint8Array, at: number): number {
  const limit = into.length;
  let next = at;
  let entry = MAY_END;
  for (let i = start; i < end; i++) {
    for (let shift = 4; shift >= 0; shift -= 4) {
      entry = TRANSITIONS[(entry & 0xff) << 4 | bytes[i] >> shift & 0xf];
      if ((entry & FAILED) !== 0) return HuffmanFailure.BAD_CODE;
      if ((entry >> EMIT_SHIFT & 1) === 0) continue;
      if (next < limit) into[next] = entry >> SYMBOL_SHIFT;
      next++;
    }
  }
  return (entry & MAY_END) !== 0 ? next - at : HuffmanFailure.BAD_PADDING;
}

/** Returns the bytes that `bytes[start, end)` takes in the Huffman code. */
export function huffmanLength(bytes: Uint8Array, start: number, end: number): number {
  let bits = 0;
  for (let i = start; i < end; i++) bits += CODE_BITS[bytes[i]];
  return (bits + 7) >>> 3;
}

/** Encodes `bytes[start, end)` to `into` from index `at` on; the caller knows that it fits. Returns the next index. */
export function encodeHuffman(
  bytes: Uint8Array,
  start: number,
  end: number,
  into: Uint8Array,
  at: number,
): number {
  let next = at;
  let pending = 0;
  let pendingBits = 0;
  for (let i = start; i < end; i++) {
    const octet = bytes[i];
    let code = CODES[octet];
    let bits = CODE_BITS[octet];
    if (bits > 24) {
      // Seven bits that wait and 24 more are all that 32 bits hold with room for a sign.
      const high = bits - 24;
      pending = pending << high | code >>> 24;
      pendingBits += high;
      if (pendingBits >= 8) {
        pendingBits -= 8;
        into[next++] = pending >>> pendingBits;
      }
      code &= 0xff_ffff;
      bits = 24;
    }
    pending = pending << bits | code;
    pendingBits += bits;
    while (pendingBits >= 8) {
      pendingBits -= 8;
      into[next++] = pending >>> pendingBits;
    }
  }
  if (pendingBits > 0) into[next++] = pending << (8 - pendingBits) | 0xff >> pendingBits;
  return next;
}

/** Returns both children of every inner node, by node times 2 plus bit: another node, or -1 minus the symbol of a leaf. */
function buildTree(): Int32Array {
  const tree = new Int32Array(STATE_COUNT * 2);
  let nodeCount = 1;
  for (let symbol = 0; symbol < SYMBOL_COUNT; symbol++) {
    let node = 0;
    for (let shift = CODE_BITS[symbol] - 1; shift > 0; shift--) {
      const edge = node * 2 + (CODES[symbol] >>> shift & 1);
      if (tree[edge] === 0) tree[edge] = nodeCount++;
      node = tree[edge];
    }
    tree[node * 2 + (CODES[symbol] & 1)] = -1 - symbol;
  }
  return tree;
}

/** Returns which inner nodes are reached from the root by at most seven ones. */
function buildPaddings(tree: Int32Array): Uint8Array {
  const isPadding = new Uint8Array(STATE_COUNT);
  for (let node = 0, bits = 0; bits <= MAX_PADDING_BITS; bits++, node = tree[node * 2 + 1]) {
    isPadding[node] = 1;
  }
  return isPadding;
}

function buildTransitions(): Int32Array {
  const tree = buildTree();
  const isPadding = buildPaddings(tree);
  const transitions = new Int32Array(STATE_COUNT * 16);
  for (let state = 0; state < STATE_COUNT; state++) {
    for (let nibble = 0; nibble < 16; nibble++) {
      let node = state;
      let entry = 0;
      for (let shift = 3; shift >= 0; shift--) {
        node = tree[node * 2 + (nibble >> shift & 1)];
        if (node >= 0) continue;
        const symbol = -1 - node;
        entry |= symbol === END_OF_STRING ? FAILED : symbol << SYMBOL_SHIFT | 1 << EMIT_SHIFT;
        node = 0;
      }
      transitions[state * 16 + nibble] = entry | node | (isPadding[node] === 1 ? MAY_END : 0);
    }
  }
  return transitions;
}
