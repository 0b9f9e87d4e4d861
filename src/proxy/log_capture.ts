/**
 * What the access log keeps of a request: the request line and three fields, copied before the head is edited.
 *
 * May import: protocol, proxy.
 *
 * @module
 */
import { FIELD_STRIDE, FieldPart, type HeadParser } from "../protocol/h1/head_parser.ts";
import { FieldName } from "../protocol/http/field_name.ts";
import type { CaptureRange, LogRecord } from "./log_record.ts";

/** Bytes of the request line and of each header that the log keeps. */
const CAPTURED_LINE_BYTES = 1_024;
const CAPTURED_FIELD_BYTES = 256;

/** Copies what the log will say of the request, before the head is changed. */
export function captureRequest(
  record: LogRecord,
  head: HeadParser,
  bytes: Uint8Array,
  base: number,
  isHttp2: boolean,
): void {
  const lineStart = head.startOffset;
  const lineLength = Math.min(head.startLineEnd - lineStart, CAPTURED_LINE_BYTES);
  copy(record, record.requestLine, 0, bytes, base + lineStart, lineLength);
  setRange(record.method, 0, Math.min(head.methodEnd - lineStart, lineLength));
  setRange(
    record.target,
    head.targetStart - lineStart,
    clip(head.targetStart, head.targetEnd, lineStart, lineLength),
  );
  setRange(
    record.version,
    head.targetEnd + 1 - lineStart,
    clip(head.targetEnd + 1, head.startLineEnd, lineStart, lineLength),
  );
  if (isHttp2) noteHttp2(record);
  captureField(record, record.host, lineLength, head, FieldName.HOST, bytes, base);
  const afterHost = lineLength + record.host.length;
  captureField(record, record.referer, afterHost, head, FieldName.REFERER, bytes, base);
  captureField(
    record,
    record.userAgent,
    afterHost + record.referer.length,
    head,
    FieldName.USER_AGENT,
    bytes,
    base,
  );
}

/** The version that the client spoke: it came as `HTTP/1.1`, whose length is the same. */
function noteHttp2({ capture, version }: LogRecord): void {
  if (version.length < 8) return;
  capture[version.offset + 5] = 0x32;
  capture[version.offset + 7] = 0x30;
}

/** Length of [start, end) as far as the captured line of `lineLength` holds it. */
function clip(start: number, end: number, lineStart: number, lineLength: number): number {
  return Math.max(0, Math.min(end, lineStart + lineLength) - start);
}

function captureField(
  record: LogRecord,
  range: CaptureRange,
  at: number,
  head: HeadParser,
  nameId: number,
  bytes: Uint8Array,
  base: number,
): void {
  const index = head.fieldIndexOf(nameId);
  if (index < 0) return;
  const start = head.fields[index * FIELD_STRIDE + FieldPart.VALUE_START]!;
  const length = Math.min(
    head.fields[index * FIELD_STRIDE + FieldPart.VALUE_END]! - start,
    CAPTURED_FIELD_BYTES,
  );
  copy(record, range, at, bytes, base + start, length);
}

function copy(
  record: LogRecord,
  range: CaptureRange,
  at: number,
  bytes: Uint8Array,
  start: number,
  length: number,
): void {
  for (let i = 0; i < length; i++) record.capture[at + i] = bytes[start + i]!;
  setRange(range, at, length);
}

function setRange(range: CaptureRange, offset: number, length: number): void {
  range.offset = offset;
  range.length = length;
}
