/**
 * What an engine's listeners and servers encrypt with, out of what was read from files (tls_material.ts); made again when that changes. Connections
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
import type { ServerTls } from "../config/model_tls.ts";
import type { ServerMaterial, TlsMaterial } from "./tls_material.ts";

const VERSIONS = { "1.2": TlsVersion.TLS1_2, "1.3": TlsVersion.TLS1_3 } as const;

/** In the order of the configuration. */
export interface MadeContexts {
  readonly listeners: readonly (TlsContext | null)[];
  /** Of each backend, each server. */
  readonly backends: readonly (readonly (TlsContext | null)[])[];
}

/** See the module's text. */
export class TlsContexts {
  readonly #library: OpenSsl;
  readonly #config: Config;
  readonly #callbacks: TlsCallbacks;
  #made: MadeContexts = { listeners: [], backends: [] };

  constructor(library: OpenSsl, config: Config) {
    this.#library = library;
    this.#config = config;
    this.#callbacks = new TlsCallbacks(library);
  }

  /** Makes all; null for those without TLS. @throws {TlsContextError} and keeps what there was. */
  make(material: TlsMaterial): MadeContexts {
    const listeners: (TlsContext | null)[] = [];
    const backends: (TlsContext | null)[][] = [];
    try {
      for (const [index, listener] of this.#config.listeners.entries()) {
        listeners.push(this.#makeOne(listener.tls, material, index));
      }
      for (const [index, { servers }] of this.#config.backends.entries()) {
        const made: (TlsContext | null)[] = [];
        backends.push(made);
        for (const [at, { tls }] of servers.entries()) {
          made.push(this.#makeClient(tls, material.backends[index]?.[at] ?? null));
        }
      }
    } catch (error) {
      closeAll({ listeners, backends });
      throw error;
    }
    closeAll(this.#made);
    this.#made = { listeners, backends };
    return this.#made;
  }

  /** After the engine's end: nothing can call back. */
  close(): void {
    closeAll(this.#made);
    this.#made = { listeners: [], backends: [] };
    this.#callbacks.close();
  }

  #makeClient(tls: ServerTls | null, material: ServerMaterial | null): TlsContext | null {
    if (tls === null || material === null) return null;
    return TlsContext.ofClient(this.#library, {
      caPem: material.caPem,
      isVerified: tls.isVerified,
      keepsSession: tls.serverName.kind === "name",
      pair: material.pair,
      alpn: tls.alpn,
      minVersion: VERSIONS[tls.minVersion],
    });
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

function closeAll({ listeners, backends }: MadeContexts): void {
  for (const context of [...listeners, ...backends.flat()]) context?.close();
}
