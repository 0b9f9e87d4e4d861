/**
 * Persistence by a cookie (HAProxy: `cookie`), in all of its modes: what a request's cookie says, what of it the server sees, what the
 * client is given.
 *
 *     the request's cookie                                  letter    its server
 *     there is none                                         N
 *     older than maxlife, or more than a day in the future  O         any
 *     not seen for maxidle, or a day in the future          E         any
 *     stands for a server that takes known clients          V         that one
 *     stands for servers that are down only                 D         any; with persist the first of them
 *     anything else; ignore-persist                         I; U      any
 *
 *     the answer                                                                                   letter
 *     insert: the server's own cookie of that name goes (unless preserve); one is given unless     I; U when only
 *             the client came with it and its dates are fresh, or postonly, or ignore-persist      dates are new
 *     rewrite, prefix: the server's own cookie gets this server's value, or it before its own      R
 *     indirect: the server's own cookie goes when the client came with a good one                  D
 *     the server's own cookie stays as it is                                                       P
 *     nothing of these                                                                             N
 *
 * A cookie comes as NAME=SERVER, NAME=SERVER|lastseen|firstseen (cookie_date.ts), or NAME=SERVER~VALUE with prefix. Of several the
 * first one that leads to a server counts. A server without a value has the client's cookie removed.
 *
 * May import: config, protocol, proxy.
 *
 * @module
 */
import type { CookieConfig } from "../../config/model_stick.ts";
import type { HeadEdit } from "../../protocol/h1/head_edit.ts";
import { FIELD_STRIDE, FieldPart, type HeadParser } from "../../protocol/h1/head_parser.ts";
import { isCacheable } from "../../protocol/http/cacheability.ts";
import { CookieScanner } from "../../protocol/http/cookie.ts";
import {
  DATE_DELIMITER,
  DATE_LETTERS,
  readCookieDate,
  writeCookieDate,
} from "../../protocol/http/cookie_date.ts";
import { CookieRemoval, PREFIX_DELIMITER, removeCookie } from "../../protocol/http/cookie_removal.ts";
import { FieldName } from "../../protocol/http/field_name.ts";
import { Method } from "../../protocol/http/method.ts";
import { CookieGiven, CookieSeen, type LogRecord } from "../log_record.ts";
import type { Server } from "../server.ts";
import { ServerCookies } from "./server_cookies.ts";
import type { StickState } from "./stick_state.ts";

/** Clocks of several machines may differ; time zones, too, as HAProxy has it. */
const FUTURE_MAX_S = 86_400;
const EPOCH = "Thu, 01-Jan-1970 00:00:01 GMT";

const encoder = new TextEncoder();
const LINES = {
  setCookie: encoder.encode("Set-Cookie: "),
  cacheControl: encoder.encode("Cache-Control: private\r\n"),
  crlf: encoder.encode("\r\n"),
} as const;

/** See the module's text. One per backend that has a cookie. */
export class CookiePersistence {
  readonly #config: CookieConfig;
  readonly #servers: readonly Server[];
  readonly #cookies: ServerCookies;
  readonly #scanner = new CookieScanner();
  readonly #name: Uint8Array;
  /** `Set-Cookie: NAME=value` of each server, without dates and attributes. */
  readonly #givings: readonly Uint8Array[];
  /** The attributes behind it, to the end of the line. */
  readonly #attributes: Uint8Array;
  /** The last seen and first seen dates, each behind its bar. */
  readonly #dates = new Uint8Array(2 * (1 + DATE_LETTERS));

