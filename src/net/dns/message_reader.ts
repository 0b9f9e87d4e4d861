/**
 * A DNS answer (RFC 1035, RFC 2782, RFC 3596): bytes that anybody may have sent, into records.
 *
 *     not ours        too short, another id, no answer, another question     null: whoever waits goes on waiting
 *     truncated       TC                                                     ask again over TCP
 *     malformed       a name or record beyond the end, a loop                what was read before counts, `isMalformed`
 *
 * Names are followed through CNAME records of the same answer, whatever their order. Pure.
 *
 * May import: base, net/dns.
 *
 * @module
 */
import { formatAddressBytes } from "../../base/ip_address.ts";
import { RecordType } from "./message_writer.ts";

/** Response codes that mean something here. */
export const ResponseCode = { OK: 0, SERVER_FAILED: 2, NO_SUCH_NAME: 3, REFUSED: 5 } as const;

/** Records of one answer that are read; more are left out. */
export const RECORDS_MAX = 1_024;

/** One SRV record. */
export interface ServiceRecord {
  readonly priority: number;
  readonly weight: number;
  /** 1 to 65535. */
  readonly port: number;
  /** Lower case, without a dot at the end. */
  readonly target: string;
}

/** See the module's text. */
export interface DnsAnswer {
  /** A {@linkcode ResponseCode}, or another one. */
  readonly code: number;
  readonly isTruncated: boolean;
  readonly isMalformed: boolean;
  /** Of the name asked for, of the type asked for. */
  readonly addresses: readonly string[];
  readonly services: readonly ServiceRecord[];
  /** Addresses of other names that came along, both families. */
  readonly others: ReadonlyMap<string, readonly string[]>;
}

const HEADER_BYTES = 12;
const FLAG_RESPONSE = 0x80;
const FLAG_TRUNCATED = 0x02;
const CODE_MASK = 0x0f;
const TYPE_CNAME = 5;
const CLASS_IN = 1;
const POINTER = 0xc0;
const NAME_BYTES_MAX = 255;
const CNAMES_MAX = 16;

/** Reads the answer to a query for `name` with this id; null when it is no answer to it. */
export function readAnswer(bytes: Uint8Array, id: number, name: string, type: number): DnsAnswer | null {
  if (bytes.length < HEADER_BYTES || uint16(bytes, 0) !== id || (bytes[2]! & FLAG_RESPONSE) === 0) {
    return null;
  }
  const asked = name.toLowerCase().replace(/\.$/, "");
  const code = bytes[3]! & CODE_MASK;
  const isTruncated = (bytes[2]! & FLAG_TRUNCATED) !== 0;
  const reader = new Reader(bytes);
  const questionCount = uint16(bytes, 4);
  // Some servers leave the question out when they refuse.
  if (questionCount === 0 && code === ResponseCode.OK) return null;
  if (questionCount > 1) return null;
  if (
    questionCount === 1 && !(reader.readName() === asked && reader.readUint16() === type && reader.skip(2))
  ) {
    return null;
  }
  const recordCount = uint16(bytes, 6) + uint16(bytes, 8) + uint16(bytes, 10);
  reader.readRecords(Math.min(recordCount, RECORDS_MAX));
  const owner = reader.follow(asked);
  const addresses = reader.addresses.get(owner)?.filter((address) =>
    address.includes(":") === (type === RecordType.AAAA)
  );
  const others = new Map(reader.addresses);
  others.delete(owner);
  return {
    code,
    isTruncated,
    isMalformed: reader.hasFailed,
    addresses: type === RecordType.SRV ? [] : addresses ?? [],
    services: type === RecordType.SRV ? reader.services.get(owner) ?? [] : [],
    others,
  };
}

class Reader {
  readonly addresses = new Map<string, string[]>();
  readonly services = new Map<string, ServiceRecord[]>();
  hasFailed = false;
  readonly #aliases = new Map<string, string>();
  readonly #bytes: Uint8Array;
  #at = HEADER_BYTES;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  readRecords(count: number): void {
    for (let i = 0; i < count && !this.hasFailed; i++) this.#readRecord();
  }

  /** The name at the end of the aliases. */
  follow(name: string): string {
    let owner = name;
    for (let i = 0; i < CNAMES_MAX && this.#aliases.has(owner); i++) owner = this.#aliases.get(owner)!;
    return owner;
  }

  readUint16(): number {
    const value = this.#at + 2 <= this.#bytes.length ? uint16(this.#bytes, this.#at) : -1;
    this.skip(2);
    return value;
  }

  skip(count: number): boolean {
    this.#at += count;
    if (this.#at > this.#bytes.length) this.hasFailed = true;
    return !this.hasFailed;
  }

  /** Reads a name, which may point back; "" for the root, or with `hasFailed`. */
  readName(): string {
    const labels: string[] = [];
    let at = this.#at;
    let end = -1;
    let sizeBytes = 0;
    for (;;) {
      const length = this.#bytes[at];
      if (length === undefined) return this.#fail();
      if ((length & POINTER) === POINTER) {
        if (at + 1 >= this.#bytes.length) return this.#fail();
        const target = uint16(this.#bytes, at) & 0x3fff;
        if (end < 0) end = at + 2;
        // Only backwards, so that there is no loop.
        if (target >= at) return this.#fail();
        at = target;
        continue;
      }
      sizeBytes += length + 1;
      if ((length & POINTER) !== 0 || sizeBytes > NAME_BYTES_MAX || at + 1 + length > this.#bytes.length) {
        return this.#fail();
      }
      if (length === 0) break;
      labels.push(String.fromCharCode(...this.#bytes.subarray(at + 1, at + 1 + length)));
      at += length + 1;
    }
    this.#at = end < 0 ? at + 1 : end;
    return labels.join(".").toLowerCase();
  }

  #readRecord(): void {
    const owner = this.readName();
    const type = this.readUint16();
    const recordClass = this.readUint16();
    if (!this.skip(4)) return;
    const length = this.readUint16();
    const from = this.#at;
    if (!this.skip(length)) return;
    if (recordClass !== CLASS_IN) return;
    if (type === RecordType.A && length === 4) this.#addAddress(owner, from, 4);
    else if (type === RecordType.AAAA && length === 16) this.#addAddress(owner, from, 16);
    else if (type === TYPE_CNAME) this.#aliases.set(owner, this.#nameAt(from));
    else if (type === RecordType.SRV && length > 6) this.#addService(owner, from);
    this.#at = from + length;
  }

  #addAddress(owner: string, at: number, sizeBytes: 4 | 16): void {
    append(this.addresses, owner, formatAddressBytes(this.#bytes, at, sizeBytes));
  }

  #addService(owner: string, at: number): void {
    const record: ServiceRecord = {
      priority: uint16(this.#bytes, at),
      weight: uint16(this.#bytes, at + 2),
      port: uint16(this.#bytes, at + 4),
      target: this.#nameAt(at + 6),
    };
    // A target "." says that the service is not there (RFC 2782).
    if (record.target !== "" && record.port !== 0) append(this.services, owner, record);
  }

  #nameAt(at: number): string {
    this.#at = at;
    return this.readName();
  }

  #fail(): string {
    this.hasFailed = true;
    return "";
  }
}

function append<T>(map: Map<string, T[]>, key: string, value: T): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}

function uint16(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}
