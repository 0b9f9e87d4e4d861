/**
 * The PROXY protocol header that a connection begins with, version 1 or 2: strict, bounded, without allocation.
 *
 *     kind       header                                                   whose address holds
 *     LOCAL      v2 LOCAL                                                 the connection's: the proxy itself speaks
 *     UNKNOWN    v1 UNKNOWN, v2 with a family or transport that is no     the connection's: somebody speaks whom the
 *                stream over IP or unix                                   proxy does not name
 *     INET       v1 TCP4, v2 TCP over IPv4                                the header's
 *     INET6      v1 TCP6, v2 TCP over IPv6                                the header's
 *     UNIX       v2 stream over unix                                      the header's: a unix client of the proxy
 *
 * `parse` looks at the header from its first byte again each time: what it finds does not depend on how the bytes arrived, it keeps
 * nothing between calls, and one parser serves all connections. What that costs is bounded: 107 bytes for version 1, and
 * version 2 is not looked into before it is complete.
 *
 * TLVs must fit; CRC32c is checked where it is; the others are skipped.
 *
 * May import: base, protocol/proxy_protocol.
 *
 * @module
 */
import { crc32c } from "../../base/crc32c.ts";
import { HeaderError } from "./header_error.ts";
import { readDecimal, readIpv4, readIpv6 } from "./ip_text.ts";
import {
  ADDRESS_BYTES,
  BINARY_BYTES_MIN,
  Command,
  CRC_BYTES,
  Family,
  SIGNATURE,
  TEXT_BYTES_MAX,
  TEXT_BYTES_MIN,
  TEXT_PREFIX,
  TLV_HEAD_BYTES,
  TlvType,
  Transport,
} from "./layout.ts";

/** What {@linkcode ProxyHeaderParser.parse} returns. */
export const HeaderStatus = { NEED_MORE: 0, DONE: 1, ERROR: -1 } as const;

/** Whose address holds; see the module's text. */
export const HeaderKind = { LOCAL: 0, UNKNOWN: 1, INET: 2, INET6: 3, UNIX: 4 } as const;

/** Addresses and TLVs of version 2: room for a client certificate's names, a quarter of a buffer. */
const PAYLOAD_BYTES_MAX = 4_096;

const CR = 0x0d;
const LF = 0x0a;
const SPACE = 0x20;
const TCP4 = new TextEncoder().encode("TCP4");
const TCP6 = new TextEncoder().encode("TCP6");
const UNKNOWN = new TextEncoder().encode("UNKNOWN");
const NO_CHECKSUM = new Uint8Array(CRC_BYTES);
const NONE = -1;

/** How many bytes from `start` on belong to the header for sure: there are as many, or the header is malformed. */
export function headerBytesAtLeast(bytes: Uint8Array, start: number, end: number): number {
  const size = end - start;
  if (size === 0) return TEXT_BYTES_MIN;
  if (bytes[start] !== CR) return size + (bytes[end - 1] === CR ? 1 : 2);
  if (size < BINARY_BYTES_MIN) return BINARY_BYTES_MIN;
  return BINARY_BYTES_MIN + (bytes[start + 14]! << 8 | bytes[start + 15]!);
}

/** See the module's text. */
export class ProxyHeaderParser {
  /** A value of HeaderError, after ERROR. */
  errorCode = 0;
  /** Of DONE until the next `parse`, all of what follows. */
  length = 0;
  version = 0;
  kind: number = HeaderKind.LOCAL;
  /** The client's address: 4 bytes with INET, 16 with INET6. */
  readonly source = new Uint8Array(16);
  readonly destination = new Uint8Array(16);
  sourcePort = 0;
  destinationPort = 0;

  /** Parses the header that begins at `start`, as far as it is there. */
  parse(bytes: Uint8Array, start: number, end: number): number {
    this.errorCode = HeaderError.NONE;
    if (start === end) return HeaderStatus.NEED_MORE;
    return bytes[start] === CR ? this.#parseBinary(bytes, start, end) : this.#parseText(bytes, start, end);
  }

