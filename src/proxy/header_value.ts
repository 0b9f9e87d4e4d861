/**
 * Values of `--header-up` and `--header-down` that have variables, compiled: appended to a head piece by piece, without a string.
 *
 * May import: base, config, event, protocol, proxy.
 *
 * @module
 */
import { AssertionError } from "../base/assert.ts";
import { type HeaderVariable, parseHeaderValue } from "../config/header_value.ts";
import type { TlsFacts } from "../event/poller.ts";
import type { HeadEdit } from "../protocol/h1/head_edit.ts";
import { FIELD_STRIDE, FieldPart, type HeadParser } from "../protocol/h1/head_parser.ts";
import { FieldName } from "../protocol/http/field_name.ts";
import type { LogRecord } from "./log_record.ts";

/** Where the values of variables come from: a stream. */
export interface HeaderScope {
  readonly session: {
    readonly client: { readonly address: string; readonly port: number };
    readonly tls: TlsFacts | null;
    readonly listener: { readonly config: { readonly name: string } };
  };
  /** Knows the backend, the server and the id. */
  readonly record: LogRecord;
}

interface Part {
  readonly literal: Uint8Array;
  /** null: the literal. */
  readonly variable: HeaderVariable | null;
}

const NOTHING = new Uint8Array(0);
const PORT_DIGITS = 5;

/** See the module's text. */
export class HeaderValue {
  readonly #parts: readonly Part[];
  readonly #digits = new Uint8Array(PORT_DIGITS);

  /** @param text One that `parseHeaderValue` accepts. */
  constructor(text: string) {
    const encoder = new TextEncoder();
    this.#parts = parseHeaderValue(text, (state): never => {
      throw new AssertionError(`Broken invariant: the value was checked: ${state}`);
    }).map((part) =>
      "text" in part
        ? { literal: encoder.encode(part.text), variable: null }
        : { literal: NOTHING, variable: part.variable }
    );
  }

  /** Nothing but text: the bytes; null when there are variables. */
  get literal(): Uint8Array | null {
    if (this.#parts.some(({ variable }) => variable !== null)) return null;
    return Uint8Array.from(this.#parts.flatMap(({ literal }) => [...literal]));
  }

  append(edit: HeadEdit, head: HeadParser, bytes: Uint8Array, base: number, scope: HeaderScope): void {
    for (let i = 0; i < this.#parts.length; i++) {
      const { literal, variable } = this.#parts[i];
      if (variable === null) edit.append(literal, 0, literal.length);
      else this.#appendVariable(variable, edit, head, bytes, base, scope);
    }
  }

  #appendVariable(
    variable: HeaderVariable,
    edit: HeadEdit,
    head: HeadParser,
    bytes: Uint8Array,
    base: number,
    { session, record }: HeaderScope,
  ): void {
    switch (variable) {
      case "ci":
        edit.appendAscii(session.client.address);
        return;
      case "cp":
        this.#appendNumber(edit, session.client.port);
        return;
      case "f":
        edit.appendAscii(session.listener.config.name);
        return;
      case "b":
        edit.appendAscii(record.backendName);
        return;
      case "s":
        edit.appendAscii(record.serverName);
        return;
      case "ID":
        edit.append(record.capture, record.uniqueId.offset, record.uniqueId.offset + record.uniqueId.length);
        return;
      case "host":
        appendHost(edit, head, bytes, base);
        return;
      default:
        if (session.tls !== null) edit.appendAscii(tlsText(variable, session.tls));
    }
  }

  #appendNumber(edit: HeadEdit, value: number): void {
    let at = PORT_DIGITS;
    let rest = value;
    do {
      this.#digits[--at] = 0x30 + rest % 10;
      rest = Math.floor(rest / 10);
    } while (rest > 0);
    edit.append(this.#digits, at, PORT_DIGITS);
  }
}

type TlsVariable = "sslv" | "sslc" | "[ssl_fc_sni]" | "[ssl_fc_alpn]" | "[ssl_c_s_dn]";

function tlsText(variable: TlsVariable, tls: TlsFacts): string {
  switch (variable) {
    case "sslv":
      return tls.version;
    case "sslc":
      return tls.cipher;
    case "[ssl_fc_sni]":
      return tls.serverName;
    case "[ssl_fc_alpn]":
      return tls.protocol;
    case "[ssl_c_s_dn]":
      return tls.peerSubject;
  }
}

function appendHost(edit: HeadEdit, head: HeadParser, bytes: Uint8Array, base: number): void {
  const row = head.fieldIndexOf(FieldName.HOST) * FIELD_STRIDE;
  if (row < 0) return;
  const start = base + head.fields[row + FieldPart.VALUE_START];
  edit.append(bytes, start, base + head.fields[row + FieldPart.VALUE_END]);
}
