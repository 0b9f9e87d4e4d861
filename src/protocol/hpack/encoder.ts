/**
 * Field lists to header blocks (RFC 7541 section 6).
 *
 *     the field                          is written as
 *     stands in a table                  indexed field
 *     is to enter the table              literal with incremental indexing
 *     is a secret                        literal never indexed
 *     neither                            literal without indexing
 *
 * A name that stands in a table is written as its index; a text in the Huffman code when that is shorter. `index_policy.ts` says what
 * enters the table.
 *
 * The table is searched by hash chains: a bucket has the sequence number of its newest entry, each entry that of the one before it in
 * its bucket. A number that the table has dropped ends the chain, so nothing is ever taken out of one.
 *
 * A peer may allow a table as large as it likes; ours is no larger than `maxTableBytes`. Changes are announced at the beginning of the
 * next block, the smallest size in between first (section 4.2).
 *
 * May import: protocol/hpack.
 *
 * @module
 */

import { DynamicTable } from "./dynamic_table.ts";
import { FIELD_OVERHEAD_BYTES, type FieldList, LIST_STRIDE, ListFlag, ListPart } from "./field_list.ts";
import { encodeHuffman, huffmanLength } from "./huffman.ts";
import { IndexPolicy, indexPolicy } from "./index_policy.ts";
import { MAX_INTEGER_LENGTH, writeInteger } from "./integer.ts";
import { findStaticName, findStaticValue, STATIC_COUNT } from "./static_table.ts";

/** HTTP/2 connections begin with this table size, in bytes (RFC 9113 section 6.5.2). */
const INITIAL_TABLE_BYTES = 4096;
/** Fields remembered by their hash that came once and may come again. */
const SEEN_COUNT = 64;
const NO_INTEGERS = new Int32Array(0);

/** One direction of one connection. */
export class HpackEncoder {
  #table: DynamicTable;
  /** The smallest size since the last block, and whether the peer must be told of a change. */
  #smallestBytes: number;
  #isUpdateDue: boolean;

  // Hash chains, by hash and by sequence number: of whole fields, and of names.
  #fieldHeads: Int32Array = NO_INTEGERS;
  #nameHeads: Int32Array = NO_INTEGERS;
  #fieldNext: Int32Array = NO_INTEGERS;
  #nameNext: Int32Array = NO_INTEGERS;
  #seen: Int32Array = NO_INTEGERS;

  /** The table has at most `maxTableBytes`, 0 to 65,536, whatever the peer allows. */
  constructor(maxTableBytes: number) {
    this.#table = new DynamicTable(maxTableBytes);
    this.#smallestBytes = Math.min(maxTableBytes, INITIAL_TABLE_BYTES);
    this.#table.resize(this.#smallestBytes);
    this.#isUpdateDue = maxTableBytes < INITIAL_TABLE_BYTES;
  }

  /** The size of the table as the RFC counts it, for tests and figures. */
  get tableSizeBytes(): number {
    return this.#table.sizeBytes;
  }

