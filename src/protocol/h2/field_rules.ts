/**
 * What every single field of an HTTP/2 message must keep (RFC 9113 sections 8.2, 8.2.1 and 8.2.2).
 *
 *     part     may have                                      refused
 *     name     tchar without A-Z; a colon in front           empty, "Host", "a b", "a:"
 *     value    HTAB, SP, visible, obs-text                   CR, LF, NUL and other controls; SP or HTAB at either end
 *     field    -                                             Connection, Proxy-Connection, Keep-Alive, Transfer-Encoding, Upgrade;
 *                                                            TE other than "trailers"
 *
 * CR, LF and NUL are what would end a line, or a head, once the message is written as HTTP/1: nothing is passed on unchecked.
 *
 * May import: protocol/http, protocol/hpack.
 *
 * @module
 */

import { type FieldList, ListPart } from "../hpack/field_list.ts";
import { FieldName } from "../http/field_name.ts";
import { asciiBytes, OCTET_CLASS, OctetClass } from "../http/octet.ts";
import { PseudoName } from "../http/pseudo_name.ts";
import { Fault } from "./fault.ts";
import { isValue } from "./field_values.ts";

const NAME_OCTET = 1;
const VALUE_OCTET = 2;
/** Which octets may stand in a name and in a value. Never written after load. */
const OCTETS: Uint8Array = Uint8Array.from({ length: 256 }, (_, octet) => {
  const isUpper = octet >= 0x41 && octet <= 0x5a;
  return ((OCTET_CLASS[octet] & OctetClass.TCHAR) !== 0 && !isUpper ? NAME_OCTET : 0) |
    ((OCTET_CLASS[octet] & OctetClass.VALUE) !== 0 ? VALUE_OCTET : 0);
});

const TRAILERS = asciiBytes("trailers");

/** Returns the `Fault` of the field whose integers begin at `row`, 0 for none; pseudo-header fields are checked no further here. */
export function fieldFault(list: FieldList, row: number): number {
  const { bytes, fields } = list;
  const nameStart = fields[row + ListPart.NAME_START];
  const nameLength = fields[row + ListPart.NAME_LENGTH];
  const valueStart = fields[row + ListPart.VALUE_START];
  const valueLength = fields[row + ListPart.VALUE_LENGTH];
  const nameId = fields[row + ListPart.NAME_ID];
  if (nameLength === 0) return Fault.EMPTY_FIELD_NAME;
  const isPseudo = nameId >= PseudoName.OTHER;
  const nameEnd = nameStart + nameLength;
  for (let at = isPseudo ? nameStart + 1 : nameStart; at < nameEnd; at++) {
    if ((OCTETS[bytes[at]] & NAME_OCTET) === 0) return nameFault(bytes[at]);
  }
  const valueEnd = valueStart + valueLength;
  for (let at = valueStart; at < valueEnd; at++) {
    if ((OCTETS[bytes[at]] & VALUE_OCTET) === 0) return Fault.BAD_VALUE_CHARACTER;
  }
  if (valueLength > 0 && (isBlank(bytes[valueStart]) || isBlank(bytes[valueEnd - 1]))) {
    return Fault.SPACE_AROUND_VALUE;
  }
  if (nameId === FieldName.OTHER || isPseudo) return Fault.NONE;
  if (isConnectionField(nameId)) return Fault.CONNECTION_FIELD;
  const isBadTe = nameId === FieldName.TE && !isValue(list, row, TRAILERS);
  return isBadTe ? Fault.BAD_TE : Fault.NONE;
}

/** Whether the field tells something about an HTTP/1 connection, and has no place in HTTP/2. */
export function isConnectionField(nameId: number): boolean {
  switch (nameId) {
    case FieldName.CONNECTION:
    case FieldName.PROXY_CONNECTION:
    case FieldName.KEEP_ALIVE:
    case FieldName.TRANSFER_ENCODING:
    case FieldName.UPGRADE:
      return true;
    default:
      return false;
  }
}

function nameFault(octet: number): number {
  return octet >= 0x41 && octet <= 0x5a ? Fault.UPPER_CASE_NAME : Fault.BAD_NAME_CHARACTER;
}

function isBlank(octet: number): boolean {
  return (OCTET_CLASS[octet] & OctetClass.BLANK) !== 0;
}
