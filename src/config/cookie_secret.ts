/**
 * What stands for a server in a cookie, worked out once, with the key: requests and answers only look it up.
 *
 *     plain     the server's cookie= or name
 *     dynamic   XXH64(key, address, port) in 16 hexadecimal digits: HAProxy's own value for the same dynamic-cookie-key, where the
 *               server is an IP literal; for a name its text is hashed, so that DNS changes nothing; a written cookie= stays
 *     sealed    HMAC-SHA256(key, name of the cookie, server's cookie= or name), 128 bits of it in base64url: who does not have
 *               the key can neither tell which server it is nor make one
 *
 * The key itself goes no further: the configuration has values only. Dates (maxidle, maxlife) stand beside the value, in the clear.
 *
 * May import: base, config.
 *
 * @module
 */
import { createHmac } from "node:crypto";
import { addressBytes } from "../base/ip_address.ts";
import { xxh64 } from "../base/xxh64.ts";
import type { Endpoint } from "./model.ts";
import type { CookieConfig } from "./model_stick.ts";

const SEAL_BYTES = 16;
const LOOPBACK = "127.0.0.1";

/** The key of a process. */
export class CookieKey {
  readonly isRandom: boolean;
  readonly #bytes: Uint8Array;

  /** @param text `random`, or a key. */
  constructor(text: string) {
    this.isRandom = text === "random";
    this.#bytes = this.isRandom ? crypto.getRandomValues(new Uint8Array(32)) : new TextEncoder().encode(text);
  }

  /** The value of a server; `written` is its `cookie=`, null when there is none. */
  valueOf(cookie: CookieConfig, endpoint: Endpoint, name: string, written: string | null): string {
    if (cookie.values === "sealed") return this.#seal(cookie.name, written ?? name);
    if (cookie.values === "plain" || written !== null) return written ?? name;
    return this.#dynamic(endpoint);
  }

  #dynamic({ kind, host, port, path }: Endpoint): string {
    const encoder = new TextEncoder();
    const address = kind === "unix"
      ? encoder.encode(path)
      : Uint8Array.from(addressBytes(host || LOOPBACK) ?? encoder.encode(host.toLowerCase()));
    const bytes = new Uint8Array(this.#bytes.length + address.length + 4);
    bytes.set(this.#bytes);
    bytes.set(address, this.#bytes.length);
    // As HAProxy has it in memory, on the machines that it mostly runs on.
    new DataView(bytes.buffer).setUint32(bytes.length - 4, port, true);
    return xxh64(bytes).toString(16).padStart(16, "0");
  }

  #seal(cookieName: string, value: string): string {
    const digest = createHmac("sha256", this.#bytes).update(`hadro cookie\0${cookieName}\0${value}`).digest();
    return digest.subarray(0, SEAL_BYTES).toString("base64url");
  }
}
