/**
 * The first words of the fraction of pi: what Blowfish begins with (P, then S: 18 + 4 x 256 of 32 bits).
 *
 * Computed (Machin: pi = 16 atan(1/5) - 4 atan(1/239)) rather than listed: nothing up anybody's sleeve, and no thousand numbers to
 * proof-read. Takes some 20 ms, once for each thread that checks passwords.
 *
 * May import: nothing.
 *
 * @module
 */

/** Bits that rounding may spoil. */
const GUARD_BITS = 64n;

/** Returns the first `count` words behind the point. */
export function piWords(count: number): Int32Array {
  const bits = BigInt(count) * 32n;
  const one = 1n << (bits + GUARD_BITS);
  const pi = 16n * arctanOfInverse(5n, one) - 4n * arctanOfInverse(239n, one);
  const hex = ((pi - 3n * one) >> GUARD_BITS).toString(16).padStart(count * 8, "0");
  return Int32Array.from({ length: count }, (_, i) => parseInt(hex.slice(i * 8, i * 8 + 8), 16) | 0);
}

/** atan(1/x) times `one`. */
function arctanOfInverse(x: bigint, one: bigint): bigint {
  let power = one / x;
  let sum = power;
  for (let n = 3n; power !== 0n; n += 2n) {
    power /= -x * x;
    sum += power / n;
  }
  return sum;
}
