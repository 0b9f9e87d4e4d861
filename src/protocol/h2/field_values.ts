/**
 * Values of a list's fields, read where they lie: `row` is where a field's integers begin.
 *
 * May import: protocol/http, protocol/hpack.
 *
 * @module
 */

import { type FieldList, ListPart } from "../hpack/field_list.ts";
import { Octet, OCTET_CLASS, OctetClass } from "../http/octet.ts";

/** Whether the value is a token (RFC 9110 section 5.6.2). */
export function isToken(list: FieldList, row: number): boolean {
  return isAllOf(list, row, OctetClass.TCHAR);
}

function isAllOf(list: FieldList, row: number, octetClass: number): boolean {
  const start = list.fields[row + ListPart.VALUE_START];
  const end = start + list.fields[row + ListPart.VALUE_LENGTH];
  for (let at = start; at < end; at++) {
    if ((OCTET_CLASS[list.bytes[at]] & octetClass) === 0) return false;
  }
  return end > start;
}

/** Whether the value is a scheme of RFC 3986 section 3.1. */
export function isScheme(list: FieldList, row: number): boolean {
  const start = list.fields[row + ListPart.VALUE_START];
  const end = start + list.fields[row + ListPart.VALUE_LENGTH];
  if (!isLetter(list.bytes[start])) return false;
  for (let at = start + 1; at < end; at++) {
    const octet = list.bytes[at];
    const isOther = octet === 0x2b || octet === 0x2d || octet === Octet.DOT;
    if (!isLetter(octet) && !isOther && (OCTET_CLASS[octet] & OctetClass.DIGIT) === 0) return false;
  }
  return true;
}

/** Whether the value is a path with its query as a request line may have it; or, where that is allowed, `*`. */
export function isPath(list: FieldList, row: number, mayBeAsterisk: boolean): boolean {
  const start = list.fields[row + ListPart.VALUE_START];
  if (list.bytes[start] === Octet.SLASH) return isAllOf(list, row, OctetClass.TARGET);
  return mayBeAsterisk && list.bytes[start] === Octet.ASTERISK &&
    list.fields[row + ListPart.VALUE_LENGTH] === 1;
}

/** Whether the name of the field at `row` is `name`. */
export function isName(list: FieldList, row: number, name: Uint8Array): boolean {
  const { fields } = list;
  return isText(list.bytes, fields[row + ListPart.NAME_START], fields[row + ListPart.NAME_LENGTH], name);
}

/** Whether the value of the field at `row` is `value`. */
export function isValue(list: FieldList, row: number, value: Uint8Array): boolean {
  const { fields } = list;
  return isText(list.bytes, fields[row + ListPart.VALUE_START], fields[row + ListPart.VALUE_LENGTH], value);
}

/** Returns the value as a status, 100 to 599; 0 when it is none. */
export function parseStatus(list: FieldList, row: number): number {
  if (list.fields[row + ListPart.VALUE_LENGTH] !== 3) return 0;
  const status = parseLength(list, row);
  return status >= 100 && status <= 599 ? status : 0;
}

/** Returns the value as a length: digits only, 0 to 2^53-1; -1 when it is none. */
export function parseLength(list: FieldList, row: number): number {
  const start = list.fields[row + ListPart.VALUE_START];
  const end = start + list.fields[row + ListPart.VALUE_LENGTH];
  if (start === end) return -1;
  let value = 0;
  for (let at = start; at < end; at++) {
    const digit = list.bytes[at] - 0x30;
    if (digit < 0 || digit > 9 || value > (Number.MAX_SAFE_INTEGER - digit) / 10) return -1;
    value = value * 10 + digit;
  }
  return value;
}

function isLetter(octet: number): boolean {
  const lower = octet | 0x20;
  return lower >= 0x61 && lower <= 0x7a;
}

/** Whether `bytes[start, start + length)` is `text`, compared with case. */
function isText(bytes: Uint8Array, start: number, length: number, text: Uint8Array): boolean {
  if (text.length !== length) return false;
  for (let i = 0; i < length; i++) {
    if (bytes[start + i] !== text[i]) return false;
  }
  return true;
}
