/**
 * A list of fields, names and values as bytes in one slab: what a header block says, what a head becomes on its way to HTTP/2.
 *
 *     bytes    | :method GET :path / x-a 1 ...      |   names and values, in the order in which they were added
 *     fields   LIST_STRIDE integers per field: name start, name length, value start, value length, flags, name id
 *
 * The limit is that of RFC 9113 section 10.5.1: the sum of name, value and 32 bytes of every field is at most `bytes.length`, so texts
 * that are within it always fit the slab. One list serves a whole engine: it is filled, read and reset within one call.
 *
 * May import: protocol/http.
 *
 * @module
 */

import { classifyName } from "../http/pseudo_name.ts";

/** Integers per field in {@linkcode FieldList.fields}. */
export const LIST_STRIDE = 6;

/** Places inside a field's integers. `NAME_ID` is a value of `FieldName` or `PseudoName`. */
export const ListPart = {
  NAME_START: 0,
  NAME_LENGTH: 1,
  VALUE_START: 2,
  VALUE_LENGTH: 3,
  FLAGS: 4,
  NAME_ID: 5,
} as const;

/** Bits of a field's flags. `NEVER_INDEXED`: no hop may put it into a compression table (RFC 7541 section 7.1.3). */
export const ListFlag = { NEVER_INDEXED: 1 } as const;

/** What each field counts beside its text, in header lists and in compression tables (RFC 7541 section 4.1). */
export const FIELD_OVERHEAD_BYTES = 32;

/** See the module's text. */
export class FieldList {
  /** Names and values; its length is the limit on `sizeBytes`. */
  readonly bytes: Uint8Array;
  readonly fields: Int32Array;
  /** Fields in the list. */
  count = 0;
  /** Bytes of the slab in use. */
  length = 0;
  /** The size as the RFC counts it, of fields that did not fit too. */
  sizeBytes = 0;

  /** `bytes` is the caller's; a list has at most `maxFieldCount` fields. */
  constructor(bytes: Uint8Array, maxFieldCount: number) {
    this.bytes = bytes;
    this.fields = new Int32Array(maxFieldCount * LIST_STRIDE);
  }

  /** Fields that the list has room for. */
  get maxFieldCount(): number {
    return this.fields.length / LIST_STRIDE;
  }

  reset(): void {
    this.count = this.length = this.sizeBytes = 0;
  }

  /**
   * Takes in a field whose name and value already stand at `length`, one behind the other; the caller has seen that both and one more
   * field are within the limits.
   */
  commit(nameLength: number, valueLength: number, flags: number): void {
    const row = this.count * LIST_STRIDE;
    const nameStart = this.length;
    this.fields[row + ListPart.NAME_START] = nameStart;
    this.fields[row + ListPart.NAME_LENGTH] = nameLength;
    this.fields[row + ListPart.VALUE_START] = nameStart + nameLength;
    this.fields[row + ListPart.VALUE_LENGTH] = valueLength;
    this.fields[row + ListPart.FLAGS] = flags;
    this.fields[row + ListPart.NAME_ID] = classifyName(this.bytes, nameStart, nameStart + nameLength);
    this.count++;
    this.length = nameStart + nameLength + valueLength;
    this.sizeBytes += nameLength + valueLength + FIELD_OVERHEAD_BYTES;
  }

  /** Whether one more field of this size is within both limits. */
  hasRoom(nameLength: number, valueLength: number): boolean {
    return this.sizeBytes + nameLength + valueLength + FIELD_OVERHEAD_BYTES <= this.bytes.length &&
      this.count * LIST_STRIDE < this.fields.length;
  }

  /** Returns the index in `fields` of the first field with a name's id, -1 when there is none. */
  rowOf(nameId: number): number {
    const end = this.count * LIST_STRIDE;
    for (let row = 0; row < end; row += LIST_STRIDE) {
      if (this.fields[row + ListPart.NAME_ID] === nameId) return row;
    }
    return -1;
  }
}
