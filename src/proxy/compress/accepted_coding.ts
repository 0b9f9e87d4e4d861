/**
 * What a request says about compression: the rule that holds for it, and the coding that its client likes best.
 *
 * May import: protocol, proxy.
 *
 * @module
 */
import { ContentCoding } from "../../protocol/http/accept_encoding.ts";
import { FieldName } from "../../protocol/http/field_name.ts";
import { FIELD_STRIDE, FieldPart, type MessageHead } from "../../protocol/http/message_head.ts";
import type { HttpStream } from "../http_stream.ts";
import type { Compression } from "./compression.ts";

/** The request's head is being edited: notes what its client accepts; with `offload` its server is not told. */
export function noteAcceptEncoding(
  stream: HttpStream,
  compression: Compression,
  head: MessageHead,
  bytes: Uint8Array,
  base: number,
): void {
  const rule = compression.ruleFor(stream.backend!.config.compress, stream.session.listener.config.compress);
  stream.compressRule = rule;
  stream.compressCoding = ContentCoding.IDENTITY;
  if (rule === null || head.versionMinor === 0) return;
  const { accepted } = compression;
  accepted.reset();
  for (let index = 0; index < head.fieldCount; index++) {
    const row = index * FIELD_STRIDE;
    if (head.fields[row + FieldPart.NAME_ID] !== FieldName.ACCEPT_ENCODING) continue;
    const { fields } = head;
    accepted.add(
      bytes,
      base + fields[row + FieldPart.VALUE_START]!,
      base + fields[row + FieldPart.VALUE_END]!,
    );
  }
  stream.compressCoding = accepted.choose(rule.codings);
  if (rule.offload && stream.compressCoding !== ContentCoding.IDENTITY) {
    stream.context.headEdit.dropId(head, FieldName.ACCEPT_ENCODING);
  }
}
