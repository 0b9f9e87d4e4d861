/**
 * Credentials that were checked a moment ago: right ones for five minutes, wrong ones for ten seconds.
 *
 * Neither passwords nor hashes of theirs that could be searched for are kept: 117 bits of two keyed hashes, whose keys are this
 * process's secret.
 *
 * May import: proxy/limit.
 *
 * @module
 */
import { KeyHash } from "./key_hash.ts";

const RIGHT_MS = 300_000;
const WRONG_MS = 10_000;
/** The oldest gives way. */
const ENTRIES_MAX = 1_024;

export const Verdict = { UNKNOWN: 0, RIGHT: 1, WRONG: 2 } as const;

interface Entry {
  readonly high: number;
  readonly low: number;
  readonly verdict: number;
  readonly untilMs: number;
}

/** See the module's text. */
export class CredentialCache {
  readonly #entries = new Map<number, Entry>();
  readonly #first: KeyHash;
  readonly #second: KeyHash;

  /** @param key 128 bits, as four integers. */
  constructor(key: Uint32Array) {
    this.#first = new KeyHash(key[0]!, key[1]!);
    this.#second = new KeyHash(key[2]!, key[3]!);
  }

  /** What is known of the credentials in `bytes[start, end)`: a value of {@linkcode Verdict}. */
  find(bytes: Uint8Array, start: number, end: number, nowMs: number): number {
    const entry = this.#entries.get(this.#hash(bytes, start, end));
    if (entry === undefined || entry.untilMs <= nowMs) return Verdict.UNKNOWN;
    const isSame = entry.high === this.#second.high && entry.low === this.#second.low;
    return isSame ? entry.verdict : Verdict.UNKNOWN;
  }

  keep(bytes: Uint8Array, isRight: boolean, nowMs: number): void {
    const key = this.#hash(bytes, 0, bytes.length);
    this.#entries.delete(key);
    if (this.#entries.size >= ENTRIES_MAX) this.#entries.delete(this.#entries.keys().next().value!);
    this.#entries.set(key, {
      high: this.#second.high,
      low: this.#second.low,
      verdict: isRight ? Verdict.RIGHT : Verdict.WRONG,
      untilMs: nowMs + (isRight ? RIGHT_MS : WRONG_MS),
    });
  }

  /** Hashes with both; returns 53 bits of the first. */
  #hash(bytes: Uint8Array, start: number, end: number): number {
    this.#first.hash(bytes, start, end);
    this.#second.hash(bytes, start, end);
    return (this.#first.high & 0x1f_ffff) * 0x1_0000_0000 + (this.#first.low >>> 0);
  }
}
