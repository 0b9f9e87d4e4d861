/**
 * Ids of HTTP/2's pseudo-header fields, in one numbering with the ids of field names (RFC 9113 section 8.3, RFC 8441).
 *
 *     id    name         stands in
 *     64    any other    -           a name that begins with a colon and is none of these
 *     65    :method      requests
 *     66    :scheme      requests
 *     67    :authority   requests
 *     68    :path        requests
 *     69    :protocol    extended CONNECT
 *     70    :status      responses
 *
 * May import: protocol/http.
 *
 * @module
 */

import { classifyFieldName } from "./field_name.ts";
import { asciiBytes, Octet } from "./octet.ts";

/** Ids above every `FieldName`; `OTHER` is a pseudo-header field that nobody defined. */
export const PseudoName = {
  OTHER: 64,
  METHOD: 65,
  SCHEME: 66,
  AUTHORITY: 67,
  PATH: 68,
  PROTOCOL: 69,
  STATUS: 70,
} as const;

const FIRST_KNOWN: number = PseudoName.METHOD;
const NAMES: readonly Uint8Array[] = [":method", ":scheme", ":authority", ":path", ":protocol", ":status"]
  .map(
    asciiBytes,
  );

/** Returns the id of the name in `bytes[start, end)`: a value of {@linkcode PseudoName} or of `FieldName`. */
export function classifyName(bytes: Uint8Array, start: number, end: number): number {
  return start < end && bytes[start] === Octet.COLON
    ? classifyPseudo(bytes, start, end)
    : classifyFieldName(bytes, start, end);
}

/** Compared with case: an upper-case letter makes it another name, which is refused. */
function classifyPseudo(bytes: Uint8Array, start: number, end: number): number {
  for (let i = 0; i < NAMES.length; i++) {
    const name = NAMES[i];
    if (name.length !== end - start) continue;
    let k = 1;
    while (k < name.length && name[k] === bytes[start + k]) k++;
    if (k === name.length) return FIRST_KNOWN + i;
  }
  return PseudoName.OTHER;
}
