/**
 * The stickiness of one backend: which server a client is to have again, asked in this order:
 *
 *     1  ignore-persist: nobody is asked
 *     2  the cookie (cookie_persistence.ts)
 *     3  the table (stick_table.ts), by src, hdr, cookie or url_param
 *     4  nobody knows: load balancing
 *
 *     the server that they name        gets the request
 *     UP, NOLB, DRAIN, weight 0        yes: it takes known clients
 *     DOWN, EJECTED, MAINT             no, unless persist (of the backend) or force-persist (of the path)
 *     has no address                   no
 *
 * A table learns from every answer (tcp: every connection) which server the client had in the end, whoever chose it: a redispatched
 * client sticks to its new server. Keys are hashed with a seed that all threads share (HalfSipHash, 64 bits).
 *
 * May import: config, protocol, proxy.
 *
 * @module
 */
import type { StickConfig, StickTableConfig } from "../../config/model_stick.ts";
import type { HeadEdit } from "../../protocol/h1/head_edit.ts";
import type { HeadParser } from "../../protocol/h1/head_parser.ts";
import { pathHasPrefix } from "../../protocol/http/uri.ts";
import { hashText, mix } from "../balance/hash_key.ts";
import type { ClientIdentity } from "../client_identity.ts";
import { KeyReader } from "../key_reader.ts";
import { KeyHash } from "../limit/key_hash.ts";
import { CookieSeen, type LogRecord } from "../log_record.ts";
import type { Server } from "../server.ts";
import { CookiePersistence } from "./cookie_persistence.ts";
import { NO_SERVER, StickTable } from "./stick_table.ts";
import type { StickState } from "./stick_state.ts";

/** The longest text of an address: "ffff:…:255.255.255.255%interface" is shorter. */
const ADDRESS_BYTES_MAX = 64;

/** See the module's text. */
export class Stickiness {
  /** null: no table. */
  readonly table: StickTable | null;
  readonly #cookie: CookiePersistence | null;
  readonly #servers: readonly Server[];
  /** What a table knows each server by: of its name, not of its place. */
  readonly #serverIds: Uint16Array;
  /** null: the key is the client's address. */
  readonly #keys: KeyReader | null;
  readonly #hash: KeyHash;
  readonly #addressBytes = new Uint8Array(ADDRESS_BYTES_MAX);
  readonly #isPersistent: boolean;
  readonly #ignoredPaths: readonly Uint8Array[];
  readonly #forcedPaths: readonly Uint8Array[];

  /** @param cells Of the table; null when the backend has none. */
  constructor(config: StickConfig, servers: readonly Server[], cells: Int32Array | null) {
    const encode = (path: string) => new TextEncoder().encode(path);
    this.#servers = servers;
    this.#cookie = config.cookie === null ? null : new CookiePersistence(config.cookie, servers);
    this.table = config.table === null ? null : new StickTable(cells!, config.table.expireMs);
    this.#keys = config.table === null ? null : newKeyReader(config.table);
    this.#hash = new KeyHash(this.table?.seedLow ?? 0, this.table?.seedHigh ?? 0);
    this.#serverIds = idsOf(servers.map((server) => server.config.name));
    this.#isPersistent = config.isPersistent;
    this.#ignoredPaths = config.ignoredPaths.map(encode);
    this.#forcedPaths = config.forcedPaths.map(encode);
  }

  /** Whether a configuration makes anything sticky. */
  static isOn({ cookie, table }: StickConfig): boolean {
    return cookie !== null || table !== null;
  }

