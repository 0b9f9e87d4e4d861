/**
 * The handshake of a connection whose listener has `proxy`: the PROXY protocol header comes first and says who the client is (HAProxy:
 * accept-proxy, embryonic sessions).
 *
 *     accepted --peer is in --trust, or the listener is a unix socket--> HEADER --whole--> a session, with what follows the header
 *         |                                                                |
 *         +--no--> log (PR), closed              malformed (PR), client closed (CR), time-out (cR): log, closed
 *
 *     header                            client of the log, X-Forwarded-For and balancing     its X-Forwarded-* are believed
 *     TCP4, TCP6; a unix client         the header's                                         if that is in --trust
 *     UNKNOWN                           the connection's                                     no: nobody knows whose they are
 *     LOCAL                             the connection's                                     if that is in --trust
 *
 * A connection that ends without a byte makes no line, as everywhere.
 *
 * May import: base, buffer, config, event, mux, protocol, proxy.
 *
 * @module
 */
import { Errno } from "../base/errno.ts";
import { formatAddressBytes } from "../base/ip_address.ts";
import { Criticality } from "../buffer/criticality.ts";
import type { Cidr } from "../config/model_limits.ts";
import { Direction } from "../event/fd_state.ts";
import type { FdHandler } from "../event/fd_table.ts";
import type { SocketAddress } from "../event/poller.ts";
import type { TaskHandler } from "../event/run_queue.ts";
import { HEAD_CAPACITY } from "../mux/h1_end.ts";
import { SocketEnd } from "../mux/socket_end.ts";
import { describeHeaderError } from "../protocol/proxy_protocol/header_error.ts";
import {
  headerBytesAtLeast,
  HeaderKind,
  HeaderStatus,
  type ProxyHeaderParser,
} from "../protocol/proxy_protocol/header_parser.ts";
import { ClientIdentity } from "./client_identity.ts";
import {
  type Embryonic,
  type EmbryonicContext,
  type EmbryonicOwner,
  type Handshaking,
  logEmbryonic,
} from "./embryonic.ts";
import { EndCause } from "./log_record.ts";

/** What a handshake needs of the process. */
export interface HandshakeContext extends EmbryonicContext {
  readonly config: { readonly trust: readonly Cidr[] };
  readonly proxyHeaderParser: ProxyHeaderParser;
}

/** The listener that it belongs to. */
export interface HandshakeOwner extends EmbryonicOwner {
  /** It is over: the socket, and what waits, are for `client`. */
  onHandshakeDone(client: ClientIdentity, handshake: ProxyHandshake): void;
  /** Why this client may not have a connection; null when it may. */
  refusalOf(client: ClientIdentity): string | null;
}

const NOTHING = new Uint8Array(0);

/** See the module's text. */
export class ProxyHandshake implements FdHandler, TaskHandler, Embryonic, Handshaking {
  readonly tls = null;
  readonly context: HandshakeContext;
  readonly listener: HandshakeOwner;
  /** The socket, and behind the header what waits for the session. */
  readonly end: SocketEnd;
  readonly acceptedMs: number;
  readonly acceptedWallMs: number;
  readonly #peer: SocketAddress;
  readonly #task: number;

  constructor(context: HandshakeContext, listener: HandshakeOwner, fd: number, peer: SocketAddress) {
    const { engine } = context;
    this.context = context;
    this.listener = listener;
    this.#peer = peer;
    this.acceptedMs = engine.nowMs;
    this.acceptedWallMs = engine.wallNowMs;
    this.end = new SocketEnd(context);
    this.end.open(fd, listener.ioClass);
    this.#task = engine.scheduler.create(this);
    engine.adopt(fd, this, listener.ioClass);
    context.sessions.add(this);
  }

  /** How long it has taken: Th once it is over. */
  get handshakeMs(): number {
    return Math.round(this.context.engine.nowMs - this.acceptedMs);
  }

