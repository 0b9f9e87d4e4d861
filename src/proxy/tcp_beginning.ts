/**
 * What lies before a TCP session: a PROXY protocol header (proxy_handshake.ts), a TLS client hello (sni_inspection.ts).
 *
 * May import: event, mux, proxy.
 *
 * @module
 */
import type { TlsFacts } from "../event/poller.ts";
import type { SocketEnd } from "../mux/socket_end.ts";
import type { LogRecord } from "./log_record.ts";

/** Whose socket the session takes over, with what waits there. */
export interface TcpBeginning {
  readonly end: SocketEnd;
  /** When the connection was accepted, milliseconds since 1970. */
  readonly acceptedWallMs: number;
  /** Th of the log. */
  readonly handshakeMs: number;
  /** null: it is not encrypted, or not here. */
  readonly tls: TlsFacts | null;
}

/** What a client hello said: all that its session keeps of the inspection. */
export class ReadHello {
  /** "" none. */
  readonly serverName: string;
  readonly #inspectedMs: number;

  constructor(serverName: string, inspectedMs: number) {
    this.serverName = serverName;
    this.#inspectedMs = inspectedMs;
  }

  /** Completes what the session's log line says, whose own time begins with the session. */
  describe(record: LogRecord): void {
    record.scheme = "sni";
    record.serverNameIndication = this.serverName;
    record.requestMs = this.#inspectedMs;
    record.activeMs += this.#inspectedMs;
  }
}
