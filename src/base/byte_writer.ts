/**
 * Writes text as bytes into memory of a fixed size: for lines that are made once per stream and never become strings.
 *
 * What does not fit is dropped and noted (`isTruncated`); nothing throws. No call allocates, but `text` with characters outside
 * ASCII.
 *
 * May import: nothing.
 *
 * @module
 */

const ZERO = 0x30;
const MINUS = 0x2d;

/** See the module's text. */
export class ByteWriter {
  readonly bytes: Uint8Array<ArrayBuffer>;
  length = 0;
  isTruncated = false;
  readonly #digits = new Uint8Array(20);

  constructor(sizeBytes: number) {
    this.bytes = new Uint8Array(sizeBytes);
  }

  reset(): void {
    this.length = 0;
    this.isTruncated = false;
  }

  byte(value: number): void {
    if (this.length < this.bytes.length) this.bytes[this.length++] = value;
    else this.isTruncated = true;
  }

  /** Copies `count` bytes of `source` from `start` on. */
  raw(source: Uint8Array, start: number, count: number): void {
    for (let i = 0; i < count; i++) this.byte(source[start + i]);
  }

  /** Copies all of `source`: for texts made ready before. */
  literal(source: Uint8Array): void {
    if (this.length + source.length > this.bytes.length) {
      this.isTruncated = true;
      return;
    }
    for (let i = 0; i < source.length; i++) this.bytes[this.length + i] = source[i];
    this.length += source.length;
  }

  /** Writes a text as UTF-8. */
  text(value: string): void {
    for (let i = 0; i < value.length; i++) {
      const code = value.charCodeAt(i);
      if (code > 0x7f) {
        this.#encode(value.slice(i));
        return;
      }
      this.byte(code);
    }
  }

  /** Writes a whole number in decimal. */
  int(value: number): void {
    let rest = value;
    if (rest < 0) {
      this.byte(MINUS);
      rest = -rest;
    }
    let count = 0;
    do {
      const tenth = Math.floor(rest / 10);
      this.#digits[count++] = rest - tenth * 10;
      rest = tenth;
    } while (rest > 0 && count < this.#digits.length);
    while (count > 0) this.byte(ZERO + this.#digits[--count]);
  }

  /** Writes a whole number of at most `width` digits with leading zeros. */
  padded(value: number, width: number): void {
    let power = 10 ** (width - 1);
    for (let i = 0; i < width; i++) {
      this.byte(ZERO + Math.floor(value / power) % 10);
      power /= 10;
    }
  }

  #encode(value: string): void {
    const { read, written } = new TextEncoder().encodeInto(value, this.bytes.subarray(this.length));
    this.length += written;
    if (read < value.length) this.isTruncated = true;
  }
}