  #parseText(bytes: Uint8Array, start: number, end: number): number {
    const prefixEnd = start + TEXT_PREFIX.length;
    if (!matches(bytes, start, Math.min(end, prefixEnd), TEXT_PREFIX)) {
      return this.#fail(HeaderError.NOT_A_HEADER);
    }
    // The last place where CR can stand with its LF behind it.
    const limit = start + TEXT_BYTES_MAX - 1;
    let at = prefixEnd;
    while (at < end && at < limit && bytes[at] !== CR && bytes[at] !== LF) at++;
    if (at >= limit) return this.#fail(HeaderError.LINE_TOO_LONG);
    if (at >= end) return HeaderStatus.NEED_MORE;
    if (bytes[at] === LF) return this.#fail(HeaderError.BARE_LF);
    if (at + 1 === end) return HeaderStatus.NEED_MORE;
    if (bytes[at + 1] !== LF) return this.#fail(HeaderError.BARE_CR);
    this.version = 1;
    this.length = at + 2 - start;
    return this.#parseLine(bytes, prefixEnd, at);
  }

  /** The line behind its prefix, without its end. */
  #parseLine(bytes: Uint8Array, start: number, end: number): number {
    const protocolEnd = wordEnd(bytes, start, end);
    const size = protocolEnd - start;
    if (size === UNKNOWN.length && matches(bytes, start, protocolEnd, UNKNOWN)) {
      this.kind = HeaderKind.UNKNOWN;
      return HeaderStatus.DONE;
    }
    const isTcp4 = size === TCP4.length && matches(bytes, start, protocolEnd, TCP4);
    const isTcp6 = size === TCP6.length && matches(bytes, start, protocolEnd, TCP6);
    if (!isTcp4 && !isTcp6) return this.#fail(HeaderError.BAD_PROTOCOL);
    this.kind = isTcp4 ? HeaderKind.INET : HeaderKind.INET6;
    const sourceEnd = wordEnd(bytes, protocolEnd + 1, end);
    if (!this.#readAddress(bytes, protocolEnd + 1, sourceEnd, this.source)) {
      return this.#fail(HeaderError.BAD_SOURCE);
    }
    const destinationEnd = wordEnd(bytes, sourceEnd + 1, end);
    if (!this.#readAddress(bytes, sourceEnd + 1, destinationEnd, this.destination)) {
      return this.#fail(HeaderError.BAD_DESTINATION);
    }
    const portEnd = wordEnd(bytes, destinationEnd + 1, end);
    this.sourcePort = readPort(bytes, destinationEnd + 1, portEnd);
    this.destinationPort = readPort(bytes, portEnd + 1, end);
    const isGood = this.sourcePort >= 0 && this.destinationPort >= 0;
    return isGood ? HeaderStatus.DONE : this.#fail(HeaderError.BAD_PORT);
  }

  #readAddress(bytes: Uint8Array, start: number, end: number, out: Uint8Array): boolean {
    if (start >= end) return false;
    return this.kind === HeaderKind.INET
      ? readIpv4(bytes, start, end, out, 0)
      : readIpv6(bytes, start, end, out);
  }

  #parseBinary(bytes: Uint8Array, start: number, end: number): number {
    const size = end - start;
    if (!matches(bytes, start, Math.min(end, start + SIGNATURE.length), SIGNATURE)) {
      return this.#fail(HeaderError.NOT_A_HEADER);
    }
    if (size <= 12) return HeaderStatus.NEED_MORE;
    const version = bytes[start + 12]! >> 4;
    const command = bytes[start + 12]! & 0xf;
    if (version !== 2) return this.#fail(HeaderError.BAD_VERSION);
    if (command > Command.PROXY) return this.#fail(HeaderError.BAD_COMMAND);
    if (size <= 13) return HeaderStatus.NEED_MORE;
    const family = bytes[start + 13]! >> 4;
    const transport = bytes[start + 13]! & 0xf;
    const isLocal = command === Command.LOCAL;
    if (!isLocal && (family > Family.UNIX || transport > Transport.DGRAM)) {
      return this.#fail(HeaderError.BAD_FAMILY);
    }
    if (size < BINARY_BYTES_MIN) return HeaderStatus.NEED_MORE;
    const payloadBytes = readUint16(bytes, start + 14);
    if (payloadBytes > PAYLOAD_BYTES_MAX) return this.#fail(HeaderError.TOO_LONG);
    const hasAddresses = !isLocal && family !== Family.UNSPEC && transport !== Transport.UNSPEC;
    if (hasAddresses && payloadBytes < ADDRESS_BYTES[family]!) return this.#fail(HeaderError.TOO_SHORT);
    this.version = 2;
    this.length = BINARY_BYTES_MIN + payloadBytes;
    if (size < this.length) return HeaderStatus.NEED_MORE;
    if (!hasAddresses || transport === Transport.DGRAM) {
      this.kind = isLocal ? HeaderKind.LOCAL : HeaderKind.UNKNOWN;
    } else this.#readAddresses(bytes, start + BINARY_BYTES_MIN, family);
    if (!hasAddresses) return HeaderStatus.DONE;
    return this.#checkTlvs(bytes, start, start + BINARY_BYTES_MIN + ADDRESS_BYTES[family]!);
  }

  #readAddresses(bytes: Uint8Array, at: number, family: number): void {
    if (family === Family.UNIX) {
      this.kind = HeaderKind.UNIX;
      return;
    }
    const size = family === Family.INET ? 4 : 16;
    this.kind = family === Family.INET ? HeaderKind.INET : HeaderKind.INET6;
    for (let i = 0; i < size; i++) {
      this.source[i] = bytes[at + i]!;
      this.destination[i] = bytes[at + size + i]!;
    }
    this.sourcePort = readUint16(bytes, at + 2 * size);
    this.destinationPort = readUint16(bytes, at + 2 * size + 2);
  }

  /** @param from Where the first TLV is. */
  #checkTlvs(bytes: Uint8Array, start: number, from: number): number {
    const end = start + this.length;
    let checksumAt = NONE;
    let at = from;
    while (at < end) {
      if (end - at < TLV_HEAD_BYTES) return this.#fail(HeaderError.BAD_TLV);
      const type = bytes[at];
      const sizeBytes = readUint16(bytes, at + 1);
      at += TLV_HEAD_BYTES;
      if (sizeBytes > end - at) return this.#fail(HeaderError.BAD_TLV);
      if (type === TlvType.CRC32C) {
        if (sizeBytes !== CRC_BYTES || checksumAt !== NONE) return this.#fail(HeaderError.BAD_TLV);
        checksumAt = at;
      }
      at += sizeBytes;
    }
    if (checksumAt === NONE) return HeaderStatus.DONE;
    const stated = readUint16(bytes, checksumAt) * 0x10000 + readUint16(bytes, checksumAt + 2);
    // Computed as if the checksum itself were zeros.
    const before = crc32c(NO_CHECKSUM, 0, CRC_BYTES, crc32c(bytes, start, checksumAt));
    if (crc32c(bytes, checksumAt + CRC_BYTES, end, before) !== stated) {
      return this.#fail(HeaderError.BAD_CHECKSUM);
    }
    return HeaderStatus.DONE;
  }

  #fail(errorCode: number): number {
    this.errorCode = errorCode;
    return HeaderStatus.ERROR;
  }
}

/** Whether `bytes` from `start` to `end` are the first ones of `text`. */
function matches(bytes: Uint8Array, start: number, end: number, text: Uint8Array): boolean {
  for (let i = start; i < end; i++) if (bytes[i] !== text[i - start]) return false;
  return true;
}

/** The next space, or `end`. */
function wordEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && bytes[at] !== SPACE) at++;
  return at;
}

function readPort(bytes: Uint8Array, start: number, end: number): number {
  return start >= end ? NONE : readDecimal(bytes, start, end, 0xffff);
}

function readUint16(bytes: Uint8Array, at: number): number {
  return bytes[at]! << 8 | bytes[at + 1]!;
}
