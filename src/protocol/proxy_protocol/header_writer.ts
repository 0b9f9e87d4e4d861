/**
 * Writes the PROXY protocol header that a connection to a server begins with.
 *
 *     header                         version 1                       version 2
 *     of a client over IP            PROXY TCP4|TCP6 addresses       PROXY, TCP over IPv4|IPv6, TLVs
 *     of another client (null)       PROXY UNKNOWN                   PROXY, UNSPEC, TLVs
 *     of the proxy itself            as of a client: the ends of     LOCAL
 *     (`isLocal`: health checks)     the connection
 *
 * One IPv4 and one IPv6 address are both written as IPv6 (::ffff:192.0.2.1).
 *
 * May import: base, protocol/proxy_protocol.
 *
 * @module
 */
import { addressBytes, formatAddressBytes } from "../../base/ip_address.ts";
import { crc32c } from "../../base/crc32c.ts";
import {
  ADDRESS_BYTES,
  BINARY_BYTES_MIN,
  Command,
  CRC_BYTES,
  Family,
  SIGNATURE,
  SslTlvType,
  TLV_HEAD_BYTES,
  TlvType,
  Transport,
} from "./layout.ts";

/** A text that is longer is left out: HAProxy's PP2_AUTHORITY_MAX. */
const TEXT_TLV_BYTES_MAX = 255;
/** Authority, unique id; version, common name and cipher of TLS. */
const TEXT_TLVS_MAX = 5;
/** Its bits and its verify. */
const SSL_BYTES_MIN = 5;
/** What a header takes at most. */
export const PROXY_HEADER_BYTES_MAX: number = BINARY_BYTES_MIN + ADDRESS_BYTES[Family.INET6]! +
  TEXT_TLVS_MAX * (TLV_HEAD_BYTES + TEXT_TLV_BYTES_MAX) + TLV_HEAD_BYTES + SSL_BYTES_MIN + TLV_HEAD_BYTES +
  CRC_BYTES;

/** One end of a connection over IP. */
export interface IpEnd {
  /** An IP literal without brackets. */
  readonly host: string;
  readonly port: number;
}

/** What a header says of the client's TLS. */
export interface ProxySsl {
  /** Bits of SslClient; 0: the connection is not encrypted. */
  readonly clientBits: number;
  /** The client showed a certificate, and it was good. */
  readonly isVerified: boolean;
  /** "TLSv1.3"; "" none, as of the others. */
  readonly version: string;
  readonly cipher: string;
  /** Of the client's certificate: its CN, sent in UTF-8. */
  readonly commonName: string;
}

/** What a header says. A text of more than 255 bytes is left out. */
export interface ProxyHeader {
  readonly version: 1 | 2;
  /** The connection is the proxy's own, on nobody's behalf. */
  readonly isLocal: boolean;
  /** Null when it is not of IP, or not known. */
  readonly source: IpEnd | null;
  readonly destination: IpEnd | null;
  /** The host that the client asked for, in ASCII; "" none. Version 2 only. */
  readonly authority: string;
  /** In ASCII; "" none. Version 2 only. */
  readonly uniqueId: string;
  /** Null: nothing is said. Version 2 only. */
  readonly ssl: ProxySsl | null;
  /** Ends with a CRC32c. Version 2 only. */
  readonly hasChecksum: boolean;
}

/** Writes a header to the beginning of `out`, which has room for {@linkcode PROXY_HEADER_BYTES_MAX}; returns its length. */
export function writeProxyHeader(out: Uint8Array, header: ProxyHeader): number {
  const { source, destination } = header;
  const sourceBytes = source === null ? null : addressBytes(withoutZone(source.host));
  const destinationBytes = destination === null ? null : addressBytes(withoutZone(destination.host));
  if (sourceBytes === null || destinationBytes === null) {
    return header.version === 1 ? writeText(out, 0, "PROXY UNKNOWN\r\n") : writeBinary(out, header, [], []);
  }
  const isMixed = sourceBytes.length !== destinationBytes.length;
  const from = isMixed ? asIpv6(sourceBytes) : sourceBytes;
  const to = isMixed ? asIpv6(destinationBytes) : destinationBytes;
  if (header.version === 2) return writeBinary(out, header, from, to);
  const protocol = from.length === 4 ? "TCP4" : "TCP6";
  const line = `PROXY ${protocol} ${formatIp(from)} ${formatIp(to)} ${source!.port} ${destination!.port}\r\n`;
  return writeText(out, 0, line);
}

