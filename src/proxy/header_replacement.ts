/**
 * A rule `~Name: expression replacement`: changes the value of each field of that name that came and was not dropped before.
 *
 * What rules before it set or added stays as they gave it. A string is made for each such field. A value of more than
 * 4,096 bytes is not matched: the head is refused, since to let it pass unchanged could be what the rule is to prevent.
 *
 * May import: base, config, protocol.
 *
 * @module
 */
import { AssertionError } from "../base/assert.ts";
import { readExpression } from "../config/expression_value.ts";
import type { HeadEdit } from "../protocol/h1/head_edit.ts";
import { FIELD_STRIDE, FieldPart, type HeadParser } from "../protocol/h1/head_parser.ts";
import { equalIgnoringCase } from "../protocol/http/octet.ts";

/** The longest value that an expression is matched against, in bytes. */
const VALUE_MAX = 4_096;

/** See the module's text. */
export class HeaderReplacement {
  readonly #name: Uint8Array;
  readonly #before: string;
  readonly #pattern: RegExp;
  readonly #replacement: string;

  /** @param text One that `readExpression` accepts. */
  constructor(name: string, text: string) {
    const { pattern, replacement } = readExpression(text, (state): never => {
      throw new AssertionError(`Broken invariant: the expression was checked: ${state}`);
    });
    this.#name = new TextEncoder().encode(name);
    this.#before = `${name}: `;
    this.#pattern = new RegExp(pattern);
    this.#replacement = replacement;
  }

  apply(edit: HeadEdit, head: HeadParser, bytes: Uint8Array, base: number): void {
    for (let index = 0; index < head.fieldCount; index++) {
      const row = index * FIELD_STRIDE;
      const start = base + head.fields[row + FieldPart.NAME_START];
      const end = base + head.fields[row + FieldPart.NAME_END];
      if (!equalIgnoringCase(bytes, start, end, this.#name, 0, this.#name.length)) continue;
      if (!edit.isDropped(index)) this.#replace(edit, head, bytes, base, index);
    }
  }

  #replace(edit: HeadEdit, head: HeadParser, bytes: Uint8Array, base: number, index: number): void {
    const start = base + head.fields[index * FIELD_STRIDE + FieldPart.VALUE_START];
    const end = base + head.fields[index * FIELD_STRIDE + FieldPart.VALUE_END];
    if (end - start > VALUE_MAX) {
      edit.isOverflown = true;
      return;
    }
    let value = "";
    for (let i = start; i < end; i++) value += String.fromCharCode(bytes[i]);
    const replaced = value.replace(this.#pattern, this.#replacement);
    if (replaced === value) return;
    edit.dropField(index);
    edit.appendAscii(this.#before);
    edit.appendAscii(replaced);
    edit.appendAscii("\r\n");
  }
}