  /** Call it when the peer's SETTINGS_HEADER_TABLE_SIZE has come: 0 to 2^32-1, in bytes. */
  limitTable(limitBytes: number): void {
    const capacityBytes = Math.min(limitBytes, this.#table.maxCapacityBytes);
    if (capacityBytes === this.#table.capacityBytes) return;
    this.#table.resize(capacityBytes);
    this.#smallestBytes = Math.min(this.#smallestBytes, capacityBytes);
    this.#isUpdateDue = true;
  }

  /** Returns how many bytes the list's block takes at most. */
  maxLength(list: FieldList): number {
    return list.length + list.count * (1 + 2 * MAX_INTEGER_LENGTH) + 2 * MAX_INTEGER_LENGTH;
  }

  /**
   * Writes the list's block to `into` from index `at` on. Returns the index behind it; -1, with nothing changed, when `limit` leaves
   * less than `maxLength(list)` bytes.
   */
  encode(list: FieldList, into: Uint8Array, at: number, limit: number): number {
    if (limit - at < this.maxLength(list)) return -1;
    let next = this.#isUpdateDue ? this.#writeUpdates(into, at) : at;
    const end = list.count * LIST_STRIDE;
    for (let row = 0; row < end; row += LIST_STRIDE) next = this.#writeField(list, row, into, next);
    return next;
  }

  #writeUpdates(into: Uint8Array, at: number): number {
    const capacityBytes = this.#table.capacityBytes;
    let next = at;
    if (this.#smallestBytes < capacityBytes) next = writeInteger(into, next, 0x20, 5, this.#smallestBytes);
    next = writeInteger(into, next, 0x20, 5, capacityBytes);
    this.#smallestBytes = capacityBytes;
    this.#isUpdateDue = false;
    return next;
  }

  #writeField(list: FieldList, row: number, into: Uint8Array, at: number): number {
    const { bytes, fields } = list;
    const nameStart = fields[row + ListPart.NAME_START];
    const nameLength = fields[row + ListPart.NAME_LENGTH];
    const valueStart = fields[row + ListPart.VALUE_START];
    const valueLength = fields[row + ListPart.VALUE_LENGTH];
    const policy = (fields[row + ListPart.FLAGS] & ListFlag.NEVER_INDEXED) !== 0
      ? IndexPolicy.NEVER
      : indexPolicy(fields[row + ListPart.NAME_ID], bytes, nameStart, nameLength, valueLength);

    const staticName = findStaticName(bytes, nameStart, nameLength);
    if (policy === IndexPolicy.NEVER) {
      return writeLiteral(list, row, staticName, 0x10, 4, into, at);
    }
    if (staticName !== 0) {
      const index = findStaticValue(staticName, bytes, valueStart, valueLength);
      if (index !== 0) return writeInteger(into, at, 0x80, 7, index);
    }
    const nameHash = hashText(bytes, nameStart, nameLength, 0);
    if (policy === IndexPolicy.SELDOM) {
      const nameIndex = staticName !== 0 ? staticName : this.#findName(list, row, nameHash);
      return writeLiteral(list, row, nameIndex, 0x00, 4, into, at);
    }
    const fieldHash = hashText(bytes, valueStart, valueLength, nameHash);
    const index = this.#findField(list, row, fieldHash);
    if (index !== 0) return writeInteger(into, at, 0x80, 7, index);
    const nameIndex = staticName !== 0 ? staticName : this.#findName(list, row, nameHash);
    // An entry that takes more than half of the table pushes out more than it saves.
    const isSmall = (nameLength + valueLength + FIELD_OVERHEAD_BYTES) * 2 <= this.#table.capacityBytes;
    if (!isSmall || (policy === IndexPolicy.SECOND && !this.#comesAgain(fieldHash))) {
      return writeLiteral(list, row, nameIndex, 0x00, 4, into, at);
    }
    this.#insert(list, row, nameHash, fieldHash);
    return writeLiteral(list, row, nameIndex, 0x40, 6, into, at);
  }

  /** Whether a field with this hash came before, lately; remembers it. */
  #comesAgain(fieldHash: number): boolean {
    if (this.#seen.length === 0) this.#seen = new Int32Array(SEEN_COUNT);
    const place = fieldHash & (SEEN_COUNT - 1);
    if (this.#seen[place] === fieldHash) return true;
    this.#seen[place] = fieldHash;
    return false;
  }

  #findField(list: FieldList, row: number, fieldHash: number): number {
    const table = this.#table;
    if (table.count === 0) return 0;
    const { bytes, fields } = list;
    const mask = table.slotCount - 1;
    let sequence = this.#fieldHeads[fieldHash & mask];
    for (;; sequence = this.#fieldNext[sequence & mask]) {
      const index = table.indexOf(sequence);
      if (index < 1 || index > table.count) return 0;
      if (
        table.isValue(
          index,
          bytes,
          fields[row + ListPart.VALUE_START],
          fields[row + ListPart.VALUE_LENGTH],
        ) &&
        table.isName(index, bytes, fields[row + ListPart.NAME_START], fields[row + ListPart.NAME_LENGTH])
      ) return index + STATIC_COUNT;
    }
  }

  #findName(list: FieldList, row: number, nameHash: number): number {
    const table = this.#table;
    if (table.count === 0) return 0;
    const { bytes, fields } = list;
    const mask = table.slotCount - 1;
    let sequence = this.#nameHeads[nameHash & mask];
    for (;; sequence = this.#nameNext[sequence & mask]) {
      const index = table.indexOf(sequence);
      if (index < 1 || index > table.count) return 0;
      const isSame = table.isName(
        index,
        bytes,
        fields[row + ListPart.NAME_START],
        fields[row + ListPart.NAME_LENGTH],
      );
      if (isSame) return index + STATIC_COUNT;
    }
  }

  #insert(list: FieldList, row: number, nameHash: number, fieldHash: number): void {
    const table = this.#table;
    const { bytes, fields } = list;
    if (this.#fieldHeads.length === 0) this.#allocate();
    table.insert(
      bytes,
      fields[row + ListPart.NAME_START],
      fields[row + ListPart.NAME_LENGTH],
      fields[row + ListPart.VALUE_START],
      fields[row + ListPart.VALUE_LENGTH],
    );
    const mask = table.slotCount - 1;
    const slot = table.newest & mask;
    this.#fieldNext[slot] = this.#fieldHeads[fieldHash & mask];
    this.#nameNext[slot] = this.#nameHeads[nameHash & mask];
    this.#fieldHeads[fieldHash & mask] = this.#nameHeads[nameHash & mask] = table.newest;
  }

  #allocate(): void {
    const slotCount = this.#table.slotCount;
    // A number before the first: no chain goes on from it.
    this.#fieldHeads = new Int32Array(slotCount).fill(-1);
    this.#nameHeads = new Int32Array(slotCount).fill(-1);
    this.#fieldNext = new Int32Array(slotCount);
    this.#nameNext = new Int32Array(slotCount);
  }
}