/** @param from Bytes of the source; none with an unknown one. */
function writeBinary(
  out: Uint8Array,
  header: ProxyHeader,
  from: readonly number[],
  to: readonly number[],
): number {
  out.set(SIGNATURE);
  out[12] = 0x20 | (header.isLocal ? Command.LOCAL : Command.PROXY);
  const family = from.length === 0 || header.isLocal
    ? Family.UNSPEC
    : from.length === 4
    ? Family.INET
    : Family.INET6;
  out[13] = family << 4 | (family === Family.UNSPEC ? Transport.UNSPEC : Transport.STREAM);
  let at = BINARY_BYTES_MIN;
  if (family !== Family.UNSPEC) {
    out.set(from, at);
    out.set(to, at + from.length);
    at += from.length + to.length;
    at = writeUint16(out, at, header.source!.port);
    at = writeUint16(out, at, header.destination!.port);
  }
  if (!header.isLocal) at = writeTlvs(out, at, header);
  writeUint16(out, 14, at - BINARY_BYTES_MIN);
  if (header.hasChecksum && !header.isLocal) writeUint32(out, at - CRC_BYTES, crc32c(out, 0, at));
  return at;
}

/** The checksum's TLV is the last one, its value zeros for now. */
function writeTlvs(out: Uint8Array, start: number, header: ProxyHeader): number {
  let at = writeTextTlv(out, start, TlvType.AUTHORITY, header.authority);
  at = writeTextTlv(out, at, TlvType.UNIQUE_ID, header.uniqueId);
  if (header.ssl !== null) at = writeSslTlv(out, at, header.ssl);
  if (!header.hasChecksum) return at;
  out[at] = TlvType.CRC32C;
  return writeUint32(out, writeUint16(out, at + 1, CRC_BYTES), 0);
}

function writeSslTlv(out: Uint8Array, start: number, ssl: ProxySsl): number {
  const valueStart = start + TLV_HEAD_BYTES;
  out[start] = TlvType.SSL;
  out[valueStart] = ssl.clientBits;
  let at = writeUint32(out, valueStart + 1, ssl.isVerified ? 0 : 1);
  at = writeTextTlv(out, at, SslTlvType.VERSION, ssl.version);
  at = writeTextTlv(out, at, SslTlvType.COMMON_NAME, utf8(ssl.commonName));
  at = writeTextTlv(out, at, SslTlvType.CIPHER, ssl.cipher);
  writeUint16(out, start + 1, at - valueStart);
  return at;
}

function writeTextTlv(out: Uint8Array, start: number, type: number, text: string): number {
  if (text === "" || text.length > TEXT_TLV_BYTES_MAX) return start;
  out[start] = type;
  return writeText(out, writeUint16(out, start + 1, text.length), text);
}

/** Bytes as text of latin1, which {@linkcode writeText} takes. */
function utf8(text: string): string {
  return String.fromCharCode(...new TextEncoder().encode(text));
}

/** Returns where the next byte goes, as all of these. */
function writeText(out: Uint8Array, start: number, text: string): number {
  for (let i = 0; i < text.length; i++) out[start + i] = text.charCodeAt(i);
  return start + text.length;
}

function writeUint16(out: Uint8Array, at: number, value: number): number {
  out[at] = value >> 8;
  out[at + 1] = value & 0xff;
  return at + 2;
}

function writeUint32(out: Uint8Array, at: number, value: number): number {
  return writeUint16(out, writeUint16(out, at, value >>> 16), value & 0xffff);
}

/** A zone (fe80::1%eth0) means nothing to another machine. */
function withoutZone(host: string): string {
  const percent = host.indexOf("%");
  return percent < 0 ? host : host.slice(0, percent);
}

function asIpv6(bytes: number[]): number[] {
  return bytes.length === 16 ? bytes : [...new Array<number>(10).fill(0), 0xff, 0xff, ...bytes];
}

/** IPv6 in hexadecimal throughout, as version 1 has it. */
function formatIp(bytes: readonly number[]): string {
  const text = formatAddressBytes(Uint8Array.from(bytes), 0, bytes.length === 4 ? 4 : 16);
  if (bytes.length === 4 || text.includes(":")) return text;
  const group = (at: number) => (bytes[at]! << 8 | bytes[at + 1]!).toString(16);
  return `::ffff:${group(12)}:${group(14)}`;
}
