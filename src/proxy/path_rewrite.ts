/**
 * Changes the path of a request: what config/path_rewrite_value.ts read, compiled.
 *
 *     /api/x?q    strip-prefix=/api -> /x    replace-path -> /y    add-prefix=/v1 -> /v1/y    then the query -> /v1/y?q
 *
 * A path that is empty after a step is `/`; one that a replacement left without its slash gets it back. An expression is matched
 * against a string, made only for it; a path of more than {@linkcode PATTERN_PATH_MAX} bytes is not matched but refused.
 *
 * May import: config, protocol.
 *
 * @module
 */
import type { PathRewriteConfig } from "../config/model.ts";
import type { HeadEdit } from "../protocol/h1/head_edit.ts";
import type { HeadParser } from "../protocol/h1/head_parser.ts";
import { asciiBytes, Octet } from "../protocol/http/octet.ts";
import { pathHasPrefix } from "../protocol/http/uri.ts";

/** The longest path that an expression is matched against, in bytes: what bounds the time that it takes. */
export const PATTERN_PATH_MAX = 1_024;

/** See the module's text. */
export class PathRewrite {
  readonly #strip: Uint8Array;
  readonly #add: Uint8Array;
  readonly #pattern: RegExp | null;
  readonly #replacement: string;

  constructor({ stripPrefix, pattern, replacement, addPrefix }: PathRewriteConfig) {
    this.#strip = asciiBytes(stripPrefix);
    this.#add = asciiBytes(addPrefix);
    this.#pattern = pattern === "" ? null : new RegExp(pattern);
    this.#replacement = replacement;
  }

  /** Whether the path in `bytes[start, end)`, a query behind it, is too long to be matched. */
  isTooLong(bytes: Uint8Array, start: number, end: number): boolean {
    return this.#pattern !== null && pathEnd(bytes, start, end) - start > PATTERN_PATH_MAX;
  }

  /** Writes what `bytes[start, end)`, a path with its query, becomes to `into[at, limit)`; returns the index behind it, or -1 when it does not fit. */
  write(bytes: Uint8Array, start: number, end: number, into: Uint8Array, at: number, limit: number): number {
    const queryStart = pathEnd(bytes, start, end);
    const hasPrefix = this.#strip.length > 0 && pathHasPrefix(bytes, start, end, this.#strip);
    const from = hasPrefix ? start + this.#strip.length : start;
    const added = copy(this.#add, 0, this.#add.length, into, at, limit);
    if (added < 0) return -1;
    const behindPath = this.#pattern === null
      ? copyPath(bytes, from, queryStart, into, added, limit)
      : this.#replace(this.#pattern, bytes, from, queryStart, into, added, limit);
    return behindPath < 0 ? -1 : copy(bytes, queryStart, end, into, behindPath, limit);
  }

  #replace(
    pattern: RegExp,
    bytes: Uint8Array,
    start: number,
    end: number,
    into: Uint8Array,
    at: number,
    limit: number,
  ): number {
    let path = "";
    for (let i = start; i < end; i++) path += String.fromCharCode(bytes[i]);
    const replaced = (path === "" ? "/" : path).replace(pattern, this.#replacement);
    const text = replaced.startsWith("/") ? replaced : `/${replaced}`;
    if (at + text.length > limit) return -1;
    for (let i = 0; i < text.length; i++) into[at + i] = text.charCodeAt(i);
    return at + text.length;
  }
}

/** Gives a request a new start line, in origin form; `scratch` is used for it. A line that does not fit makes the edit overflow. */
export function rewritePath(
  rewrite: PathRewrite,
  edit: HeadEdit,
  scratch: Uint8Array,
  head: HeadParser,
  bytes: Uint8Array,
  base: number,
): void {
  const { startOffset, methodEnd, pathStart, targetEnd, startLineEnd } = head;
  const limit = scratch.length - (startLineEnd - targetEnd);
  let at = copy(bytes, base + startOffset, base + methodEnd + 1, scratch, 0, limit);
  if (at >= 0) at = rewrite.write(bytes, base + pathStart, base + targetEnd, scratch, at, limit);
  if (at < 0) {
    edit.isOverflown = true;
    return;
  }
  at = copy(bytes, base + targetEnd, base + startLineEnd, scratch, at, scratch.length);
  edit.replaceStartLine(scratch, 0, at);
}

function copyPath(
  bytes: Uint8Array,
  start: number,
  end: number,
  into: Uint8Array,
  at: number,
  limit: number,
): number {
  if (start < end) return copy(bytes, start, end, into, at, limit);
  if (at >= limit) return -1;
  into[at] = Octet.SLASH;
  return at + 1;
}

function copy(
  source: Uint8Array,
  start: number,
  end: number,
  into: Uint8Array,
  at: number,
  limit: number,
): number {
  const length = end - start;
  if (at + length > limit) return -1;
  for (let i = 0; i < length; i++) into[at + i] = source[start + i];
  return at + length;
}

function pathEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && bytes[at] !== Octet.QUESTION) at++;
  return at;
}
