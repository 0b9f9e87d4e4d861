/**
 * bcrypt in slices (Provos and Mazieres, "A Future-Adaptable Password Scheme"): a check of a password is 2^cost rounds of some
 * 50 us each, and whoever runs it decides how many to do now. Libraries do them all at once, or 100 ms of them.
 *
 *     begin(password)   the state is Blowfish's, mixed with password and salt
 *     run(rounds)       mixes on; true when all rounds are done
 *     isMatch           encrypts the text 64 times with that state, and compares
 *
 *     $2b$10$ + 22 characters of salt + 31 of the hash      $2a$, $2b$ and $2y$ mean the same here; $2x$ was a bug
 *
 * May import: base, protocol/bcrypt.
 *
 * @module
 */
import { assert } from "../../base/assert.ts";
import { piWords } from "./pi_words.ts";

const ALPHABET = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const P_WORDS = 18;
const STATE_WORDS = P_WORDS + 4 * 256;
const SALT_BYTES = 16;
/** Bytes of the hash that are compared: the last of 24 is left out, by tradition. */
const HASH_BYTES = 23;
/** Bytes of a password that count, its end (a zero) included. */
const PASSWORD_BYTES_MAX = 72;
const TEXT = "OrpheanBeholderScryDoubt";

/** One hash as written. */
export interface BcryptHash {
  readonly cost: number;
  readonly salt: Uint8Array;
  readonly hash: Uint8Array;
}

/** Reads `$2b$10$…`, which the configuration has checked. */
export function parseBcryptHash(text: string): BcryptHash {
  const match = /^\$2[aby]\$(\d\d)\$([./A-Za-z0-9]{22})([./A-Za-z0-9]{31})$/.exec(text);
  assert(match !== null, "the hash was checked");
  const [, cost, salt, hash] = match;
  return { cost: Number(cost), salt: decode(salt!, SALT_BYTES), hash: decode(hash!, HASH_BYTES) };
}

/** Checks passwords, one after another. */
export class Bcrypt {
  readonly #initial = piWords(STATE_WORDS);
  readonly #state = new Int32Array(STATE_WORDS);
  readonly #passwordWords = new Int32Array(P_WORDS);
  readonly #saltWords = new Int32Array(P_WORDS);
  #expected: BcryptHash | null = null;
  #roundsLeft = 0;
  #left = 0;
  #right = 0;

  /** Begins a check; one that was not finished is forgotten. */
  begin(password: Uint8Array, expected: BcryptHash): void {
    this.#expected = expected;
    this.#roundsLeft = 2 ** expected.cost;
    const key = new Uint8Array(Math.min(password.length + 1, PASSWORD_BYTES_MAX));
    key.set(password.subarray(0, key.length));
    fillWords(this.#passwordWords, key);
    fillWords(this.#saltWords, expected.salt);
    this.#state.set(this.#initial);
    this.#expand(this.#passwordWords, true);
  }

  /** Does so many rounds; returns whether all are done. */
  run(rounds: number): boolean {
    for (let i = 0; i < rounds && this.#roundsLeft > 0; i++, this.#roundsLeft--) {
      this.#expand(this.#passwordWords, false);
      this.#expand(this.#saltWords, false);
    }
    return this.#roundsLeft === 0;
  }

  /** Whether the password was right; once all rounds are done. Every byte is compared. */
  get isMatch(): boolean {
    assert(this.#roundsLeft === 0 && this.#expected !== null, "the rounds are done");
    let difference = 0;
    for (let at = 0; at < TEXT.length; at += 8) {
      this.#left = wordAt(TEXT, at);
      this.#right = wordAt(TEXT, at + 4);
      for (let i = 0; i < 64; i++) this.#encrypt();
      for (let i = 0; i < 8 && at + i < HASH_BYTES; i++) {
        const word = i < 4 ? this.#left : this.#right;
        difference |= ((word >>> (24 - (i & 3) * 8)) & 0xff) ^ this.#expected.hash[at + i]!;
      }
    }
    return difference === 0;
  }

  /** Blowfish's key schedule; the first time salted. */
  #expand(key: Int32Array, isSalted: boolean): void {
    const state = this.#state;
    for (let i = 0; i < P_WORDS; i++) state[i]! ^= key[i]!;
    this.#left = this.#right = 0;
    for (let i = 0; i < STATE_WORDS; i += 2) {
      if (isSalted) {
        this.#left ^= this.#saltWords[i & 3]!;
        this.#right ^= this.#saltWords[(i + 1) & 3]!;
      }
      this.#encrypt();
      state[i] = this.#left;
      state[i + 1] = this.#right;
    }
  }

  /** One block, 16 rounds. */
  #encrypt(): void {
    const s = this.#state;
    let left = this.#left ^ s[0]!;
    let right = this.#right;
    for (let i = 1; i <= 16; i += 2) {
      right ^= mix(s, left) ^ s[i]!;
      left ^= mix(s, right) ^ s[i + 1]!;
    }
    this.#left = right ^ s[17]!;
    this.#right = left;
  }
}

function mix(s: Int32Array, word: number): number {
  const sum = s[18 + (word >>> 24)]! + s[274 + ((word >>> 16) & 0xff)]!;
  return ((sum ^ s[530 + ((word >>> 8) & 0xff)]!) + s[786 + (word & 0xff)]!) | 0;
}

/** Big-endian words of bytes that repeat without end. */
function fillWords(words: Int32Array, bytes: Uint8Array): void {
  for (let i = 0; i < words.length; i++) {
    let word = 0;
    for (let j = 0; j < 4; j++) word = word << 8 | bytes[(i * 4 + j) % bytes.length]!;
    words[i] = word;
  }
}

function wordAt(text: string, at: number): number {
  let word = 0;
  for (let i = 0; i < 4; i++) word = word << 8 | text.charCodeAt(at + i);
  return word;
}

/** bcrypt's own base64, most significant bits first. */
function decode(text: string, sizeBytes: number): Uint8Array {
  const bytes = new Uint8Array(sizeBytes);
  for (let i = 0; i < sizeBytes; i++) {
    const bit = i * 8;
    const at = Math.floor(bit / 6);
    const pair = ALPHABET.indexOf(text[at]!) << 6 | ALPHABET.indexOf(text[at + 1]!);
    bytes[i] = (pair >>> (4 - bit % 6)) & 0xff;
  }
  return bytes;
}
