/**
 * Header blocks to field lists (RFC 7541 sections 3, 4 and 6).
 *
 *     first bits   representation                      prefix   table
 *     1            indexed field                       7        -
 *     01           literal with incremental indexing   6        inserted
 *     001          table size update                   5        resized      only before the first field
 *     0001         literal never indexed               4        -            the flag is kept for the next hop
 *     0000         literal without indexing            4        -
 *
 * A block is one range of bytes: whoever receives it in pieces (HEADERS, CONTINUATION) puts them together in a bounded buffer first.
 *
 * Over the list's limits decoding goes on, so that the table stays what the peer thinks it is and the connection can live: the fields
 * that fitted are kept, the others only counted. A text that must enter the table then passes through a buffer of the table's size. A
 * list beyond {@linkcode EXCESS_FACTOR} times its limit ends the connection: few bytes on the wire make much work (an "HPACK bomb").
 *
 * May import: protocol/hpack.
 *
 * @module
 */

import { DynamicTable } from "./dynamic_table.ts";
import { FIELD_OVERHEAD_BYTES, type FieldList, ListFlag } from "./field_list.ts";
import { HpackError } from "./hpack_error.ts";
import { decodeHuffman, HuffmanFailure } from "./huffman.ts";
import { IntegerFailure, integerLength, integerValue, readInteger } from "./integer.ts";
import { STATIC_COUNT, STATIC_NAMES, STATIC_VALUES } from "./static_table.ts";

/** How many times its limit a header list may be, before it ends the connection. */
export const EXCESS_FACTOR = 16;

const NOTHING = new Uint8Array(0);

/** One direction of one connection. */
export class HpackDecoder {
  /** Where in the block the last call stopped: the first byte of the representation that is wrong. */
  errorOffset = 0;

  #table: DynamicTable;
  /** What our SETTINGS_HEADER_TABLE_SIZE allows the peer. */
  #limitBytes: number;
  /** The limit fell below the table's capacity: the next block must begin with an update. */
  #isUpdateDue = false;
  /** Room for one entry of the table, for fields that have none in the list. */
  #spare: Uint8Array = NOTHING;

  // The block being decoded; nothing of it outlives `decode`.
  #bytes: Uint8Array = NOTHING;
  #at = 0;
  #end = 0;
  #error: number = HpackError.NONE;

  /** `maxTableBytes` is the largest SETTINGS_HEADER_TABLE_SIZE that will be announced; 4,096 is what HTTP/2 begins with. */
  constructor(maxTableBytes: number) {
    this.#table = new DynamicTable(maxTableBytes);
    this.#limitBytes = maxTableBytes;
  }

  /** The size of the table as the RFC counts it, for tests and figures. */
  get tableSizeBytes(): number {
    return this.#table.sizeBytes;
  }

