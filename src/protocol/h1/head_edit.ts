/**
 * Rewrites a head in place, in the buffer that it was received into: fields dropped, lines appended, a new start line.
 *
 *     before   | start line CRLF | kept | dropped | kept   kept | CRLF | body received so far |
 *     after    | new line CRLF | kept | kept   kept | appended | CRLF | body received so far |
 *
 * `apply` moves each run of kept fields once and the body at most once; a head that nothing changes is not touched. Runs that
 * move towards the front go first, front to back; then runs that move towards the end, back to front: no run is overwritten
 * before it has moved, because a run never moves further to the right than the one before it.
 *
 * Texts are copied to a staging area of 8 kB as they are given, so they may lie in the buffer itself. One that does not fit makes
 * `isOverflown` true and `apply` return -1. After `apply` the parser's offsets no longer describe the buffer.
 *
 * May import: protocol/http.
 *
 * @module
 */

import { classifyFieldName, FieldFact, FieldName, fieldNameFacts } from "../http/field_name.ts";
import { nextListElementEnd, skipListSeparators, trimElementEnd } from "../http/list.ts";
import { ConnectionFlag, FIELD_STRIDE, FieldPart, type MessageHead } from "../http/message_head.ts";
import { equalIgnoringCase, Octet } from "../http/octet.ts";

/** Bytes that `append` and `replaceStartLine` may each give for one head. */
export const STAGING_SIZE_BYTES = 8 * 1024;

/** Edits heads, one after another. */
export class HeadEdit {
  /** After `apply`: start line, fields and last CRLF of the new head; like `headLength` it leaves out `startOffset`. */
  newHeadLength = 0;
  /** A text did not fit the staging area: `apply` will refuse. */
  isOverflown = false;

  #isDropped = new Uint8Array(0);
  #dropCount = 0;
  #appended = new Uint8Array(STAGING_SIZE_BYTES);
  #appendedLength = 0;
  #startLine = new Uint8Array(STAGING_SIZE_BYTES);
  /** -1 keeps the start line. */
  #startLineLength = -1;

