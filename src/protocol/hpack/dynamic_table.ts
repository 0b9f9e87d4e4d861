/**
 * One end's dynamic table (RFC 7541 sections 2.3.2 and 4): a first-in-first-out queue of fields whose size has a limit.
 *
 *     ring     | ... name value | name value | name value ... |    bytes, the newest behind the older ones, around the end
 *     starts, nameLengths, valueLengths                            one integer per entry, by its sequence number
 *
 * An entry counts name, value and 32 bytes, so neither the bytes nor the number of entries can outgrow what `maxCapacityBytes` says, and
 * an insertion overwrites nothing that lives. Memory is taken at the first insertion: a connection that never needs the table has none.
 *
 * Entries have indexes, 1 for the newest; and sequence numbers, 32 bits that wrap, which stay while indexes move.
 *
 * May import: base.
 *
 * @module
 */

import { assert } from "../../base/assert.ts";
import { FIELD_OVERHEAD_BYTES } from "./field_list.ts";

const NOTHING = new Uint8Array(0);
const NO_INTEGERS = new Int32Array(0);

/** See the module's text. */
export class DynamicTable {
  /** Entries in the table. */
  count = 0;
  /** The size of the entries as the RFC counts it. */
  sizeBytes = 0;
  /** What `sizeBytes` may be now: 0 to `maxCapacityBytes`. */
  capacityBytes: number;
  /** The sequence number of the newest entry; of the last one that was, when there is none. */
  newest = 0;
  readonly maxCapacityBytes: number;
  /** A power of two above the number of entries that there can be: sequence numbers modulo this are unique. */
  readonly slotCount: number;

  #ring: Uint8Array = NOTHING;
  #ringMask = 0;
  /** Where the next entry's bytes go. */
  #head = 0;
  #starts: Int32Array = NO_INTEGERS;
  #nameLengths: Int32Array = NO_INTEGERS;
  #valueLengths: Int32Array = NO_INTEGERS;

  /** `maxCapacityBytes` is 0 to 1,048,576. */
  constructor(maxCapacityBytes: number) {
    assert(maxCapacityBytes >= 0 && maxCapacityBytes <= 0x10_0000, "maxCapacityBytes is 0 to 1,048,576");
    this.maxCapacityBytes = this.capacityBytes = maxCapacityBytes;
    this.slotCount = powerOfTwo(Math.floor(maxCapacityBytes / FIELD_OVERHEAD_BYTES) + 1);
  }

  /** Sets the capacity, 0 to `maxCapacityBytes`, and drops the oldest entries that have no room any more. */
  resize(capacityBytes: number): void {
    this.capacityBytes = capacityBytes;
    this.#evict(capacityBytes);
  }

  /**
   * Adds a field whose name and value stand in `bytes`, which is not this table's memory. The oldest entries make room; a field
   * larger than the capacity empties the table and is not added (RFC 7541 section 4.4). Returns whether it was added.
   */
  insert(
    bytes: Uint8Array,
    nameStart: number,
    nameLength: number,
    valueStart: number,
    valueLength: number,
  ): boolean {
    const entryBytes = nameLength + valueLength + FIELD_OVERHEAD_BYTES;
    if (entryBytes > this.capacityBytes) {
      this.#evict(0);
      return false;
    }
    this.#evict(this.capacityBytes - entryBytes);
    if (this.#ring.length === 0) this.#allocate();
    this.newest = (this.newest + 1) | 0;
    const slot = this.newest & (this.slotCount - 1);
    this.#starts[slot] = this.#head;
    this.#nameLengths[slot] = nameLength;
    this.#valueLengths[slot] = valueLength;
    this.#store(bytes, nameStart, nameLength);
    this.#store(bytes, valueStart, valueLength);
    this.count++;
    this.sizeBytes += entryBytes;
    return true;
  }

  /** Returns the index of the entry with a sequence number: more than `count`, or less than 1, when it is gone. */
  indexOf(sequence: number): number {
    return ((this.newest - sequence) | 0) + 1;
  }

  /** Returns the length of an entry's name, in bytes; `index` is 1 to `count`, here and below. */
  nameLength(index: number): number {
    return this.#nameLengths[this.#slotOf(index)];
  }

  valueLength(index: number): number {
    return this.#valueLengths[this.#slotOf(index)];
  }

  /** Copies an entry's name to `into` from index `at` on; the caller knows that it fits. */
  copyName(index: number, into: Uint8Array, at: number): void {
    const slot = this.#slotOf(index);
    this.#load(this.#starts[slot], this.#nameLengths[slot], into, at);
  }

  /** Copies an entry's value, as `copyName`. */
  copyValue(index: number, into: Uint8Array, at: number): void {
    const slot = this.#slotOf(index);
    this.#load(this.#starts[slot] + this.#nameLengths[slot], this.#valueLengths[slot], into, at);
  }

  /** Whether an entry's name is `bytes[start, start + length)`. */
  isName(index: number, bytes: Uint8Array, start: number, length: number): boolean {
    const slot = this.#slotOf(index);
    return this.#nameLengths[slot] === length && this.#equals(this.#starts[slot], bytes, start, length);
  }

  /** Whether an entry's value is `bytes[start, start + length)`. */
  isValue(index: number, bytes: Uint8Array, start: number, length: number): boolean {
    const slot = this.#slotOf(index);
    return this.#valueLengths[slot] === length &&
      this.#equals(this.#starts[slot] + this.#nameLengths[slot], bytes, start, length);
  }

  #slotOf(index: number): number {
    return (this.newest - index + 1) & (this.slotCount - 1);
  }

  #evict(keptBytes: number): void {
    while (this.sizeBytes > keptBytes) {
      const slot = this.#slotOf(this.count);
      this.sizeBytes -= this.#nameLengths[slot] + this.#valueLengths[slot] + FIELD_OVERHEAD_BYTES;
      this.count--;
    }
  }

  #allocate(): void {
    this.#ring = new Uint8Array(powerOfTwo(this.maxCapacityBytes));
    this.#ringMask = this.#ring.length - 1;
    this.#starts = new Int32Array(this.slotCount);
    this.#nameLengths = new Int32Array(this.slotCount);
    this.#valueLengths = new Int32Array(this.slotCount);
  }

  #store(bytes: Uint8Array, start: number, length: number): void {
    const ring = this.#ring;
    const mask = this.#ringMask;
    const head = this.#head;
    for (let i = 0; i < length; i++) ring[(head + i) & mask] = bytes[start + i];
    this.#head = (head + length) & mask;
  }

  #load(from: number, length: number, into: Uint8Array, at: number): void {
    const ring = this.#ring;
    const mask = this.#ringMask;
    for (let i = 0; i < length; i++) into[at + i] = ring[(from + i) & mask];
  }

  #equals(from: number, bytes: Uint8Array, start: number, length: number): boolean {
    const ring = this.#ring;
    const mask = this.#ringMask;
    for (let i = 0; i < length; i++) {
      if (ring[(from + i) & mask] !== bytes[start + i]) return false;
    }
    return true;
  }
}

/** Returns the smallest power of two that is at least `value`, and at least 1. */
function powerOfTwo(value: number): number {
  let power = 1;
  while (power < value) power *= 2;
  return power;
}
