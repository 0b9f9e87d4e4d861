/**
 * `--header-up` and `--header-down`, compiled to bytes.
 *
 *     set      every field of that name goes, one is added
 *     add      one more is added
 *     delete   every field of that name goes
 *     replace  the value of each field of that name changes (header_replacement.ts)
 *
 * A rule acts on what the rules before it left: a `set` or `delete` takes back the fields that they gave.
 *
 * May import: base, config, protocol, proxy.
 *
 * @module
 */
import type { HeaderRule } from "../config/model.ts";
import type { HeadEdit } from "../protocol/h1/head_edit.ts";
import type { HeadParser } from "../protocol/h1/head_parser.ts";
import { HeaderReplacement } from "./header_replacement.ts";
import { type HeaderScope, HeaderValue } from "./header_value.ts";

const CRLF = new TextEncoder().encode("\r\n");

interface CompiledRule {
  /** Lower-case name whose fields go; null with `add`. */
  readonly drops: Uint8Array | null;
  /** The whole line with CRLF; null with `delete`. When there are variables, as far as the value: `Name: `. */
  readonly line: Uint8Array | null;
  /** null unless it is `replace`. */
  readonly replacement: HeaderReplacement | null;
  /** null: nothing in it is variable. */
  readonly value: HeaderValue | null;
}

/** The rules of one direction, in order. */
export class HeaderRules {
  readonly #rules: readonly CompiledRule[];

  constructor(rules: readonly HeaderRule[]) {
    const encoder = new TextEncoder();
    this.#rules = rules.map((rule, index) => {
      if (rule.action === "replace") {
        const replacement = isTakenBack(rules, index) ? null : new HeaderReplacement(rule.name, rule.value);
        return { drops: null, line: null, replacement, value: null };
      }
      const value = new HeaderValue(rule.value);
      const { literal } = value;
      const hasLine = rule.action !== "delete" && !isTakenBack(rules, index);
      const name = encoder.encode(`${rule.name}: `);
      return {
        drops: rule.action === "add" ? null : encoder.encode(rule.name.toLowerCase()),
        line: !hasLine ? null : literal === null ? name : Uint8Array.from([...name, ...literal, ...CRLF]),
        replacement: null,
        value: hasLine && literal === null ? value : null,
      };
    });
  }

  /** Whether a rule sets or deletes this field: then it alone says what the field is. */
  replaces(name: string): boolean {
    const wanted = new TextEncoder().encode(name.toLowerCase()).join();
    return this.#rules.some((rule) => rule.drops !== null && rule.drops.join() === wanted);
  }

  /** Marks and appends in `edit`; allocates nothing. */
  apply(edit: HeadEdit, head: HeadParser, bytes: Uint8Array, base: number, scope: HeaderScope): void {
    for (let i = 0; i < this.#rules.length; i++) {
      const rule = this.#rules[i]!;
      if (rule.drops !== null) edit.dropNamed(head, bytes, base, rule.drops);
      if (rule.line !== null) edit.append(rule.line, 0, rule.line.length);
      if (rule.replacement !== null) rule.replacement.apply(edit, head, bytes, base);
      if (rule.value === null) continue;
      rule.value.append(edit, head, bytes, base, scope);
      edit.append(CRLF, 0, CRLF.length);
    }
  }
}

/** Whether a later rule removes every field of this rule's name. */
function isTakenBack(rules: readonly HeaderRule[], index: number): boolean {
  const name = rules[index]!.name.toLowerCase();
  return rules.slice(index + 1).some((later) =>
    (later.action === "set" || later.action === "delete") && later.name.toLowerCase() === name
  );
}