  /** Awaits the header, or ends at once when the peer is not trusted to send one. */
  start(): void {
    const { engine, config } = this.context;
    const peer = new ClientIdentity(this.#peer, config.trust);
    if (this.#peer.kind === "tcp" && !peer.isTrusted) {
      this.listener.counters.deniedConnections++;
      const why = `${peer.address} is not in --trust, and this listener awaits a PROXY protocol header`;
      this.#fail(EndCause.PROXY, why);
      return;
    }
    engine.scheduler.scheduleAt(
      this.#task,
      engine.nowMs + this.listener.config.timeouts.clientHandshakeMs,
    );
    this.end.setReceiving(true);
  }

  onIo(): void {
    const { end } = this;
    const count = end.receive(Criticality.REQUEST_HEAD, this.#capacity);
    if (count > 0) this.#look();
    else if (count !== -Errno.EAGAIN && count !== -Errno.ENOBUFS) {
      const verb = count === 0 ? "closed" : "reset the connection";
      this.#failHandshake(
        EndCause.CLIENT,
        `the client ${verb} before its PROXY protocol header was complete`,
      );
    }
  }

  /**
   * As much as a request's head may take: what follows the header may be one. Records of TLS are read by who decrypts them: before
   * those not a byte more than surely belongs to the header.
   */
  get #capacity(): number {
    if (this.listener.config.tls === null) return HEAD_CAPACITY;
    const { end } = this;
    const bytes = end.hasBuffer ? end.bytes : NOTHING;
    return Math.min(HEAD_CAPACITY, headerBytesAtLeast(bytes, end.base + end.head, end.base + end.tail));
  }

  /** Time is up. */
  onTask(): void {
    const { clientHandshakeMs } = this.listener.config.timeouts;
    if (this.context.engine.fdTable.isParked(this.end.fd, Direction.RECV)) {
      // It was hadro that could not receive, not the client that was slow.
      const why =
        `no buffer was free for the PROXY protocol header within ${clientHandshakeMs} ms; see --max-mem`;
      this.#failHandshake(EndCause.RESOURCE, why);
      return;
    }
    const why = `the PROXY protocol header was not complete within ${clientHandshakeMs} ms`;
    this.#failHandshake(EndCause.CLIENT_TIMEOUT, why);
  }

  /** hadro stops: no request was begun, but a tcp connection is one from its accept on. */
  drain(): void {
    if (this.listener.config.scheme === "http") this.kill();
  }

  /** A server went down: it has none yet. */
  onMarkedDown(): void {}

  /** hadro stops at once. */
  kill(): void {
    this.#fail(EndCause.KILLED, "hadro was stopped");
  }

  #look(): void {
    const { end } = this;
    const parser = this.context.proxyHeaderParser;
    const status = parser.parse(end.bytes, end.base + end.head, end.base + end.tail);
    if (status === HeaderStatus.DONE) this.#finish(parser);
    else if (status === HeaderStatus.ERROR) {
      this.#failHandshake(EndCause.PROXY, describeHeaderError(parser.errorCode));
    }
  }

  #finish(parser: ProxyHeaderParser): void {
    const client = identify(parser, this.#peer, this.context.config.trust);
    // Who may connect is asked of the client, not of the proxy before it.
    const refusal = this.listener.refusalOf(client);
    if (refusal !== null) {
      this.listener.counters.deniedConnections++;
      this.#fail(EndCause.PROXY, refusal, client);
      return;
    }
    this.end.discard(parser.length);
    this.#leave();
    this.listener.onHandshakeDone(client, this);
  }

  #failHandshake(cause: number, why: string): void {
    this.listener.counters.handshakeErrors++;
    this.#fail(cause, why);
  }

  /** @param refused The client whose address is refused: it is reset, and the log is about it. */
  #fail(cause: number, why: string, refused: ClientIdentity | null = null): void {
    const isQuiet = this.end.receivedBytes === 0 && (cause === EndCause.CLIENT || cause === EndCause.KILLED);
    const client = refused ?? new ClientIdentity(this.#peer, []);
    if (!isQuiet) logEmbryonic(this.context, this.listener, this, client, { cause, why });
    this.end.closeSocket(refused !== null);
    this.#leave();
    this.listener.onHandshakeFailed();
  }

  #leave(): void {
    this.context.engine.scheduler.release(this.#task);
    this.context.sessions.delete(this);
  }
}

/** Who the client is that a header names; see the module's text. */
function identify(
  parser: ProxyHeaderParser,
  peer: SocketAddress,
  trust: readonly Cidr[],
): ClientIdentity {
  switch (parser.kind) {
    case HeaderKind.LOCAL:
      return new ClientIdentity(peer, trust);
    case HeaderKind.UNKNOWN:
      return new ClientIdentity(peer, []);
    case HeaderKind.UNIX: {
      const unix: SocketAddress = { kind: "unix", path: "" };
      return new ClientIdentity(unix, [], unix);
    }
    default: {
      const size = parser.kind === HeaderKind.INET ? 4 : 16;
      return new ClientIdentity(
        { kind: "tcp", host: formatAddressBytes(parser.source, 0, size), port: parser.sourcePort },
        trust,
        { kind: "tcp", host: formatAddressBytes(parser.destination, 0, size), port: parser.destinationPort },
      );
    }
  }
}