  /** The server that a parsed request is to have, whose first byte is at `base`; null: any. Begins the state of its stream. */
  choose(
    state: StickState,
    record: LogRecord,
    head: HeadParser,
    bytes: Uint8Array,
    base: number,
    client: ClientIdentity,
    wallMs: number,
  ): Server | null {
    state.reset();
    state.isIgnored = isBelow(this.#ignoredPaths, head, bytes, base);
    state.isForced = isBelow(this.#forcedPaths, head, bytes, base);
    const isPersistent = this.#isPersistent || state.isForced;
    const nowS = Math.floor(wallMs / 1_000);
    const known = this.#cookie?.read(state, record, head, bytes, base, isPersistent, nowS) ?? null;
    if (this.table === null || state.isIgnored) return known;
    if (this.#keys === null) this.#hashAddress(state, client);
    else if (this.#keys.findValue(head, bytes, base)) {
      this.#hash.hash(bytes, this.#keys.valueStart, this.#keys.valueEnd);
      this.#takeKey(state);
    }
    return known ?? this.#lookUp(state, isPersistent, wallMs);
  }

  /** The server that a tcp client is to have; null: any. */
  chooseForClient(state: StickState, client: ClientIdentity, wallMs: number): Server | null {
    state.reset();
    this.#hashAddress(state, client);
    return this.#lookUp(state, this.#isPersistent, wallMs);
  }

  /** A server was chosen: one that is not the cookie's means that the cookie's could not be reached. */
  noteServer(record: LogRecord, isDirect: boolean): void {
    if (!isDirect && record.requestCookie === CookieSeen.VALID) record.requestCookie = CookieSeen.DOWN;
  }

  /** Takes what is not the server's business out of a request's head; returns how many bytes. Those to `dataEnd` move along. */
  hideCookie(state: StickState, head: HeadParser, bytes: Uint8Array, base: number, dataEnd: number): number {
    return this.#cookie?.hide(state, head, bytes, base, dataEnd) ?? 0;
  }

  /** Edits the head of an answer: see {@linkcode CookiePersistence.editAnswer}. */
  editAnswer(
    edit: HeadEdit,
    head: HeadParser,
    bytes: Uint8Array,
    base: number,
    state: StickState,
    record: LogRecord,
    server: Server,
    isDirect: boolean,
    methodId: number,
    wallMs: number,
  ): void {
    const nowS = Math.floor(wallMs / 1_000);
    this.#cookie?.editAnswer(edit, head, bytes, base, state, record, server, isDirect, methodId, nowS);
  }

  /** The stream's client had this server. */
  learn(state: StickState, server: Server, wallMs: number): void {
    if (this.table === null || !state.hasKey) return;
    this.table.store(state.keyHigh, state.keyLow, this.#serverIds[server.index]!, wallMs);
  }

  #lookUp({ hasKey, keyHigh, keyLow }: StickState, isPersistent: boolean, wallMs: number): Server | null {
    if (this.table === null || !hasKey) return null;
    const id = this.table.find(keyHigh, keyLow, wallMs);
    if (id === NO_SERVER) return null;
    const index = this.#serverIds.indexOf(id);
    if (index < 0) return null;
    const server = this.#servers[index]!;
    return server.takesKnown || (isPersistent && server.addressCount > 0) ? server : null;
  }

  /** A client of a unix socket has no address. */
  #hashAddress(state: StickState, client: ClientIdentity): void {
    if (client.isUnix) return;
    const { address } = client;
    const length = Math.min(address.length, ADDRESS_BYTES_MAX);
    for (let i = 0; i < length; i++) this.#addressBytes[i] = address.charCodeAt(i);
    this.#hash.hash(this.#addressBytes, 0, length);
    this.#takeKey(state);
  }

  #takeKey(state: StickState): void {
    state.hasKey = true;
    state.keyHigh = this.#hash.high;
    state.keyLow = this.#hash.low;
  }
}

function newKeyReader({ key, keyName }: StickTableConfig): KeyReader | null {
  if (key === "src") return null;
  return new KeyReader({ algorithm: key, keyName, uriLengthMax: 0, uriDepthMax: 0, uriWhole: false });
}

/** 16 bits of each name's hash, never NO_SERVER; of equal ones the later takes the next that is free. */
function idsOf(names: readonly string[]): Uint16Array {
  const taken = new Set<number>([NO_SERVER]);
  return Uint16Array.from(names, (name) => {
    let id = mix(hashText(name)) & 0xffff;
    while (taken.has(id)) id = (id + 1) & 0xffff;
    taken.add(id);
    return id;
  });
}

function isBelow(paths: readonly Uint8Array[], head: HeadParser, bytes: Uint8Array, base: number): boolean {
  for (let i = 0; i < paths.length; i++) {
    if (pathHasPrefix(bytes, base + head.pathStart, base + head.targetEnd, paths[i]!)) return true;
  }
  return false;
}