/** Writes a literal (section 6.2), its name as an index unless that is 0. Returns the next index. */
function writeLiteral(
  list: FieldList,
  row: number,
  nameIndex: number,
  pattern: number,
  prefixBits: number,
  into: Uint8Array,
  at: number,
): number {
  const { bytes, fields } = list;
  let next = writeInteger(into, at, pattern, prefixBits, nameIndex);
  if (nameIndex === 0) {
    next = writeText(
      bytes,
      fields[row + ListPart.NAME_START],
      fields[row + ListPart.NAME_LENGTH],
      into,
      next,
    );
  }
  return writeText(
    bytes,
    fields[row + ListPart.VALUE_START],
    fields[row + ListPart.VALUE_LENGTH],
    into,
    next,
  );
}

/** Writes a string literal (section 5.2), the shorter way. Returns the next index. */
function writeText(bytes: Uint8Array, start: number, length: number, into: Uint8Array, at: number): number {
  const coded = huffmanLength(bytes, start, start + length);
  if (coded < length) {
    return encodeHuffman(bytes, start, start + length, into, writeInteger(into, at, 0x80, 7, coded));
  }
  const next = writeInteger(into, at, 0, 7, length);
  for (let i = 0; i < length; i++) into[next + i] = bytes[start + i];
  return next + length;
}

/** FNV-1a, its upper half folded into the lower; `seed` is the hash of what stands before. */
function hashText(bytes: Uint8Array, start: number, length: number, seed: number): number {
  let hash = 0x811c9dc5 ^ seed;
  for (let i = start; i < start + length; i++) hash = Math.imul(hash ^ bytes[i], 0x01000193);
  return hash ^ hash >>> 16;
}
