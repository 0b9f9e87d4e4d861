/**
 * What is compressed, compiled from the configuration; and whether a response may be, by its head alone.
 *
 * Not compressed, as in HAProxy: statuses other than 200 to 203; HTTP/1.0 responses; bodies without Content-Length or chunks, or smaller
 * than `compress-min-size`; other types; what is encoded already; `no-transform`; an invalid or repeated ETag. Beyond HAProxy: what
 * carries a digest of the content, which would be wrong.
 *
 * May import: base, config, protocol.
 *
 * @module
 */
import type { CodingConfig, CompressConfig } from "../../config/model_compress.ts";
import { encoderCostBytes } from "../../config/model_compress.ts";
import { ContentCoding } from "../../protocol/http/accept_encoding.ts";
import { FieldName } from "../../protocol/http/field_name.ts";
import { FIELD_STRIDE, FieldPart, type MessageHead } from "../../protocol/http/message_head.ts";
import { asciiBytes, equalIgnoringCase } from "../../protocol/http/octet.ts";
import { EntityTag, entityTagKind, listHas, MediaTypes } from "../../protocol/http/representation.ts";

const NO_TRANSFORM = asciiBytes("no-transform");
const DIGESTS: readonly Uint8Array[] = ["content-digest", "repr-digest", "digest", "content-md5"].map(
  asciiBytes,
);

/** See the module's text. */
export class CompressRule {
  readonly offload: boolean;
  /** Values of ContentCoding, in order of preference. */
  readonly codings: readonly number[];
  readonly #minSizeBytes: number;
  readonly #types: MediaTypes;
  readonly #levels: readonly number[];
  readonly #costs: readonly number[];

  constructor(config: CompressConfig) {
    this.offload = config.offload;
    this.codings = config.codings.map(({ name }) => codingId(name));
    this.#minSizeBytes = config.minSizeBytes;
    this.#types = new MediaTypes(config.types);
    this.#levels = config.codings.map(({ level }) => level);
    this.#costs = config.codings.map(encoderCostBytes);
  }

  levelOf(coding: number): number {
    return this.#levels[this.codings.indexOf(coding)]!;
  }

  /** Memory that an encoder takes. */
  costOf(coding: number): number {
    return this.#costs[this.codings.indexOf(coding)]!;
  }

  /** Whether the response with this head would be compressed for a client that takes it so. */
  fits(head: MessageHead, bytes: Uint8Array, base: number): boolean {
    if (head.status < 200 || head.status > 203 || head.versionMinor === 0) return false;
    if (!head.isChunked && head.contentLength < Math.max(1, this.#minSizeBytes)) return false;
    let hasType = false;
    let hasTag = false;
    for (let index = 0; index < head.fieldCount; index++) {
      const row = index * FIELD_STRIDE;
      const start = base + head.fields[row + FieldPart.VALUE_START]!;
      const end = base + head.fields[row + FieldPart.VALUE_END]!;
      switch (head.fields[row + FieldPart.NAME_ID]) {
        case FieldName.CONTENT_ENCODING:
        case FieldName.CONTENT_RANGE:
          return false;
        case FieldName.CONTENT_TYPE:
          if (hasType || !this.#types.has(bytes, start, end)) return false;
          hasType = true;
          break;
        case FieldName.CACHE_CONTROL:
          if (listHas(bytes, start, end, NO_TRANSFORM)) return false;
          break;
        case FieldName.ETAG:
          if (hasTag || entityTagKind(bytes, start, end) === EntityTag.INVALID) return false;
          hasTag = true;
          break;
        case FieldName.TRAILER:
          if (DIGESTS.some((name) => listHas(bytes, start, end, name))) return false;
          break;
        case FieldName.OTHER:
          if (isDigest(head, bytes, base, row)) return false;
      }
    }
    return hasType;
  }
}

/** The id of a coding's name. */
export function codingId(name: CodingConfig["name"]): number {
  return name === "gzip" ? ContentCoding.GZIP : name === "br" ? ContentCoding.BR : ContentCoding.ZSTD;
}

function isDigest(head: MessageHead, bytes: Uint8Array, base: number, row: number): boolean {
  const start = base + head.fields[row + FieldPart.NAME_START]!;
  const end = base + head.fields[row + FieldPart.NAME_END]!;
  for (let i = 0; i < DIGESTS.length; i++) {
    if (equalIgnoringCase(bytes, start, end, DIGESTS[i]!, 0, DIGESTS[i]!.length)) return true;
  }
  return false;
}