  /** Call it when the peer has acknowledged SETTINGS_HEADER_TABLE_SIZE; 0 to `maxTableBytes` of the constructor. */
  limitTable(limitBytes: number): void {
    this.#limitBytes = limitBytes;
    if (this.#table.capacityBytes > limitBytes) this.#isUpdateDue = true;
  }

  /**
   * Decodes the block `bytes[start, end)` into `list`, which is reset first. Returns an {@linkcode HpackError}: after a fatal one
   * (`isFatalHpackError`) the decoder must not be used again; after LIST_TOO_LARGE or TOO_MANY_FIELDS the list has the fields that
   * fitted, and the decoder goes on with the next block. Cost: each byte once, without allocation.
   */
  decode(bytes: Uint8Array, start: number, end: number, list: FieldList): number {
    list.reset();
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
    this.#error = HpackError.NONE;
    let isBegun = false;
    while (this.#at < end) {
      const fieldStart = this.#at;
      const octet = bytes[fieldStart];
      if (octet >= 0x20 && octet < 0x40) this.#updateSize(isBegun);
      else {
        isBegun = true;
        if (this.#isUpdateDue) this.#fail(HpackError.MISSING_SIZE_UPDATE);
        else if (octet >= 0x80) this.#indexed(list);
        else this.#literal(list, octet);
      }
      if (this.#error !== HpackError.NONE && this.#error <= HpackError.EXCESSIVE_LIST) {
        this.errorOffset = fieldStart - start;
        break;
      }
    }
    this.#bytes = NOTHING;
    return this.#error;
  }

  /** Notes an error; a fatal one wins over a limit, and otherwise the first. Returns -1. */
  #fail(code: number): -1 {
    if (this.#error === HpackError.NONE || code <= HpackError.EXCESSIVE_LIST) this.#error = code;
    return -1;
  }

  #updateSize(isBegun: boolean): void {
    const capacityBytes = this.#integer(5);
    if (capacityBytes < 0) return;
    if (isBegun) this.#fail(HpackError.LATE_SIZE_UPDATE);
    else if (capacityBytes > this.#limitBytes) this.#fail(HpackError.SIZE_UPDATE_TOO_LARGE);
    else {
      this.#table.resize(capacityBytes);
      this.#isUpdateDue = false;
    }
  }

  #indexed(list: FieldList): void {
    const index = this.#integer(7);
    if (index < 0) return;
    const dynamicIndex = index - STATIC_COUNT;
    if (index === 0 || dynamicIndex > this.#table.count) {
      this.#fail(HpackError.BAD_INDEX);
      return;
    }
    const isStatic = dynamicIndex <= 0;
    const nameLength = isStatic ? STATIC_NAMES[index].length : this.#table.nameLength(dynamicIndex);
    const valueLength = isStatic ? STATIC_VALUES[index].length : this.#table.valueLength(dynamicIndex);
    if (!this.#admits(list, nameLength, valueLength)) return;
    const at = list.length;
    if (isStatic) {
      copyText(STATIC_NAMES[index], list.bytes, at);
      copyText(STATIC_VALUES[index], list.bytes, at + nameLength);
    } else {
      this.#table.copyName(dynamicIndex, list.bytes, at);
      this.#table.copyValue(dynamicIndex, list.bytes, at + nameLength);
    }
    list.commit(nameLength, valueLength, 0);
  }

  #literal(list: FieldList, octet: number): void {
    const isInserted = octet >= 0x40;
    const nameIndex = this.#integer(isInserted ? 6 : 4);
    if (nameIndex < 0) return;
    if (nameIndex - STATIC_COUNT > this.#table.count) {
      this.#fail(HpackError.BAD_INDEX);
      return;
    }
    const textStart = this.#at;
    const at = list.length;
    const nameLength = this.#name(nameIndex, list.bytes, at);
    if (nameLength < 0) return;
    const valueLength = this.#text(list.bytes, at + nameLength);
    if (valueLength < 0) return;
    const isKept = this.#admits(list, nameLength, valueLength);
    if (this.#error === HpackError.EXCESSIVE_LIST) return;
    if (isInserted) {
      if (isKept || nameLength + valueLength + FIELD_OVERHEAD_BYTES > this.#table.capacityBytes) {
        this.#table.insert(list.bytes, at, nameLength, at + nameLength, valueLength);
      } else this.#insertSpare(nameIndex, textStart);
    }
    if (isKept) list.commit(nameLength, valueLength, (octet & 0xf0) === 0x10 ? ListFlag.NEVER_INDEXED : 0);
  }

  /** Reads a literal's texts again, to where they have room, and inserts them; they were well-formed the first time. */
  #insertSpare(nameIndex: number, textStart: number): void {
    if (this.#spare.length === 0) this.#spare = new Uint8Array(this.#table.maxCapacityBytes);
    this.#at = textStart;
    const nameLength = this.#name(nameIndex, this.#spare, 0);
    const valueLength = this.#text(this.#spare, nameLength);
    this.#table.insert(this.#spare, 0, nameLength, nameLength, valueLength);
  }

  /** Whether the list keeps a field of this size; counts it, and notes which limit it breaks. */
  #admits(list: FieldList, nameLength: number, valueLength: number): boolean {
    const isOpen = this.#error === HpackError.NONE;
    if (isOpen && list.hasRoom(nameLength, valueLength)) return true;
    if (isOpen) {
      const isFull = list.count === list.maxFieldCount;
      this.#fail(isFull ? HpackError.TOO_MANY_FIELDS : HpackError.LIST_TOO_LARGE);
    }
    list.sizeBytes += nameLength + valueLength + FIELD_OVERHEAD_BYTES;
    if (list.sizeBytes > list.bytes.length * EXCESS_FACTOR) this.#fail(HpackError.EXCESSIVE_LIST);
    return false;
  }

  /** Reads a literal's name, text or reference. Returns its length, or -1; what does not fit `into` is not stored. */
  #name(nameIndex: number, into: Uint8Array, at: number): number {
    if (nameIndex === 0) return this.#text(into, at);
    if (nameIndex <= STATIC_COUNT) {
      const name = STATIC_NAMES[nameIndex];
      if (at + name.length <= into.length) copyText(name, into, at);
      return name.length;
    }
    const length = this.#table.nameLength(nameIndex - STATIC_COUNT);
    if (at + length <= into.length) this.#table.copyName(nameIndex - STATIC_COUNT, into, at);
    return length;
  }

  /** Reads a string literal (section 5.2). Returns the length of its text, or -1; what does not fit `into` is not stored. */
  #text(into: Uint8Array, at: number): number {
    const bytes = this.#bytes;
    const isHuffman = this.#at < this.#end && bytes[this.#at] >= 0x80;
    const length = this.#integer(7);
    if (length < 0) return -1;
    const start = this.#at;
    if (length > this.#end - start) return this.#fail(HpackError.TRUNCATED);
    this.#at = start + length;
    if (!isHuffman) {
      if (at + length <= into.length) {
        for (let i = 0; i < length; i++) into[at + i] = bytes[start + i];
      }
      return length;
    }
    const textLength = decodeHuffman(bytes, start, start + length, into, at);
    if (textLength >= 0) return textLength;
    return this.#fail(
      textLength === HuffmanFailure.BAD_CODE ? HpackError.BAD_HUFFMAN : HpackError.BAD_PADDING,
    );
  }

  /** Reads an integer (section 5.1). Returns its value, or -1. */
  #integer(prefixBits: number): number {
    const packed = readInteger(this.#bytes, this.#at, this.#end, prefixBits);
    if (packed < 0) {
      return this.#fail(
        packed === IntegerFailure.TRUNCATED ? HpackError.TRUNCATED : HpackError.INTEGER_TOO_LARGE,
      );
    }
    this.#at += integerLength(packed);
    return integerValue(packed);
  }
}

function copyText(text: Uint8Array, into: Uint8Array, at: number): void {
  for (let i = 0; i < text.length; i++) into[at + i] = text[i];
}
