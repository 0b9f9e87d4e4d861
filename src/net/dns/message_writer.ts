/**
 * A DNS query (RFC 1035 section 4): one question, recursion desired, and an EDNS record that allows long answers over UDP (RFC 6891).
 *
 *     | id | flags 0x0100 | 1 question, 0, 0, 1 additional | name, type, class IN | root, OPT, payload size |
 *
 * Pure.
 *
 * May import: nothing.
 *
 * @module
 */

/** Types of records that are asked for. */
export const RecordType = { A: 1, AAAA: 28, SRV: 33 } as const;

/** What a UDP answer may have: it passes every network unfragmented (DNS flag day 2020). */
export const UDP_PAYLOAD_BYTES = 1_232;

const CLASS_IN = 1;
const TYPE_OPT = 41;
const RECURSION_DESIRED = 0x01;
const HEADER_BYTES = 12;
const LABEL_BYTES_MAX = 63;
const NAME_BYTES_MAX = 255;

/** Returns a query for records of a type; null when `name` is none that DNS has (an empty or too long label). */
export function writeQuery(id: number, name: string, type: number): Uint8Array<ArrayBuffer> | null {
  const bytes: number[] = [id >> 8, id & 255, RECURSION_DESIRED, 0, 0, 1, 0, 0, 0, 0, 0, 1];
  const bare = name.endsWith(".") ? name.slice(0, -1) : name;
  for (const label of bare.split(".")) {
    const codes = [...label].map((character) => character.charCodeAt(0));
    if (codes.length === 0 || codes.length > LABEL_BYTES_MAX || codes.some((code) => code > 126)) return null;
    bytes.push(codes.length, ...codes);
  }
  bytes.push(0);
  if (bytes.length - HEADER_BYTES > NAME_BYTES_MAX) return null;
  bytes.push(type >> 8, type & 255, 0, CLASS_IN);
  bytes.push(0, 0, TYPE_OPT, UDP_PAYLOAD_BYTES >> 8, UDP_PAYLOAD_BYTES & 255, 0, 0, 0, 0, 0, 0);
  return Uint8Array.from(bytes);
}
