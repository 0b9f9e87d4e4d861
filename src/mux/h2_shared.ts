/**
 * What all HTTP/2 connections of an engine use, one after another, within one call: room for what was received, for fields, for heads.
 *
 * May import: base, protocol.
 *
 * @module
 */
import { Slab } from "../base/slab.ts";
import { HeadParser } from "../protocol/h1/head_parser.ts";
import { FRAME_HEADER_BYTES, MIN_MAX_FRAME_BYTES } from "../protocol/h2/frame.ts";
import { MessageCheck } from "../protocol/h2/message_check.ts";
import { FieldList } from "../protocol/hpack/field_list.ts";

/** Received in one go at most. */
export const RECEIVE_BYTES = 16_384;
/** What a connection may keep of bytes that came: a frame that is not whole. */
const KEPT_BYTES_MAX: number = FRAME_HEADER_BYTES + MIN_MAX_FRAME_BYTES;
/** The largest header list, as RFC 9113 section 10.5.1 counts it: more than any head that fits a buffer. */
export const HEADER_LIST_BYTES = 24_576;
/** Fields of a head that hadro has edited: more than may come. */
const EDITED_FIELDS_MAX = 1_000;
/** An encoded header block, with its frames' heads. */
const BLOCK_BYTES = 65_536;
/** Requests that found no buffer may have so much memory of their own together, in all connections. */
const OWN_BYTES_MAX = 4 * 1_024 * 1_024;

/** See the module's text. One per engine. */
export class H2Shared {
  /** What a connection kept, and behind it what it receives. */
  readonly received = new Slab(KEPT_BYTES_MAX + RECEIVE_BYTES);
  readonly fields: FieldList;
  readonly check = new MessageCheck();
  /** A head or trailers as HTTP/1 text. */
  readonly text = new Uint8Array(2 * HEADER_LIST_BYTES);
  /** A header block and its frames. */
  readonly block = new Uint8Array(BLOCK_BYTES);
  /** Fields of a response; apart, since one may be written while a request is looked at. */
  readonly answerFields = new FieldList(new Uint8Array(2 * HEADER_LIST_BYTES), EDITED_FIELDS_MAX);
  readonly answerParser = new HeadParser("response", EDITED_FIELDS_MAX);
  /** Memory of requests that found no buffer. */
  ownBytes = 0;

  /** @param maxFieldCount Fields that a request may have. */
  constructor(maxFieldCount: number) {
    // Four more: the pseudo-fields.
    this.fields = new FieldList(new Uint8Array(HEADER_LIST_BYTES), maxFieldCount + 4);
  }

  /** Whether one more request may have memory of its own. */
  get hasOwnMemory(): boolean {
    return this.ownBytes < OWN_BYTES_MAX;
  }
}
