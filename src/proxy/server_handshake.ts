/**
 * What comes between a connect and the first byte of a client: the PROXY protocol header, then TLS, each where the server gets it.
 *
 *     connected --> HEADER --sent--> TLS --over--> done
 *                     |                |
 *                     +-- error -------+--> failed, as a connect that failed; TLS says why in words
 *
 * A handshake is served in the class `heavy` of the I/O queue.
 *
 * May import: base, event, proxy.
 *
 * @module
 */
import { Errno } from "../base/errno.ts";
import type { Slab } from "../base/slab.ts";
import type { Engine } from "../event/engine.ts";
import { IoClass } from "../event/io_queue.ts";
import { HeaderSend } from "./proxy_header.ts";
import type { Server } from "./server.ts";
import { shakeHands } from "./tls_steps.ts";

/** What a handshake needs of the process. */
export interface HandshakeContext {
  readonly engine: Engine;
  /** For building a header; anybody's again after it. */
  readonly proxyHeader: Slab;
}

/** For whom a server is connected to. */
export interface HandshakeOwner {
  /** Whether bytes wait for the server: they will be sent as soon as it is connected. */
  readonly hasDataToSend: boolean;
  /** Writes the header of a connection to `server`, which gets one, to the beginning of `out`; returns its length. */
  writeProxyHeader(server: Server, out: Uint8Array): number;
  /** Whom a connection to `server`, which has TLS, asks for; "" nobody. */
  tlsName(server: Server): string;
}

const Step = { BEGIN: 0, HEADER: 1, TLS: 2 } as const;

/** See the module's text. Of one connection after the other. */
export class ServerHandshake {
  /** Why it failed, where the error number does not say. */
  why = "";
  readonly #context: HandshakeContext;
  readonly #owner: HandshakeOwner;
  #headerSend: HeaderSend | null = null;
  #step: number = Step.BEGIN;

  constructor(context: HandshakeContext, owner: HandshakeOwner) {
    [this.#context, this.#owner] = [context, owner];
  }

  /** Whether connections to a server begin with one. */
  static isFor({ config }: Server): boolean {
    return config.proxyOut !== null || config.tls !== null;
  }

  /** Of a connection that is about to be made. */
  begin(): void {
    this.#step = Step.BEGIN;
    this.why = "";
  }

  /** Goes on; `ioClass` is what the connection is served in behind it. Returns 0 when it is over, -EAGAIN while not, or the negated error. */
  advance(fd: number, server: Server, ioClass: number): number {
    if (this.#step !== Step.TLS && server.config.proxyOut !== null) {
      const result = this.#sendHeader(fd, server);
      if (result !== 0) return result;
    }
    return server.config.tls === null ? 0 : this.#shakeTls(fd, server, ioClass);
  }

  /** It was TLS that failed: the server answered, and its other addresses would say the same. */
  get isInTls(): boolean {
    return this.#step === Step.TLS;
  }

  /** What was not in time, in words; "" where that was the connect. */
  describeTimeout(where: string, timeoutMs: number): string {
    return this.#step === Step.TLS
      ? `${where} did not complete the TLS handshake within ${timeoutMs} ms`
      : "";
  }

  /** The owner's bytes go out with the header when there are any. */
  #sendHeader(fd: number, server: Server): number {
    const hasMore = this.#owner.hasDataToSend || server.config.tls !== null;
    if (this.#step === Step.HEADER) return this.#headerSend!.resume(fd, hasMore);
    this.#step = Step.HEADER;
    const { engine, proxyHeader } = this.#context;
    this.#headerSend ??= new HeaderSend(engine);
    const sizeBytes = this.#owner.writeProxyHeader(server, proxyHeader.bytes);
    return this.#headerSend.begin(fd, proxyHeader, sizeBytes, hasMore);
  }

  #shakeTls(fd: number, server: Server, ioClass: number): number {
    const { engine } = this.#context;
    const tls = engine.poller.tls!;
    if (this.#step !== Step.TLS) {
      this.#step = Step.TLS;
      engine.fdTable.setClass(fd, IoClass.HEAVY);
      const begun = tls.begin(fd, server.tlsContext!, this.#owner.tlsName(server));
      if (begun < 0) return begun;
    }
    const result = shakeHands(engine, fd);
    if (result === -Errno.EAGAIN) return result;
    if (result === 0) {
      engine.fdTable.stopRecv(fd);
      engine.fdTable.setClass(fd, ioClass);
    } else this.why = tls.failure;
    return result;
  }
}
