/**
 * Reads a client hello that is whole (hello_records.ts): the server's name, and the protocols that the client offers.
 *
 *     version 2 | random 32 | session id <0..32> | cipher suites <2..> | compression <1..255> [ | extensions ]
 *     server_name (0)    one host name, RFC 6066 section 3; none with a hello that has no such extension
 *     ALPN (16)          RFC 7301 section 3.1
 *     any other          skipped, whatever it is: GREASE (RFC 8701), encrypted hellos, what is yet to come
 *
 * Strict where two readers could differ: lengths fit exactly, both extensions are there once at most, a server_name holds one host
 * name and nothing else. A host name is labels of letters, digits, - and _, 253 bytes at most; it is given in lower case
 * and without one trailing dot.
 *
 * Reads where the bytes lie, over the borders of records. One reader serves all connections; it never reads behind the message.
 *
 * May import: protocol/tls.
 *
 * @module
 */
import { HelloError } from "./hello_error.ts";
import { ExtensionType, RECORD_HEADER_BYTES, VERSION_MAJOR } from "./layout.ts";

const HOST_BYTES_MAX = 253;
const LABEL_BYTES_MAX = 63;
/** Offered protocols beyond so many bytes are not seen: a list has a few dozen. */
const PROTOCOL_BYTES_MAX = 512;
const RANDOM_BYTES = 32;
const SESSION_ID_BYTES_MAX = 32;
const HOST_NAME_TYPE = 0;
const DOT = 0x2e;

/** See the module's text. */
export class ClientHelloReader {
  /** The name in lower case, without a trailing dot; "" when there is none, and after an error. */
  serverName = "";
  readonly #host = new Uint8Array(HOST_BYTES_MAX + 1);
  #hostEnd = 0;
  /** As in the hello: a byte of length before each. */
  readonly #protocols = new Uint8Array(PROTOCOL_BYTES_MAX);
  #protocolsEnd = 0;
  /** What is read; nothing of the pool between two hellos. */
  #bytes: Uint8Array = this.#host;
  /** The next byte; where the fragment that it is in ends; how many of the message were read. */
  #at = 0;
  #fragmentEnd = 0;
  #position = 0;
  #hasServerName = false;
  #hasProtocols = false;

  /** Reads the hello whose first record begins at `start`. Returns NONE or another value of HelloError. */
  read(bytes: Uint8Array, start: number): number {
    this.#bytes = bytes;
    this.#at = this.#fragmentEnd = start;
    this.#position = this.#protocolsEnd = 0;
    this.#hasServerName = this.#hasProtocols = false;
    this.serverName = "";
    this.#skip(1);
    const length = this.#byte() << 16 | this.#uint16();
    const code = this.#readBody(this.#position + length);
    this.#bytes = this.#host;
    return code;
  }

