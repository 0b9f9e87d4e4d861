/**
 * What OpenSSL calls back during a server's handshake: which certificate is for this name (SNI), which protocol is chosen (ALPN).
 *
 * There are two callbacks for all contexts of an engine, made once and closed when the engine has ended, so that no handshake can come
 * to one that is gone. A context is found by its number; one that is not known (any more) chooses nothing.
 *
 * They run inside of SSL_do_handshake: they must not throw, and what they read of a client is any bytes.
 *
 * May import: sys.
 *
 * @module
 */
import { hostNameAt, type OpenSsl, SslTlsExt } from "./openssl.ts";

/** What a context answers. */
export interface HandshakeChoices {
  /** The SSL_CTX for a name, which is "" for none; null: as it is; false: refused. */
  contextFor(name: string): Deno.PointerObject | null | false;
  /** Protocols that are offered, the preferred one first, each behind its length. */
  readonly protocols: readonly Uint8Array<ArrayBuffer>[];
}

export type CallbackPointer = Deno.PointerObject<Deno.UnsafeCallbackDefinition>;

const HOST_NAME = 0;
const SNI = { parameters: ["pointer", "pointer", "pointer"], result: "i32" } as const;
const ALPN = {
  parameters: ["pointer", "pointer", "pointer", "pointer", "u32", "pointer"],
  result: "i32",
} as const;

/** See the module's text. */
export class TlsCallbacks {
  readonly sni: CallbackPointer;
  readonly alpn: CallbackPointer;
  readonly #library: OpenSsl;
  readonly #choices = new Map<bigint, HandshakeChoices>();
  readonly #owned: { close(): void }[];
  #last = 0n;

  constructor(library: OpenSsl) {
    this.#library = library;
    const sni = new Deno.UnsafeCallback(SNI, (connection, _alert, of) => this.#choose(connection, of));
    const alpn = new Deno.UnsafeCallback(
      ALPN,
      (_connection, out, outLength, offered, offeredBytes, of) =>
        this.#select(out, outLength, offered, offeredBytes, of),
    );
    this.#owned = [sni, alpn];
    this.sni = sni.pointer as unknown as CallbackPointer;
    this.alpn = alpn.pointer as unknown as CallbackPointer;
  }

  /** A number for `choices`, as the argument that OpenSSL hands back; to be taken back when nothing can call any more. */
  add(choices: HandshakeChoices): Deno.PointerObject {
    this.#choices.set(++this.#last, choices);
    return Deno.UnsafePointer.create(this.#last)!;
  }

  remove(number: Deno.PointerObject): void {
    this.#choices.delete(Deno.UnsafePointer.value(number));
  }

  /** After the engine's end. */
  close(): void {
    for (const callback of this.#owned.splice(0)) callback.close();
  }

  #of(number: Deno.PointerValue): HandshakeChoices | undefined {
    return this.#choices.get(Deno.UnsafePointer.value(number));
  }

  #choose(connection: Deno.PointerValue, number: Deno.PointerValue): number {
    const { ssl } = this.#library;
    const chosen = this.#of(number)?.contextFor(hostNameAt(ssl.SSL_get_servername(connection, HOST_NAME)));
    if (chosen === false) return SslTlsExt.ALERT_FATAL;
    if (chosen === null || chosen === undefined) return SslTlsExt.NOACK;
    ssl.SSL_set_SSL_CTX(connection, chosen);
    return SslTlsExt.OK;
  }

  /** The first of ours that the client offers; without one the handshake goes on without a protocol, as HAProxy's does. */
  #select(
    out: Deno.PointerValue,
    outLength: Deno.PointerValue,
    offered: Deno.PointerValue,
    offeredBytes: number,
    number: Deno.PointerValue,
  ): number {
    const protocols = this.#of(number)?.protocols ?? [];
    if (out === null || outLength === null || offered === null) return SslTlsExt.NOACK;
    const list = new Uint8Array(Deno.UnsafePointerView.getArrayBuffer(offered, offeredBytes));
    for (const protocol of protocols) {
      const at = placeOf(list, protocol);
      if (at < 0) continue;
      // The client's own copy, which lives as long as the call that reads the answer.
      const place = Deno.UnsafePointer.value(offered) + BigInt(at + 1);
      new BigUint64Array(Deno.UnsafePointerView.getArrayBuffer(out, 8))[0] = place;
      new Uint8Array(Deno.UnsafePointerView.getArrayBuffer(outLength, 1))[0] = protocol.length - 1;
      return SslTlsExt.OK;
    }
    return SslTlsExt.NOACK;
  }
}

/** Where `wanted`, a list of one, is in `list`; -1 for nowhere. */
function placeOf(list: Uint8Array, wanted: Uint8Array): number {
  for (let at = 0; at < list.length; at += list[at]! + 1) {
    if (list[at] === wanted[0] && wanted.every((byte, i) => list[at + i] === byte)) return at;
  }
  return -1;
}