  constructor(config: CookieConfig, servers: readonly Server[]) {
    this.#config = config;
    this.#servers = servers;
    this.#name = encoder.encode(config.name);
    const values = servers.map((server) => server.config.cookie);
    this.#cookies = new ServerCookies(values);
    this.#givings = values.map((value) =>
      encoder.encode(`Set-Cookie: ${config.name}=${value === null ? `; Expires=${EPOCH}` : value}`)
    );
    this.#attributes = encoder.encode([
      "; path=/",
      ...config.domains.map((domain) => `; domain=${domain}`),
      ...(config.isHttpOnly ? ["; HttpOnly"] : []),
      ...(config.isSecure ? ["; Secure"] : []),
      ...config.attributes.map((attribute) => `; ${attribute}`),
      "\r\n",
    ].join(""));
    this.#dates[0] = this.#dates[1 + DATE_LETTERS] = DATE_DELIMITER;
  }

  /** Reads the cookies of a request; returns the server that they lead to, or null. */
  read(
    state: StickState,
    record: LogRecord,
    head: HeadParser,
    bytes: Uint8Array,
    base: number,
    isPersistent: boolean,
    nowS: number,
  ): Server | null {
    const scanner = this.#scanner;
    let server: Server | null = null;
    record.requestCookie = CookieSeen.NONE;
    record.responseCookie = CookieGiven.NONE;
    for (let row = 0; row < head.fieldCount * FIELD_STRIDE; row += FIELD_STRIDE) {
      if (head.fields[row + FieldPart.NAME_ID] !== FieldName.COOKIE) continue;
      const start = base + head.fields[row + FieldPart.VALUE_START]!;
      scanner.begin(bytes, start, base + head.fields[row + FieldPart.VALUE_END]!);
      while (scanner.next()) {
        if (scanner.isAttribute || !scanner.hasValue || !scanner.isNamed(this.#name)) continue;
        state.hasCookie = true;
        server ??= this.#readOne(state, record, bytes, isPersistent, nowS);
      }
    }
    return server;
  }

  /** Takes what is not the server's business out of a request; returns how many bytes. */
  hide(state: StickState, head: HeadParser, bytes: Uint8Array, base: number, dataEnd: number): number {
    const { mode, isIndirect } = this.#config;
    const isWhole = mode === "insert" && isIndirect;
    if (!state.hasCookie || !(isWhole || mode === "prefix")) return 0;
    const removal = isWhole ? CookieRemoval.WHOLE : CookieRemoval.PREFIX;
    return removeCookie(head, bytes, base, dataEnd, this.#scanner, this.#name, removal);
  }

  /** Edits the head of an answer of `server`, to which the client's own cookie (or entry in a table) led if `isDirect`. */
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
    nowS: number,
  ): void {
    if (state.isIgnored) return;
    record.responseCookie = CookieGiven.NONE;
    for (let index = 0; index < head.fieldCount; index++) {
      if (head.fields[index * FIELD_STRIDE + FieldPart.NAME_ID] !== FieldName.SET_COOKIE) continue;
      if (edit.isDropped(index)) continue;
      const start = base + head.fields[index * FIELD_STRIDE + FieldPart.VALUE_START]!;
      const end = base + head.fields[index * FIELD_STRIDE + FieldPart.VALUE_END]!;
      if (!this.#scanner.readSetCookie(bytes, start, end) || !this.#scanner.isNamed(this.#name)) continue;
      record.responseCookie = this.#editOwn(edit, bytes, index, start, end, server, isDirect);
    }
    if (this.#gives(state, record, isDirect, methodId, nowS)) {
      this.#give(edit, state, server, nowS);
      const isUpdate = isDirect && server.config.cookie !== null;
      record.responseCookie = isUpdate ? CookieGiven.UPDATED : CookieGiven.INSERTED;
      if (this.#config.hasNoCache && isCacheable(head, bytes, base, methodId)) {
        edit.append(LINES.cacheControl, 0, LINES.cacheControl.length);
      }
    }
  }

  /** Looks at the cookie that the scanner is at; returns the server that it leads to, or null. */
  #readOne(
    state: StickState,
    record: LogRecord,
    bytes: Uint8Array,
    isPersistent: boolean,
    nowS: number,
  ): Server | null {
    const { valueStart: start, valueEnd } = this.#scanner;
    const end = this.#config.mode === "prefix"
      ? indexOf(bytes, start, valueEnd, PREFIX_DELIMITER)
      : this.#readDates(state, bytes, start, valueEnd);
    if (this.#isOver(state, record, nowS)) return null;
    if (state.isIgnored || start === end) return this.#noteUseless(state, record);
    let index = this.#cookies.find(bytes, start, end, -1);
    if (index < 0) return this.#noteUseless(state, record);
    for (; index >= 0; index = this.#cookies.find(bytes, start, end, index)) {
      const server = this.#servers[index]!;
      record.requestCookie = server.takesKnown ? CookieSeen.VALID : CookieSeen.DOWN;
      if (server.takesKnown || (isPersistent && server.addressCount > 0)) return server;
    }
    return null;
  }

  /** What was seen of another cookie before stays. */
  #noteUseless(state: StickState, record: LogRecord): null {
    if (record.requestCookie === CookieSeen.NONE) {
      record.requestCookie = state.isIgnored ? CookieSeen.UNUSED : CookieSeen.INVALID;
    }
    return null;
  }

  /** Returns where the server's part ends. */
  #readDates(state: StickState, bytes: Uint8Array, start: number, valueEnd: number): number {
    const end = indexOf(bytes, start, valueEnd, DATE_DELIMITER);
    state.lastSeenS = end < valueEnd ? readCookieDate(bytes, end + 1, valueEnd) : 0;
    const second = indexOf(bytes, end + 1, valueEnd, DATE_DELIMITER);
    state.firstSeenS = second < valueEnd ? readCookieDate(bytes, second + 1, valueEnd) : 0;
    return end;
  }

  /** Whether the dates make the cookie void; they are forgotten then. */
  #isOver(state: StickState, record: LogRecord, nowS: number): boolean {
    const isOld = isBeyond(state.firstSeenS, this.#config.maxLifeS, nowS);
    if (!isOld && !isBeyond(state.lastSeenS, this.#config.maxIdleS, nowS)) return false;
    record.requestCookie = isOld ? CookieSeen.OLD : CookieSeen.EXPIRED;
    state.lastSeenS = state.firstSeenS = 0;
    return true;
  }

  /** Does what is to be done with a cookie of the server's own; returns the letter for it. */
  #editOwn(
    edit: HeadEdit,
    bytes: Uint8Array,
    index: number,
    start: number,
    end: number,
    server: Server,
    isDirect: boolean,
  ): number {
    const { mode, isIndirect, isPreserving } = this.#config;
    if (isPreserving) return CookieGiven.PASSED;
    if (mode === "insert" || (isIndirect && isDirect)) {
      edit.dropField(index);
      return CookieGiven.DELETED;
    }
    const value = this.#cookies.values[server.index]!;
    if (mode === "passive" || value === null) return CookieGiven.PASSED;
    edit.dropField(index);
    edit.append(LINES.setCookie, 0, LINES.setCookie.length);
    edit.append(bytes, start, this.#scanner.valueStart);
    edit.append(value, 0, value.length);
    if (mode === "prefix") {
      edit.appendAscii("~");
      edit.append(bytes, this.#scanner.valueStart, end);
    } else edit.append(bytes, this.#scanner.valueEnd, end);
    edit.append(LINES.crlf, 0, LINES.crlf.length);
    return CookieGiven.REWRITTEN;
  }

  /** Whether the client is to be given a cookie. */
  #gives(
    { lastSeenS, firstSeenS }: StickState,
    record: LogRecord,
    isDirect: boolean,
    methodId: number,
    nowS: number,
  ): boolean {
    const { mode, isPostOnly, maxIdleS, maxLifeS } = this.#config;
    if (mode !== "insert" || record.responseCookie === CookieGiven.PASSED) return false;
    if (isPostOnly && methodId !== Method.POST) return false;
    if (!isDirect) return true;
    const isLastSeenStale = (maxIdleS > 0 || lastSeenS > 0) && lastSeenS < nowS;
    return isLastSeenStale || (maxLifeS > 0) !== (firstSeenS > 0);
  }

  #give(edit: HeadEdit, { firstSeenS }: StickState, server: Server, nowS: number): void {
    const { maxIdleS, maxLifeS } = this.#config;
    const giving = this.#givings[server.index]!;
    edit.append(giving, 0, giving.length);
    if (server.config.cookie !== null && maxIdleS + maxLifeS > 0) {
      const end = writeCookieDate(this.#dates, 1, nowS);
      if (maxLifeS > 0) writeCookieDate(this.#dates, end + 1, firstSeenS || nowS);
      edit.append(this.#dates, 0, maxLifeS > 0 ? this.#dates.length : end);
    }
    edit.append(this.#attributes, 0, this.#attributes.length);
  }
}

/** Whether a date is more than `maxS` ago, or so far in the future that it cannot be right. 0: no date, no limit. */
function isBeyond(dateS: number, maxS: number, nowS: number): boolean {
  return dateS > 0 && maxS > 0 && (nowS - dateS > maxS || dateS - nowS > FUTURE_MAX_S);
}

/** Returns where the byte is first; `end` when it is not there. */
function indexOf(bytes: Uint8Array, start: number, end: number, byte: number): number {
  let at = start;
  while (at < end && bytes[at] !== byte) at++;
  return at;
}
