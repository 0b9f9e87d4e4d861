/**
 * What every session and stream of an engine shares: buffers, parsers, the log, counts. One per engine, passed down.
 *
 * May import: base, config, event, buffer, mux, protocol, proxy.
 *
 * @module
 */
import { Slab } from "../base/slab.ts";
import type { Config } from "../config/model.ts";
import type { BufferWait } from "../buffer/buffer_wait.ts";
import { BUFFER_SIZE } from "../buffer/pool.ts";
import type { Engine } from "../event/engine.ts";
import type { ParserPool } from "../mux/h1_end.ts";
import { PROBE_BYTES } from "../mux/h1_back.ts";
import { H2Shared } from "../mux/h2_shared.ts";
import type { EndContext } from "../mux/waiting_bytes.ts";
import { HeadEdit } from "../protocol/h1/head_edit.ts";
import { HeadParser } from "../protocol/h1/head_parser.ts";
import { ProxyHeaderParser } from "../protocol/proxy_protocol/header_parser.ts";
import { ClientHelloReader } from "../protocol/tls/client_hello.ts";
import { PROXY_HEADER_BYTES_MAX } from "../protocol/proxy_protocol/header_writer.ts";
import { type Compression, newCompression } from "./compress/compression.ts";
import type { ConnectionCounts } from "./connection_counts.ts";
import { ErrorReplies } from "./error_reply.ts";
import { HeaderRules } from "./header_rules.ts";
import { HttpStream } from "./http_stream.ts";
import type { LogSink } from "./log_record.ts";
import type { Server } from "./server.ts";
import type { StreamSession } from "./stream_session.ts";
import { UniqueIds } from "./unique_id.ts";

/** Streams and parsers kept for reuse at most; more are left to the garbage collector. */
const SPARE_MAX = 1_024;
/** Host values kept. */
const HOSTS_MAX = 4_096;
/** Fields that a head may have; more only where --max-headers says so. */
const FIELDS_MAX = 100;

/** A client connection's life, which ends when hadro stops: a handshake, an HTTP or a TCP session. */
interface Session {
  /** Ends when nothing is lost by it. */
  drain(): void;
  /** Ends at once. */
  kill(): void;
  /** A server went down, and takes its sessions along: on-marked-down. */
  onMarkedDown(server: Server, why: string): void;
}

/** See the module's text. */
export class ProxyContext implements EndContext {
  readonly engine: Engine;
  readonly buffers: BufferWait;
  readonly config: Config;
  readonly log: LogSink;
  readonly requestParsers: ParserPool;
  readonly responseParsers: ParserPool = newParserPool("response", FIELDS_MAX);
  readonly headEdit = new HeadEdit();
  readonly headersUp: HeaderRules;
  readonly headersDown: HeaderRules;
  /** Which X-Forwarded-* hadro adds: those that no `--header-up` sets or deletes. */
  readonly addsForwarded: { readonly for: boolean; readonly proto: boolean; readonly host: boolean };
  /** null: nothing is compressed. */
  readonly compression: Compression | null;
  /** null: requests have no ids. */
  readonly uniqueIds: UniqueIds | null;
  readonly errorReplies = new ErrorReplies();
  /** For looking whether an idle connection has something to say. */
  readonly probe = new Slab(PROBE_BYTES);
  /** For building an answer; valid until the next use. A head and what is added to it fit. */
  readonly replySlab = new Slab(BUFFER_SIZE);
  /** For building a start line; valid until the next use. */
  readonly scratch = new Uint8Array(BUFFER_SIZE);
  /** For building the header of a connection to a server; valid until the next use. */
  readonly proxyHeader = new Slab(PROXY_HEADER_BYTES_MAX);
  readonly proxyHeaderParser = new ProxyHeaderParser();
  readonly helloReader = new ClientHelloReader();
  /** What HTTP/2 connections share. */
  readonly h2: H2Shared;
  readonly sessions = new Set<Session>();
  /** hadro is stopping: no connection is kept alive. */
  isDraining = false;
  /** Client connections open now. */
  readonly connections: ConnectionCounts;
  /** For what must not be guessed from outside. */
  readonly seed: number;
  /** Told when a connection to a server closed: its descriptor may be what an accept waits for. */
  onServerConnectionClosed: () => void = () => {};
  readonly #spareStreams: HttpStream[] = [];
  readonly #hostBytes = new Map<string, Uint8Array>();

  constructor(
    engine: Engine,
    buffers: BufferWait,
    config: Config,
    log: LogSink,
    connections: ConnectionCounts,
    seed: number,
    compressBytes: number,
  ) {
    this.seed = seed;
    this.connections = connections;
    this.engine = engine;
    this.buffers = buffers;
    this.config = config;
    this.log = log;
    const headerCounts = config.listeners.map(({ limits }) => limits.maxHeaderCount);
    this.requestParsers = newParserPool("request", Math.max(FIELDS_MAX, ...headerCounts));
    this.h2 = new H2Shared(Math.max(FIELDS_MAX, ...headerCounts));
    this.compression = newCompression(config, compressBytes);
    this.uniqueIds = config.hasUniqueId ? new UniqueIds(crypto.getRandomValues(new Uint8Array(8))) : null;
    this.headersUp = new HeaderRules(config.headersUp);
    this.headersDown = new HeaderRules(config.headersDown);
    this.addsForwarded = {
      for: !this.headersUp.replaces("x-forwarded-for"),
      proto: !this.headersUp.replaces("x-forwarded-proto"),
      host: !this.headersUp.replaces("x-forwarded-host"),
    };
  }

  takeHttpStream(session: StreamSession): HttpStream {
    const stream = this.#spareStreams.pop() ?? new HttpStream(this);
    stream.assign(session);
    return stream;
  }

  giveHttpStream(stream: HttpStream): void {
    stream.assign(null);
    if (this.#spareStreams.length < SPARE_MAX) this.#spareStreams.push(stream);
  }

  /** The bytes of a Host value; texts come from the configuration, and from SRV records, which come and go. */
  hostBytes(text: string): Uint8Array {
    let bytes = this.#hostBytes.get(text);
    if (bytes === undefined) {
      if (this.#hostBytes.size >= HOSTS_MAX) this.#hostBytes.clear();
      this.#hostBytes.set(text, bytes = new TextEncoder().encode(text));
    }
    return bytes;
  }
}

function newParserPool(kind: "request" | "response", maxFieldCount: number): ParserPool {
  const spare: HeadParser[] = [];
  return {
    take: () => spare.pop() ?? new HeadParser(kind, maxFieldCount),
    give: (parser) => {
      if (spare.length < SPARE_MAX) spare.push(parser);
    },
  };
}
