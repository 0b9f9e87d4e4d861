/**
 * Header lists, header blocks and frames as short texts, for tests of HTTP/2.
 *
 * @module
 */
import { FieldList, LIST_STRIDE, ListFlag, ListPart } from "../../../src/protocol/hpack/field_list.ts";
import { bytesOf } from "../../conformance/h1/replay.ts";

/** A field: name and value as latin1, and whether it must never be indexed. */
export type Field = readonly [name: string, value: string, neverIndexed?: boolean];

/** Returns the bytes of hexadecimal digits; white space between them does not count. */
export function hexBytes(hex: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(hex.replaceAll(/\s/g, "").match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

/** Returns bytes as hexadecimal digits. */
export function hexOf(bytes: Uint8Array, start = 0, end: number = bytes.length): string {
  return [...bytes.subarray(start, end)].map((octet) => octet.toString(16).padStart(2, "0")).join("");
}

/** Returns text of latin1. */
export function latin1Of(bytes: Uint8Array, start: number, length: number): string {
  let text = "";
  for (let i = start; i < start + length; i++) text += String.fromCharCode(bytes[i]);
  return text;
}

/** Returns an empty list with room for `sizeBytes` and `maxFieldCount` fields. */
export function newList(sizeBytes = 65_536, maxFieldCount = 200): FieldList {
  return new FieldList(new Uint8Array(sizeBytes), maxFieldCount);
}

/** Returns a list of these fields, or fills the given one. @throws {Error} when they do not fit. */
export function listOf(fields: readonly Field[], list: FieldList = newList()): FieldList {
  list.reset();
  for (const [name, value, neverIndexed] of fields) {
    if (!list.hasRoom(name.length, value.length)) throw new Error(`Cannot add ${name}: the list is full`);
    list.bytes.set(bytesOf(name), list.length);
    list.bytes.set(bytesOf(value), list.length + name.length);
    list.commit(name.length, value.length, neverIndexed === true ? ListFlag.NEVER_INDEXED : 0);
  }
  return list;
}

/** Returns the fields of a list; the flag only where it is set. */
export function fieldsOf(list: FieldList): Field[] {
  return Array.from({ length: list.count }, (_, index) => {
    const row = index * LIST_STRIDE;
    const part = (place: number) => list.fields[row + place];
    const name = latin1Of(list.bytes, part(ListPart.NAME_START), part(ListPart.NAME_LENGTH));
    const value = latin1Of(list.bytes, part(ListPart.VALUE_START), part(ListPart.VALUE_LENGTH));
    return (part(ListPart.FLAGS) & ListFlag.NEVER_INDEXED) !== 0 ? [name, value, true] : [name, value];
  });
}

/** Returns a frame with this payload, in hexadecimal digits or as bytes, made without hadro's writer. */
export function frame(
  type: number,
  flags: number,
  streamId: number,
  payload: string | Uint8Array,
): Uint8Array<ArrayBuffer> {
  const content = typeof payload === "string" ? hexBytes(payload) : payload;
  const bytes = new Uint8Array(9 + content.length);
  bytes.set([content.length >> 16, content.length >> 8, content.length, type, flags]);
  bytes.set([streamId >>> 24, streamId >>> 16, streamId >>> 8, streamId], 5);
  bytes.set(content, 9);
  return bytes;
}

/** Returns byte arrays one behind the other. */
export function joined(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
