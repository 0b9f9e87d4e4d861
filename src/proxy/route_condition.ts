/**
 * What a route asks of a request besides host and path: its method, its headers.
 *
 *     method=GET+HEAD      one of them; methods are compared with case
 *     header=X-Beta        some field of that name
 *     header=X-Version:2   some field of that name with exactly this value, compared with case
 *
 * All must hold. Compares bytes of the head; allocates nothing.
 *
 * May import: config, protocol.
 *
 * @module
 */
import type { RouteMatch } from "../config/model.ts";
import { FIELD_STRIDE, FieldPart, type HeadParser } from "../protocol/h1/head_parser.ts";
import { classifyMethod, Method } from "../protocol/http/method.ts";
import { equalIgnoringCase } from "../protocol/http/octet.ts";

interface CompiledHeader {
  readonly name: Uint8Array;
  /** null: any value. */
  readonly value: Uint8Array | null;
}

/** See the module's text. */
export class RouteCondition {
  /** A bit for each method that has an id; 0 with no other methods either: any. */
  readonly #methodBits: number;
  readonly #otherMethods: readonly Uint8Array[];
  readonly #headers: readonly CompiledHeader[];

  constructor({ methods, headers }: RouteMatch) {
    const encoder = new TextEncoder();
    const encoded = methods.map((method) => encoder.encode(method));
    const idOf = (method: Uint8Array) => classifyMethod(method, 0, method.length);
    this.#methodBits = encoded.reduce((bits, method) => bits | (1 << idOf(method)), 0) & ~(1 << Method.OTHER);
    this.#otherMethods = encoded.filter((method) => idOf(method) === Method.OTHER);
    this.#headers = headers.map(({ name, value }) => ({
      name: encoder.encode(name),
      value: value === null ? null : encoder.encode(value),
    }));
  }

  matches(head: HeadParser, bytes: Uint8Array, base: number): boolean {
    const asksMethod = this.#methodBits !== 0 || this.#otherMethods.length > 0;
    if (asksMethod && !this.#hasMethod(head, bytes, base)) return false;
    for (let i = 0; i < this.#headers.length; i++) {
      if (!hasHeader(this.#headers[i], head, bytes, base)) return false;
    }
    return true;
  }

  #hasMethod(head: HeadParser, bytes: Uint8Array, base: number): boolean {
    if (head.methodId !== Method.OTHER) return (this.#methodBits >> head.methodId & 1) === 1;
    const start = base + head.startOffset;
    for (let i = 0; i < this.#otherMethods.length; i++) {
      if (isSame(bytes, start, base + head.methodEnd, this.#otherMethods[i])) return true;
    }
    return false;
  }
}

function hasHeader(
  { name, value }: CompiledHeader,
  head: HeadParser,
  bytes: Uint8Array,
  base: number,
): boolean {
  for (let row = 0; row < head.fieldCount * FIELD_STRIDE; row += FIELD_STRIDE) {
    const start = base + head.fields[row + FieldPart.NAME_START];
    const end = base + head.fields[row + FieldPart.NAME_END];
    if (!equalIgnoringCase(bytes, start, end, name, 0, name.length)) continue;
    const valueStart = base + head.fields[row + FieldPart.VALUE_START];
    if (value === null || isSame(bytes, valueStart, base + head.fields[row + FieldPart.VALUE_END], value)) {
      return true;
    }
  }
  return false;
}

function isSame(bytes: Uint8Array, start: number, end: number, other: Uint8Array): boolean {
  if (end - start !== other.length) return false;
  for (let i = 0; i < other.length; i++) if (bytes[start + i] !== other[i]) return false;
  return true;
}
