/**
 * What a backend hashes of a request or a client, read where it lies in the buffer (HAProxy: balance).
 *
 *     lb              key                                                            none, so round robin, when
 *     source          the client's address                                           it came over a unix socket
 *     sni             the server name in the TLS client hello                        it names none
 *     uri             the path; with `whole` the query too; no scheme or authority   never
 *                     `len` bytes and `depth` directories of it at most
 *     hdr:NAME        the first value of the field, up to a comma                    it is absent or empty
 *     cookie:NAME     the value of the first such cookie                             it is absent or empty
 *     url_param:NAME  the value of the first such parameter of the query             it is absent or empty
 *
 * Stick tables (stick/stickiness.ts) know requests by the same values. Values are hashed as they are: letters in another case, or %-encoded, make another key. Allocates nothing.
 *
 * May import: config, protocol, proxy.
 *
 * @module
 */
import type { BalanceConfig } from "../config/model.ts";
import { FIELD_STRIDE, FieldPart, type HeadParser } from "../protocol/h1/head_parser.ts";
import { classifyFieldName, FieldName } from "../protocol/http/field_name.ts";
import { asciiBytes, equalIgnoringCase, Octet } from "../protocol/http/octet.ts";
import { HASH_START, hashByte, hashBytes, hashText, keyOf, NO_KEY } from "./balance/hash_key.ts";
import type { ClientIdentity } from "./client_identity.ts";

const EQUALS = 0x3d;
const AMPERSAND = 0x26;
const NO_LIMIT = 0x3fff_ffff;

/** See the module's text. One per backend. */
export class KeyReader {
  /** After {@linkcode KeyReader.findValue}: where the value lies. */
  valueStart = 0;
  valueEnd = 0;
  readonly #balance: BalanceConfig;
  readonly #name: Uint8Array;
  readonly #fieldId: number;
  readonly #lengthMax: number;
  readonly #slashesMax: number;

  constructor(balance: BalanceConfig) {
    this.#balance = balance;
    this.#name = asciiBytes(balance.keyName);
    this.#fieldId = balance.algorithm === "cookie"
      ? FieldName.COOKIE
      : classifyFieldName(this.#name, 0, this.#name.length);
    this.#lengthMax = balance.uriLengthMax || NO_LIMIT;
    this.#slashesMax = balance.uriDepthMax || NO_LIMIT;
  }

  /** The key of a client, before any request; NO_KEY when that is not what is hashed. `serverName` is its hello's, "" none. */
  ofClient({ address }: ClientIdentity, serverName = ""): number {
    const { algorithm } = this.#balance;
    if (algorithm === "sni" && serverName !== "") return keyOf(hashText(serverName));
    if (algorithm !== "source" || address.startsWith("unix:")) return NO_KEY;
    return keyOf(hashText(address));
  }

  /** The key of a parsed request whose first byte is at `base`. */
  ofRequest(head: HeadParser, bytes: Uint8Array, base: number, client: ClientIdentity): number {
    switch (this.#balance.algorithm) {
      case "source":
        return this.ofClient(client);
      case "uri":
        return this.#ofUri(bytes, base + head.pathStart, base + head.targetEnd);
      default:
        if (!this.findValue(head, bytes, base)) return NO_KEY;
        return keyOf(hashBytes(HASH_START, bytes, this.valueStart, this.valueEnd));
    }
  }

  /** Looks for the value of hdr, cookie or url_param; returns whether there is one that is not empty. */
  findValue(head: HeadParser, bytes: Uint8Array, base: number): boolean {
    switch (this.#balance.algorithm) {
      case "hdr":
        return this.#ofHeader(head, bytes, base);
      case "cookie":
        return this.#ofCookie(head, bytes, base);
      case "url_param":
        return this.#ofParameter(bytes, base + head.pathStart, base + head.targetEnd);
      default:
        return false;
    }
  }

  /** The path of an absolute target may be left out: the server then sees "/". */
  #ofUri(bytes: Uint8Array, start: number, targetEnd: number): number {
    let hash = HASH_START;
    let slashes = 0;
    let length = 0;
    if (start === targetEnd || bytes[start] === Octet.QUESTION) {
      hash = hashByte(hash, Octet.SLASH);
      slashes = length = 1;
    }
    for (let at = start; at < targetEnd && length < this.#lengthMax; at++, length++) {
      const byte = bytes[at]!;
      if (byte === Octet.QUESTION && !this.#balance.uriWhole) break;
      // A directory ends at the slash behind it.
      if (byte === Octet.SLASH && ++slashes > this.#slashesMax) break;
      hash = hashByte(hash, byte);
    }
    return keyOf(hash);
  }

  #ofHeader(head: HeadParser, bytes: Uint8Array, base: number): boolean {
    for (let row = 0; row < head.fieldCount * FIELD_STRIDE; row += FIELD_STRIDE) {
      if (!this.#isNamed(head, row, bytes, base)) continue;
      const start = base + head.fields[row + FieldPart.VALUE_START]!;
      return this.#found(
        start,
        firstValueEnd(bytes, start, base + head.fields[row + FieldPart.VALUE_END]!),
      );
    }
    return false;
  }

  #isNamed(head: HeadParser, row: number, bytes: Uint8Array, base: number): boolean {
    if (head.fields[row + FieldPart.NAME_ID] !== this.#fieldId) return false;
    const start = base + head.fields[row + FieldPart.NAME_START]!;
    const end = base + head.fields[row + FieldPart.NAME_END]!;
    return equalIgnoringCase(bytes, start, end, this.#name, 0, this.#name.length);
  }

  #ofCookie(head: HeadParser, bytes: Uint8Array, base: number): boolean {
    for (let row = 0; row < head.fieldCount * FIELD_STRIDE; row += FIELD_STRIDE) {
      if (head.fields[row + FieldPart.NAME_ID] !== FieldName.COOKIE) continue;
      const end = base + head.fields[row + FieldPart.VALUE_END]!;
      const at = this.#findValue(
        bytes,
        base + head.fields[row + FieldPart.VALUE_START]!,
        end,
        Octet.SEMICOLON,
      );
      if (at >= 0) {
        return this.#found(at, trimEnd(bytes, at, pieceEnd(bytes, at, end, Octet.SEMICOLON)));
      }
    }
    return false;
  }

