/**
 * The TLS handshake of a client connection, on a listener with certificates.
 *
 *     accepted, or behind its PROXY protocol header --> HANDSHAKE --done--> a session
 *                                                          |
 *                   refused by either side (PR), client closed (CR), time-out (cR): log, closed
 *
 * It is served in the class `heavy` of the I/O queue, whose share of a turn is small: a flood of handshakes waits, established traffic
 * does not. A connection that ends without a hello makes no line, as everywhere. A handshake that hadro refuses has told the client
 * why by an alert.
 *
 * May import: base, sys, event, mux, proxy.
 *
 * @module
 */
import { Errno } from "../base/errno.ts";
import type { FdHandler } from "../event/fd_table.ts";
import { IoClass } from "../event/io_queue.ts";
import type { Tls, TlsFacts } from "../event/poller.ts";
import type { TaskHandler } from "../event/run_queue.ts";
import { SocketEnd } from "../mux/socket_end.ts";
import type { TlsContext } from "../sys/tls_context.ts";
import type { ClientIdentity } from "./client_identity.ts";
import {
  type Embryonic,
  type EmbryonicContext,
  type EmbryonicOwner,
  type Handshaking,
  logEmbryonic,
} from "./embryonic.ts";
import { EndCause } from "./log_record.ts";
import { shakeHands } from "./tls_steps.ts";

/** The listener that it belongs to. */
export interface TlsHandshakeOwner extends EmbryonicOwner {
  /** It is over: the socket carries what is inside, for a session of `client`. */
  onTlsDone(client: ClientIdentity, connection: Embryonic): void;
}

/** See the module's text. */
export class TlsHandshake implements FdHandler, TaskHandler, Embryonic, Handshaking {
  readonly end: SocketEnd;
  readonly acceptedMs: number;
  readonly acceptedWallMs: number;
  tls: TlsFacts | null = null;
  readonly #context: EmbryonicContext;
  readonly #listener: TlsHandshakeOwner;
  readonly #client: ClientIdentity;
  readonly #tls: Tls;
  readonly #task: number;

  /** Of a new connection. */
  static ofSocket(
    context: EmbryonicContext,
    listener: TlsHandshakeOwner,
    fd: number,
    client: ClientIdentity,
  ): TlsHandshake {
    const end = new SocketEnd(context);
    end.open(fd, listener.ioClass);
    const { nowMs, wallNowMs } = context.engine;
    const began = { end, acceptedMs: nowMs, acceptedWallMs: wallNowMs, handshakeMs: 0, tls: null };
    const handshake = new TlsHandshake(context, listener, began, client);
    context.engine.adopt(fd, handshake, IoClass.HEAVY);
    return handshake;
  }

  /** Of a connection that another handshake is over with. */
  static behind(
    context: EmbryonicContext,
    listener: TlsHandshakeOwner,
    connection: Embryonic,
    client: ClientIdentity,
  ): TlsHandshake {
    const handshake = new TlsHandshake(context, listener, connection, client);
    const { fdTable } = context.engine;
    fdTable.setHandler(connection.end.fd, handshake);
    fdTable.setClass(connection.end.fd, IoClass.HEAVY);
    return handshake;
  }

  private constructor(
    context: EmbryonicContext,
    listener: TlsHandshakeOwner,
    connection: Embryonic,
    client: ClientIdentity,
  ) {
    const { engine } = context;
    [this.#context, this.#listener, this.#client] = [context, listener, client];
    this.#tls = engine.poller.tls!;
    this.end = connection.end;
    this.acceptedMs = connection.acceptedMs;
    this.acceptedWallMs = connection.acceptedWallMs;
    this.#task = engine.scheduler.create(this);
    context.sessions.add(this);
  }

  get handshakeMs(): number {
    return Math.round(this.#context.engine.nowMs - this.acceptedMs);
  }

  /** Awaits the client's hello. */
  start(tlsContext: TlsContext): void {
    const { engine } = this.#context;
    if (this.#tls.begin(this.end.fd, tlsContext, "") < 0) {
      this.#fail(EndCause.RESOURCE, "no memory for a TLS connection");
      return;
    }
    engine.scheduler.scheduleAt(
      this.#task,
      engine.nowMs + this.#listener.config.timeouts.clientHandshakeMs,
    );
    engine.fdTable.wantRecv(this.end.fd);
  }

  onIo(fd: number): void {
    const result = shakeHands(this.#context.engine, fd);
    if (result === 0) this.#finish();
    else if (result !== -Errno.EAGAIN) this.#refuse();
  }

  /** Time is up. */
  onTask(): void {
    const { clientHandshakeMs } = this.#listener.config.timeouts;
    this.#listener.counters.handshakeErrors++;
    this.#fail(
      EndCause.CLIENT_TIMEOUT,
      `the TLS handshake was not complete within ${clientHandshakeMs} ms`,
    );
  }

  /** hadro stops: no request was begun, but a tcp connection is one from its accept on. */
  drain(): void {
    if (this.#listener.config.scheme === "http") this.kill();
  }

  /** A server went down: it has none yet. */
  onMarkedDown(): void {}

  /** hadro stops at once. */
  kill(): void {
    this.#fail(EndCause.KILLED, "hadro was stopped");
  }

  #finish(): void {
    const { fdTable } = this.#context.engine;
    const { fd } = this.end;
    this.tls = this.#tls.facts(fd);
    this.#listener.counters.tlsHandshakes++;
    if (this.tls.isResumed) this.#listener.counters.tlsResumed++;
    fdTable.setClass(fd, this.#listener.ioClass);
    this.#leave();
    this.#listener.onTlsDone(this.#client, this);
  }

  #refuse(): void {
    this.#listener.counters.handshakeErrors++;
    const { failure } = this.#tls;
    const isGone = /^(closed|reset) by the peer$/.test(failure);
    const why = `the TLS handshake failed: ${failure}`;
    if (isGone && !this.#tls.hadHello) this.#end();
    else this.#fail(isGone ? EndCause.CLIENT : EndCause.PROXY, why);
  }

  #fail(cause: number, why: string): void {
    logEmbryonic(this.#context, this.#listener, this, this.#client, { cause, why });
    this.#end();
  }

  #end(): void {
    this.end.closeSocket(false);
    this.#leave();
    this.#listener.onHandshakeFailed();
  }

  #leave(): void {
    this.#context.engine.scheduler.release(this.#task);
    this.#context.sessions.delete(this);
  }
}