  /** Begins to edit a parsed head; forgets the last one. */
  begin(head: MessageHead): void {
    const maxFieldCount = head.fields.length / FIELD_STRIDE;
    if (this.#isDropped.length < maxFieldCount) this.#isDropped = new Uint8Array(maxFieldCount);
    this.#isDropped.fill(0, 0, head.fieldCount);
    this.#dropCount = this.#appendedLength = 0;
    this.#startLineLength = -1;
    this.newHeadLength = head.headLength;
    this.isOverflown = false;
  }

  /** Drops the field with this index; twice is as once. */
  dropField(index: number): void {
    if (this.#isDropped[index] !== 0) return;
    this.#isDropped[index] = 1;
    this.#dropCount++;
  }

  /** Whether the field with this index goes. */
  isDropped(index: number): boolean {
    return this.#isDropped[index] !== 0;
  }

  /** Drops every field with an id (see `FieldName`). */
  dropId(head: MessageHead, nameId: number): void {
    for (let index = 0; index < head.fieldCount; index++) {
      if (head.fields[index * FIELD_STRIDE + FieldPart.NAME_ID] === nameId) this.dropField(index);
    }
  }

  /** Drops every field whose name is `name[nameStart, nameEnd)`, without case. */
  dropNamed(
    head: MessageHead,
    bytes: Uint8Array,
    base: number,
    name: Uint8Array,
    nameStart = 0,
    nameEnd: number = name.length,
  ): void {
    for (let index = 0; index < head.fieldCount; index++) {
      const start = base + head.fields[index * FIELD_STRIDE + FieldPart.NAME_START];
      const end = base + head.fields[index * FIELD_STRIDE + FieldPart.NAME_END];
      if (equalIgnoringCase(bytes, start, end, name, nameStart, nameEnd)) this.dropField(index);
    }
  }

  /**
   * Drops what must not be forwarded (RFC 9110 section 7.6.1): Connection, Keep-Alive, Proxy-Connection, TE, Upgrade unless
   * `keepUpgrade`, and the fields that Connection lists, except those that hadro knows as end-to-end (Host, Content-Length,
   * X-Forwarded-*, Cookie and so on): a client must not be able to take them out of its own request. With `keepUpgrade` the
   * caller appends `Connection: upgrade` itself.
   */
  dropHopByHop(head: MessageHead, bytes: Uint8Array, base: number, keepUpgrade: boolean): void {
    const listsOthers = (head.connectionFlags & ConnectionFlag.HAS_OTHER) !== 0;
    for (let index = 0; index < head.fieldCount; index++) {
      const row = index * FIELD_STRIDE;
      const id = head.fields[row + FieldPart.NAME_ID];
      if ((fieldNameFacts(id) & FieldFact.HOP_BY_HOP) === 0) continue;
      if (id === FieldName.CONNECTION && listsOthers) this.#dropListed(head, bytes, base, row);
      if (id !== FieldName.UPGRADE || !keepUpgrade) this.dropField(index);
    }
  }

  /** Replaces the start line by `source[start, end)`, which has no line end. */
  replaceStartLine(source: Uint8Array, start: number, end: number): void {
    if (end - start > STAGING_SIZE_BYTES) {
      this.isOverflown = true;
      return;
    }
    copyBytes(source, start, end, this.#startLine, 0);
    this.#startLineLength = end - start;
  }

  /** Adds `source[start, end)`, whole `Name: value CRLF` lines, after the last field. May be called several times. */
  append(source: Uint8Array, start: number, end: number): void {
    if (this.#appendedLength + end - start > STAGING_SIZE_BYTES) {
      this.isOverflown = true;
      return;
    }
    copyBytes(source, start, end, this.#appended, this.#appendedLength);
    this.#appendedLength += end - start;
  }

  /** Appends an ASCII text behind the kept fields. */
  appendAscii(text: string): void {
    if (this.#appendedLength + text.length > STAGING_SIZE_BYTES) {
      this.isOverflown = true;
      return;
    }
    for (let i = 0; i < text.length; i++) this.#appended[this.#appendedLength + i] = text.charCodeAt(i);
    this.#appendedLength += text.length;
  }

  /**
   * Rewrites the head whose message begins at `base`; bytes as far as `dataEnd` move along. Returns the new `dataEnd`; -1, with
   * nothing touched, when it would pass `capacityEnd` or a text did not fit the staging area.
   */
  apply(bytes: Uint8Array, base: number, head: MessageHead, dataEnd: number, capacityEnd: number): number {
    if (this.isOverflown) return -1;
    if (this.#dropCount === 0 && this.#appendedLength === 0 && this.#startLineLength < 0) return dataEnd;
    const lineShift = this.#startLineLength < 0
      ? 0
      : this.#startLineLength - (head.startLineEnd - head.startOffset);
    const fieldsShift = lineShift - this.#droppedSize(head);
    const shift = fieldsShift + this.#appendedLength;
    const headEnd = base + head.headEnd;
    if (dataEnd + shift > capacityEnd) return -1;

    if (shift > 0) moveBytes(bytes, headEnd, dataEnd, shift);
    const firstLeft = this.#moveRunsLeft(bytes, base, head, lineShift);
    if (lineShift > 0) this.#moveRunsRight(bytes, base, head, lineShift, firstLeft);
    if (this.#startLineLength >= 0) this.#writeStartLine(bytes, base + head.startOffset);
    const appendAt = base + head.fieldsEnd + fieldsShift;
    copyBytes(this.#appended, 0, this.#appendedLength, bytes, appendAt);
    bytes[appendAt + this.#appendedLength] = Octet.CR;
    bytes[appendAt + this.#appendedLength + 1] = Octet.LF;
    if (shift < 0) moveBytes(bytes, headEnd, dataEnd, shift);

    this.newHeadLength = head.headLength + shift;
    return dataEnd + shift;
  }

  #writeStartLine(bytes: Uint8Array, at: number): void {
    copyBytes(this.#startLine, 0, this.#startLineLength, bytes, at);
    bytes[at + this.#startLineLength] = Octet.CR;
    bytes[at + this.#startLineLength + 1] = Octet.LF;
  }

  #droppedSize(head: MessageHead): number {
    if (this.#dropCount === 0) return 0;
    let sizeBytes = 0;
    for (let index = 0; index < head.fieldCount; index++) {
      if (this.#isDropped[index] !== 0) sizeBytes += lineSize(head, index);
    }
    return sizeBytes;
  }

  /** Moves every run that goes left, front to back. Returns the index of the field where they begin, `fieldCount` if none. */
  #moveRunsLeft(bytes: Uint8Array, base: number, head: MessageHead, lineShift: number): number {
    const count = head.fieldCount;
    let firstLeft = count;
    let shift = lineShift;
    let index = 0;
    while (index < count) {
      if (this.#isDropped[index] !== 0) {
        shift -= lineSize(head, index++);
        continue;
      }
      const runStart = index;
      while (index < count && this.#isDropped[index] === 0) index++;
      if (shift >= 0) continue;
      firstLeft = Math.min(firstLeft, runStart);
      moveBytes(bytes, base + lineStart(head, runStart), base + head.fieldLineEnd(index - 1), shift);
    }
    return firstLeft;
  }

  /** Moves every run before `stop` that goes right, back to front. */
  #moveRunsRight(bytes: Uint8Array, base: number, head: MessageHead, lineShift: number, stop: number): void {
    let shift = lineShift;
    for (let i = 0; i < stop; i++) if (this.#isDropped[i] !== 0) shift -= lineSize(head, i);
    let index = stop;
    while (index > 0) {
      if (this.#isDropped[index - 1] !== 0) {
        shift += lineSize(head, --index);
        continue;
      }
      const runEnd = index;
      while (index > 0 && this.#isDropped[index - 1] === 0) index--;
      if (shift > 0) {
        moveBytes(bytes, base + lineStart(head, index), base + head.fieldLineEnd(runEnd - 1), shift);
      }
    }
  }

  #dropListed(head: MessageHead, bytes: Uint8Array, base: number, row: number): void {
    const end = base + head.fields[row + FieldPart.VALUE_END];
    let at = skipListSeparators(bytes, base + head.fields[row + FieldPart.VALUE_START], end);
    while (at < end) {
      const elementEnd = nextListElementEnd(bytes, at, end);
      const optionEnd = trimElementEnd(bytes, at, elementEnd);
      if (classifyFieldName(bytes, at, optionEnd) === FieldName.OTHER) {
        this.dropNamed(head, bytes, base, bytes, at, optionEnd);
      }
      at = skipListSeparators(bytes, elementEnd, end);
    }
  }
}

function lineStart(head: MessageHead, index: number): number {
  return head.fields[index * FIELD_STRIDE + FieldPart.NAME_START];
}

function lineSize(head: MessageHead, index: number): number {
  return head.fieldLineEnd(index) - lineStart(head, index);
}

function moveBytes(bytes: Uint8Array, start: number, end: number, shift: number): void {
  if (start < end) bytes.copyWithin(start + shift, start, end);
}

/** Copies between arrays without a subarray; the texts are short. */
function copyBytes(source: Uint8Array, start: number, end: number, into: Uint8Array, at: number): void {
  for (let i = start; i < end; i++) into[at + i - start] = source[i];
}
