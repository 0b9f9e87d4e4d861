/**
 * An answer that sends the client elsewhere, made of the request at hand.
 *
 *     kind       Location                                      a request that has no
 *     scheme     https://  host of the request  :port  path    Host (HTTP/1.0) is a bad one: 400
 *     prefix     text  path
 *     location   text
 *
 * "path" is the path with its query; `*` and an empty one are `/`. The port of the request's host is left out: it is the one that
 * is redirected from. A Location never begins with two slashes for what the client sent: it would name another host.
 *
 * An answer is written anew, from the head that is still in the client's buffer, each time that more of it can be sent: it takes no
 * memory of its own while a client is slow.
 *
 * May import: base, config, protocol.
 *
 * @module
 */
import type { Slab } from "../base/slab.ts";
import type { RedirectConfig } from "../config/model.ts";
import { FIELD_STRIDE, FieldPart, type HeadParser, TargetForm } from "../protocol/h1/head_parser.ts";
import { FieldName } from "../protocol/http/field_name.ts";
import { asciiBytes, Octet } from "../protocol/http/octet.ts";
import { reasonPhrase } from "../protocol/http/status.ts";
import { scanHost } from "../protocol/http/uri.ts";
import { PathRewrite } from "./path_rewrite.ts";

/** Answers that a cache may keep without being told otherwise are not told otherwise, as in HAProxy. */
const CACHED_CODES: readonly number[] = [301, 308];
const END_KEEP = asciiBytes("\r\n\r\n");
const END_CLOSE = asciiBytes("\r\nconnection: close\r\n\r\n");
const BACKSLASH = 0x5c;

/** See the module's text. */
export class Redirect {
  readonly config: RedirectConfig;
  /** Where the answer is written; shared with others. */
  readonly slab: Slab;
  readonly #before: Uint8Array;
  readonly #pathRewrite: PathRewrite | null;
  /** Behind the host: `:8443`. */
  readonly #port: Uint8Array;

  constructor(config: RedirectConfig, slab: Slab) {
    const { code, kind, text } = config;
    this.config = config;
    this.slab = slab;
    this.#pathRewrite = config.pathRewrite === null ? null : new PathRewrite(config.pathRewrite);
    const colon = kind === "scheme" ? text.indexOf(":") : -1;
    const start = kind === "scheme" ? `${colon < 0 ? text : text.slice(0, colon)}://` : text;
    const cache = CACHED_CODES.includes(code) ? "" : "cache-control: no-cache\r\n";
    this.#port = asciiBytes(colon < 0 ? "" : text.slice(colon));
    this.#before = asciiBytes(
      `HTTP/1.1 ${code} ${reasonPhrase(code)}\r\ncontent-length: 0\r\n${cache}location: ${start}`,
    );
  }

  /** The status that says why this request cannot be redirected: 400 without a host, 414 with too long a path; else 0. */
  refusal(head: HeadParser, bytes: Uint8Array, base: number): number {
    if (this.config.kind === "scheme" && this.#copyHost(head, bytes, base, 0) === 0) return 400;
    if (this.#pathRewrite === null) return 0;
    const isTooLong = this.#pathRewrite.isTooLong(bytes, base + head.pathStart, base + head.targetEnd) ||
      this.write(head, bytes, base, true) < 0;
    return isTooLong ? 414 : 0;
  }

  /** Writes the whole answer at the beginning of the slab; returns its length, -1 when it does not fit. Valid until the next one is written. */
  write(head: HeadParser, bytes: Uint8Array, base: number, closes: boolean): number {
    let at = this.#copy(this.#before, 0, this.#before.length, 0);
    if (this.config.kind === "scheme") {
      at = this.#copyHost(head, bytes, base, at);
      at = this.#copy(this.#port, 0, this.#port.length, at);
    }
    if (this.config.kind !== "location") at = this.#copyPath(head, bytes, base, at);
    if (at < 0) return -1;
    const end = closes ? END_CLOSE : END_KEEP;
    return this.#copy(end, 0, end.length, at);
  }

  /** The host without its port, of an absolute target before that of Host; nothing when there is none. */
  #copyHost(head: HeadParser, bytes: Uint8Array, base: number, at: number): number {
    let start = head.authorityStart;
    let end = head.authorityEnd;
    if (head.targetForm !== TargetForm.ABSOLUTE) {
      const row = head.fieldIndexOf(FieldName.HOST) * FIELD_STRIDE;
      if (row < 0) return at;
      start = head.fields[row + FieldPart.VALUE_START];
      end = head.fields[row + FieldPart.VALUE_END];
    }
    const hostEnd = scanHost(bytes, base + start, base + end);
    return hostEnd < 0 ? at : this.#copy(bytes, base + start, hostEnd, at);
  }

  /** -1 when it does not fit. */
  #copyPath(head: HeadParser, bytes: Uint8Array, base: number, at: number): number {
    const into = this.slab.bytes;
    const start = base + head.pathStart;
    const end = base + head.targetEnd;
    const limit = into.length - END_CLOSE.length;
    let stop = at;
    const isAsterisk = head.targetForm === TargetForm.ASTERISK;
    if (!isAsterisk && this.#pathRewrite !== null) {
      stop = this.#pathRewrite.write(bytes, start, end, into, at, limit);
      if (stop < 0) return -1;
    } else {
      if (isAsterisk || start === end || bytes[start] !== Octet.SLASH) into[stop++] = Octet.SLASH;
      if (!isAsterisk) stop = this.#copy(bytes, start, end, stop);
    }
    if (this.config.kind !== "prefix" || this.config.text !== "") return stop;
    let from = at + 1;
    while (from < stop && (into[from] === Octet.SLASH || into[from] === BACKSLASH)) from++;
    into.copyWithin(at + 1, from, stop);
    return stop - (from - at - 1);
  }

  #copy(source: Uint8Array, start: number, end: number, at: number): number {
    const into = this.slab.bytes;
    for (let i = start; i < end; i++) into[at + i - start] = source[i];
    return at + end - start;
  }
}
