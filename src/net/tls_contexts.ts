/**
 * What an engine's listeners encrypt with, out of what was read from files (tls_material.ts); made again when that changes. Connections
 * that began with an older one go on with it.
 *
 * May import: config, net, sys.
 *
 * @module
 */
import { createHash } from "node:crypto";
import type { Config } from "../config/model.ts";
import { type OpenSsl, TlsVersion } from "../sys/openssl.ts";
import { TlsCallbacks } from "../sys/tls_callbacks.ts";
import { TlsContext } from "../sys/tls_context.ts";
import type { TlsMaterial } from "./tls_material.ts";

const VERSIONS = { "1.2": TlsVersion.TLS1_2, "1.3": TlsVersion.TLS1_3 } as const;

/** See the module's text. */
export class ListenerContexts {
  readonly #library: OpenSsl;
  readonly #config: Config;
  readonly #callbacks: TlsCallbacks;
  #contexts: readonly (TlsContext | null)[] = [];

  constructor(library: OpenSsl, config: Config) {
    this.#library = library;
    this.#config = config;
    this.#callbacks = new TlsCallbacks(library);
  }

  /** One for each listener, null for those without TLS. @throws {TlsContextError} and keeps what there was. */
  make(material: TlsMaterial): readonly (TlsContext | null)[] {
    const made: (TlsContext | null)[] = [];
    try {
      for (const [index, listener] of this.#config.listeners.entries()) {
        made.push(this.#makeOne(listener.tls, material, index));
      }
    } catch (error) {
      closeAll(made);
      throw error;
    }
    closeAll(this.#contexts);
    this.#contexts = made;
    return made;
  }

  /** After the engine's end: nothing can call back. */
  close(): void {
    closeAll(this.#contexts);
    this.#contexts = [];
    this.#callbacks.close();
  }

  #makeOne(
    tls: Config["listeners"][number]["tls"],
    { listeners, ticketKeys }: TlsMaterial,
    index: number,
  ): TlsContext | null {
    const own = listeners[index] ?? null;
    if (tls === null || own === null) return null;
    return TlsContext.ofServer(this.#library, this.#callbacks, {
      pairs: own.pairs,
      isStrict: tls.isStrict,
      alpn: tls.alpn,
      minVersion: VERSIONS[tls.minVersion],
      clientCaPem: own.clientCaPem,
      isClientRequired: tls.isClientRequired,
      ticketKeys,
      sessionScope: scopeOf(index, own.clientCaPem ?? ""),
    });
  }
}

/** A session does not take its client from one listener to another, nor past a change of who is trusted. */
function scopeOf(index: number, clientCaPem: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(createHash("sha256").update(`${index} ${clientCaPem}`).digest());
}

function closeAll(contexts: readonly (TlsContext | null)[]): void {
  for (const context of contexts) context?.close();
}
