/**
 * Builds client hellos of every kind, good and bad, as texts of latin1.
 *
 * @module
 */
import { latin1, uint16 } from "../proxy_protocol/headers.ts";

/** What of a hello a test chooses; all else is as usual. */
export interface HelloParts {
  /** Without it there is no server_name extension. */
  readonly name?: string;
  readonly protocols?: readonly string[];
  /** More extensions, whole, before and behind these two. */
  readonly before?: string;
  readonly behind?: string;
  /** In place of all extensions, with their length; "" for a hello that ends before them. */
  readonly extensions?: string;
  readonly version?: string;
  readonly sessionId?: string;
  /** In place of the cipher suites, with their length. */
  readonly ciphers?: string;
  readonly compression?: string;
}

/** GREASE values (RFC 8701) that a client of today puts among its suites and extensions. */
const GREASE = "\x4a\x4a";

/** Bytes that no parser may care about. */
export const RANDOM = "R".repeat(32);

/** An extension with its header. */
export function extension(type: number, body: string): string {
  return `${uint16(type)}${uint16(body.length)}${body}`;
}

/** GREASE, and a key share as large as one of X25519MLKEM768. */
export const MODERN_EXTENSIONS = extension(0x4a4a, "") + extension(51, `\x04\xc0${"k".repeat(1_216)}`);

/** A server_name extension, RFC 6066 section 3. */
export function serverName(name: string): string {
  return extension(0, `${uint16(name.length + 3)}\0${uint16(name.length)}${name}`);
}

/** An ALPN extension, RFC 7301 section 3.1. */
export function alpn(protocols: readonly string[]): string {
  const list = protocols.map((protocol) => String.fromCharCode(protocol.length) + protocol).join("");
  return extension(16, uint16(list.length) + list);
}

/** The handshake message. */
export function helloMessage(parts: HelloParts = {}): string {
  const { name, protocols, before = "", behind = "", version = "\x03\x03", sessionId = "s".repeat(32) } =
    parts;
  const list = before + (name === undefined ? "" : serverName(name)) +
    (protocols === undefined ? "" : alpn(protocols)) + behind;
  const body = [
    version,
    RANDOM,
    String.fromCharCode(sessionId.length),
    sessionId,
    parts.ciphers ?? `${uint16(6)}${GREASE}\x13\x01\x13\x02`,
    parts.compression ?? "\x01\0",
    parts.extensions ?? uint16(list.length) + list,
  ].join("");
  return message(1, body);
}

/** A handshake message with its header. */
export function message(type: number, body: string): string {
  return `${String.fromCharCode(type, body.length >> 16)}${uint16(body.length & 0xffff)}${body}`;
}

/** Records of at most `fragmentBytes` each. */
export function records(text: string, fragmentBytes = 16_384): string {
  let out = "";
  for (let at = 0; at < text.length; at += fragmentBytes) {
    const fragment = text.slice(at, at + fragmentBytes);
    out += `\x16\x03\x01${uint16(fragment.length)}${fragment}`;
  }
  return out;
}

/** A whole hello in one record. */
export function helloText(parts: HelloParts = {}): string {
  return records(helloMessage(parts));
}

/** One of exactly this many bytes, by padding (RFC 7685). */
export function paddedHelloText(sizeBytes: number, parts: HelloParts = {}): string {
  const rest = sizeBytes - helloText({ ...parts, behind: extension(21, "") }).length;
  return helloText({ ...parts, behind: extension(21, "\0".repeat(rest)) });
}

/** A whole hello in one record, in bytes. */
export function helloBytes(parts: HelloParts = {}): Uint8Array {
  return latin1(helloText(parts));
}
