/**
 * Socket addresses as the kernel has them: into and out of one piece of memory.
 *
 *     sockaddr_in   | family 2 | port 2 (network order) | address 4 | zero 8 |
 *     sockaddr_in6  | family 2 | port 2 (network order) | flow 4 | address 16 | scope 4 |
 *     sockaddr_un   | family 2 | path, ended by 0, at most 107 bytes |
 *
 * May import: base, sys.
 *
 * @module
 */
import { addressBytes, formatAddressBytes } from "../base/ip_address.ts";
import { SOCKADDR_BYTES_MAX, Socket } from "./abi.ts";
import { pointerTo } from "./memory.ts";

const PATH_BYTES_MAX = 107;
const IPV4_AT = 4;
const IPV6_AT = 8;
const LITTLE_ENDIAN = true;

/** An address in words: what event/poller.ts calls a SocketAddress. */
type Address =
  | { readonly kind: "tcp"; readonly host: string; readonly port: number }
  | { readonly kind: "unix"; readonly path: string };

/** One address and its length, in memory that the kernel reads and writes. */
export class SockAddr {
  readonly #bytes = new Uint8Array(new ArrayBuffer(SOCKADDR_BYTES_MAX + 4));
  readonly #view = new DataView(this.#bytes.buffer);
  /** Where the address lies, and where its length (a socklen_t). */
  readonly pointer = pointerTo(this.#bytes);
  readonly lengthPointer = Deno.UnsafePointer.offset(this.pointer, SOCKADDR_BYTES_MAX);

  get lengthBytes(): number {
    return this.#view.getUint32(SOCKADDR_BYTES_MAX, LITTLE_ENDIAN);
  }

  /** Makes room for an address that the kernel will write. */
  clear(): void {
    this.#view.setUint32(SOCKADDR_BYTES_MAX, SOCKADDR_BYTES_MAX, LITTLE_ENDIAN);
  }

  get family(): number {
    return this.#view.getUint16(0, LITTLE_ENDIAN);
  }

  /** Writes an address; returns false when its host is no IP literal or its path is too long. */
  encode(address: Address): boolean {
    this.#bytes.fill(0, 0, SOCKADDR_BYTES_MAX);
    if (address.kind === "unix") return this.#encodePath(address.path);
    const host = addressBytes(address.host);
    if (host === null) return false;
    this.#view.setUint16(2, address.port);
    const isMapped = host.length === 4 && address.host.includes(":");
    const isIpv4 = host.length === 4 && !isMapped;
    this.#view.setUint16(0, isIpv4 ? Socket.AF_INET : Socket.AF_INET6, LITTLE_ENDIAN);
    if (isMapped) this.#bytes.fill(0xff, IPV6_AT + 10, IPV6_AT + 12);
    this.#bytes.set(host, isIpv4 ? IPV4_AT : isMapped ? IPV6_AT + 12 : IPV6_AT);
    this.#setLength(isIpv4 ? 16 : 28);
    return true;
  }

  /** Reads the address that the kernel wrote; `unixPath` stands for a socket without a name. */
  decode(unixPath: string): Address {
    switch (this.family) {
      case Socket.AF_INET:
        return {
          kind: "tcp",
          host: formatAddressBytes(this.#bytes, IPV4_AT, 4),
          port: this.#view.getUint16(2),
        };
      case Socket.AF_INET6:
        return {
          kind: "tcp",
          host: formatAddressBytes(this.#bytes, IPV6_AT, 16),
          port: this.#view.getUint16(2),
        };
      default:
        return { kind: "unix", path: unixPath };
    }
  }

  #encodePath(path: string): boolean {
    const bytes = new TextEncoder().encode(path);
    if (bytes.length > PATH_BYTES_MAX) return false;
    this.#view.setUint16(0, Socket.AF_UNIX, LITTLE_ENDIAN);
    this.#bytes.set(bytes, 2);
    this.#setLength(2 + bytes.length + 1);
    return true;
  }

  #setLength(lengthBytes: number): void {
    this.#view.setUint32(SOCKADDR_BYTES_MAX, lengthBytes, LITTLE_ENDIAN);
  }
}