  /** Whether the client offers this protocol, compared byte by byte. */
  offers(protocol: Uint8Array): boolean {
    for (let at = 0; at < this.#protocolsEnd; at += 1 + this.#protocols[at]!) {
      if (this.#protocols[at] === protocol.length && isAt(protocol, this.#protocols, at + 1)) return true;
    }
    return false;
  }

  #readBody(end: number): number {
    if (!this.#fits(2 + RANDOM_BYTES + 1, end)) return HelloError.TOO_SHORT;
    if (this.#byte() !== VERSION_MAJOR) return HelloError.BAD_VERSION;
    this.#skip(1 + RANDOM_BYTES);
    const sessionIdLength = this.#byte();
    const isIdGood = sessionIdLength <= SESSION_ID_BYTES_MAX && this.#fits(sessionIdLength + 2, end);
    if (!isIdGood) return HelloError.BAD_SESSION_ID;
    this.#skip(sessionIdLength);
    const ciphersLength = this.#uint16();
    const areCiphersGood = ciphersLength >= 2 && ciphersLength % 2 === 0 &&
      this.#fits(ciphersLength + 1, end);
    if (!areCiphersGood) return HelloError.BAD_CIPHERS;
    this.#skip(ciphersLength);
    const methodCount = this.#byte();
    if (methodCount === 0 || !this.#fits(methodCount, end)) return HelloError.BAD_COMPRESSION;
    this.#skip(methodCount);
    // Before TLS 1.2 a hello could end here.
    if (this.#position === end) return HelloError.NONE;
    if (!this.#fits(2, end) || this.#uint16() !== end - this.#position) return HelloError.BAD_EXTENSIONS;
    return this.#readExtensions(end);
  }

  #readExtensions(end: number): number {
    while (this.#position < end) {
      if (!this.#fits(4, end)) return HelloError.BAD_EXTENSIONS;
      const type = this.#uint16();
      const length = this.#uint16();
      if (!this.#fits(length, end)) return HelloError.BAD_EXTENSIONS;
      const code = this.#readExtension(type, length);
      if (code !== HelloError.NONE) return code;
    }
    if (this.#hasServerName) {
      this.serverName = String.fromCharCode(...this.#host.subarray(0, this.#hostEnd));
    }
    return HelloError.NONE;
  }

  #readExtension(type: number, length: number): number {
    if (type === ExtensionType.SERVER_NAME) {
      if (this.#hasServerName) return HelloError.DOUBLE_EXTENSION;
      this.#hasServerName = true;
      return this.#readServerName(length);
    }
    if (type === ExtensionType.ALPN) {
      if (this.#hasProtocols) return HelloError.DOUBLE_EXTENSION;
      this.#hasProtocols = true;
      return this.#readProtocols(length);
    }
    this.#skip(length);
    return HelloError.NONE;
  }

  #readServerName(length: number): number {
    if (length < 5 || this.#uint16() !== length - 2) return HelloError.BAD_SERVER_NAME;
    if (this.#byte() !== HOST_NAME_TYPE) return HelloError.BAD_SERVER_NAME;
    const hostLength = this.#uint16();
    if (hostLength === 0 || hostLength !== length - 5) return HelloError.BAD_SERVER_NAME;
    if (hostLength > this.#host.length) return HelloError.BAD_HOST;
    for (let i = 0; i < hostLength; i++) this.#host[i] = lowerCase(this.#byte());
    this.#hostEnd = hostLength > 1 && this.#host[hostLength - 1] === DOT ? hostLength - 1 : hostLength;
    return isHostName(this.#host, this.#hostEnd) ? HelloError.NONE : HelloError.BAD_HOST;
  }

  #readProtocols(length: number): number {
    const end = this.#position + length;
    if (length < 4 || this.#uint16() !== length - 2) return HelloError.BAD_ALPN;
    while (this.#position < end) {
      const size = this.#byte();
      if (size === 0 || !this.#fits(size, end)) return HelloError.BAD_ALPN;
      const at = this.#protocolsEnd;
      if (at + 1 + size > PROTOCOL_BYTES_MAX) {
        this.#skip(size);
        continue;
      }
      this.#protocols[at] = size;
      for (let i = 1; i <= size; i++) this.#protocols[at + i] = this.#byte();
      this.#protocolsEnd = at + 1 + size;
    }
    return HelloError.NONE;
  }

  #fits(count: number, end: number): boolean {
    return this.#position + count <= end;
  }

  #uint16(): number {
    return this.#byte() << 8 | this.#byte();
  }

  #byte(): number {
    if (this.#at === this.#fragmentEnd) this.#openRecord();
    this.#position++;
    return this.#bytes[this.#at++]!;
  }

  #skip(count: number): void {
    this.#position += count;
    for (let left = count; left > 0;) {
      if (this.#at === this.#fragmentEnd) this.#openRecord();
      const step = Math.min(left, this.#fragmentEnd - this.#at);
      this.#at += step;
      left -= step;
    }
  }

  /** The next record's header was checked when it came. */
  #openRecord(): void {
    const header = this.#at;
    this.#at += RECORD_HEADER_BYTES;
    this.#fragmentEnd = this.#at + (this.#bytes[header + 3]! << 8 | this.#bytes[header + 4]!);
  }
}

function isHostName(host: Uint8Array, end: number): boolean {
  if (end > HOST_BYTES_MAX) return false;
  let labelStart = 0;
  for (let at = 0; at <= end; at++) {
    if (at < end && host[at] !== DOT) {
      if (!isHostByte(host[at]!)) return false;
      continue;
    }
    const labelLength = at - labelStart;
    if (labelLength === 0 || labelLength > LABEL_BYTES_MAX) return false;
    labelStart = at + 1;
  }
  return true;
}

/** Letters in lower case, digits, - and _. */
function isHostByte(byte: number): boolean {
  return (byte >= 0x61 && byte <= 0x7a) || (byte >= 0x30 && byte <= 0x39) || byte === 0x2d || byte === 0x5f;
}

function lowerCase(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte;
}

function isAt(text: Uint8Array, bytes: Uint8Array, start: number): boolean {
  for (let i = 0; i < text.length; i++) if (bytes[start + i] !== text[i]) return false;
  return true;
}