  #ofParameter(bytes: Uint8Array, pathStart: number, targetEnd: number): boolean {
    const query = pieceEnd(bytes, pathStart, targetEnd, Octet.QUESTION) + 1;
    const at = this.#findValue(bytes, query, targetEnd, AMPERSAND);
    return at >= 0 && this.#found(at, pieceEnd(bytes, at, targetEnd, AMPERSAND));
  }

  #found(start: number, end: number): boolean {
    this.valueStart = start;
    this.valueEnd = end;
    return start < end;
  }

  /** Returns where the value of the first `name=` of a separated list begins; -1 when there is none. */
  #findValue(bytes: Uint8Array, start: number, end: number, separator: number): number {
    const name = this.#name;
    for (let at = start; at < end; at = pieceEnd(bytes, at, end, separator) + 1) {
      while (at < end && bytes[at] === Octet.SP) at++;
      const equals = at + name.length;
      if (equals < end && bytes[equals] === EQUALS && isAt(name, bytes, at)) return equals + 1;
    }
    return -1;
  }
}

/** The end of the first of the values that commas separate; those within quotes do not. */
function firstValueEnd(bytes: Uint8Array, start: number, end: number): number {
  let isQuoted = false;
  let at = start;
  for (; at < end && (isQuoted || bytes[at] !== Octet.COMMA); at++) {
    if (bytes[at] === Octet.BACKSLASH && isQuoted) at++;
    else if (bytes[at] === Octet.QUOTE) isQuoted = !isQuoted;
  }
  return trimEnd(bytes, start, Math.min(at, end));
}

function pieceEnd(bytes: Uint8Array, start: number, end: number, separator: number): number {
  let at = start;
  while (at < end && bytes[at] !== separator) at++;
  return at;
}

function trimEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = end;
  while (at > start && (bytes[at - 1] === Octet.SP || bytes[at - 1] === Octet.HTAB)) at--;
  return at;
}

function isAt(name: Uint8Array, bytes: Uint8Array, start: number): boolean {
  for (let i = 0; i < name.length; i++) if (bytes[start + i] !== name[i]) return false;
  return true;
}
