/**
 * Servers that speak TLS, one node:tls server each.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { createServer, type TlsOptions, type TLSSocket } from "node:tls";
import { onTestFinished } from "vitest";
import { tlsText } from "./certificates.ts";

/** What a server saw of a connection, and of the requests on it. */
export interface SeenConnection {
  readonly serverName: string;
  readonly clientName: string;
  readonly isResumed: boolean;
  readonly heads: string[];
}

/** See the module's text. */
export class TlsServer {
  readonly connections: SeenConnection[] = [];
  readonly #sockets = new Set<TLSSocket>();
  #port = 0;

  /** Answers each request with `answer(head)`; `name` is that of its certificate's files. Stopped when the test ends. */
  static async start(
    name: string,
    answer: (head: string) => string | Promise<string>,
    options: TlsOptions = {},
  ): Promise<TlsServer> {
    const own = new TlsServer();
    const pair = { cert: tlsText(`${name}.crt`), key: tlsText(`${name}.key`) };
    const server = createServer({ ...pair, ...options }, (socket) => own.#serve(socket, answer));
    server.on("tlsClientError", () => {});
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    own.#port = (server.address() as { port: number }).port;
    onTestFinished(() => {
      for (const socket of own.#sockets) socket.destroy();
      server.close();
    });
    return own;
  }

  get port(): number {
    return this.#port;
  }

  /** Every request's head, in the order of connections. */
  get heads(): string[] {
    return this.connections.flatMap(({ heads }) => heads);
  }

  #serve(socket: TLSSocket, answer: (head: string) => string | Promise<string>): void {
    this.#sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => this.#sockets.delete(socket));
    const seen: SeenConnection = {
      serverName: String((socket as unknown as { servername?: string | false }).servername || ""),
      clientName: String(socket.getPeerCertificate?.()?.subject?.CN ?? ""),
      isResumed: socket.isSessionReused(),
      heads: [],
    };
    this.connections.push(seen);
    let text = "";
    socket.on("data", async (bytes: Buffer) => {
      text += bytes.toString("latin1");
      for (let end = text.indexOf("\r\n\r\n"); end >= 0; end = text.indexOf("\r\n\r\n")) {
        const head = text.slice(0, end + 4);
        text = text.slice(end + 4);
        seen.heads.push(head);
        socket.write(await answer(head), "latin1");
      }
    });
  }
}
