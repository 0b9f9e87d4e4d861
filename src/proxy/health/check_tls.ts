/**
 * TLS of a server's checks: as its traffic has it, unless they connect elsewhere (HAProxy: check-ssl). With sni=host it asks for the
 * server's own name.
 *
 * May import: event, proxy.
 *
 * @module
 */
import type { Engine } from "../../event/engine.ts";
import type { Server } from "../server.ts";
import { nameOf, shakeHands } from "../tls_steps.ts";
import { plainBytesOf } from "./check_request.ts";

/** See the module's text. */
export class CheckTls {
  /** What is sent before it begins. */
  readonly plainBytes: number;
  readonly #engine: Engine;
  readonly #server: Server;

  private constructor(engine: Engine, server: Server) {
    [this.#engine, this.#server] = [engine, server];
    this.plainBytes = plainBytesOf(server.config);
  }

  /** null: the checks of a server are not encrypted. */
  static of(engine: Engine, server: Server): CheckTls | null {
    const { tls, checkEndpoint } = server.config;
    return tls === null || checkEndpoint !== null ? null : new CheckTls(engine, server);
  }

  /** Begins; returns 0 or the negated error. */
  begin(fd: number): number {
    const server = this.#server;
    return this.#engine.poller.tls!.begin(fd, server.tlsContext!, nameOf(server, ""));
  }

  /** Goes on, as shakeHands does. */
  advance(fd: number): number {
    const result = shakeHands(this.#engine, fd);
    if (result === 0) this.#engine.fdTable.stopRecv(fd);
    return result;
  }

  /** What was wrong with the certificate of the last one that failed. */
  get verdict(): number {
    return this.#engine.poller.tls!.verdict;
  }
}
