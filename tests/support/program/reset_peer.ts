/**
 * Peers that can reset their connection (RST), which Deno's own sockets cannot.
 *
 * @module
 */
import { connect, createServer, type Server, type Socket } from "node:net";

/** A connection of node:net. */
export class ResetPeer {
  readonly #socket: Socket;
  #received = "";
  #isOver = false;
  #wake = Promise.withResolvers<void>();

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (chunk) => {
      this.#received += chunk.toString("latin1");
      this.#signal();
    });
    socket.on("error", () => {});
    socket.on("close", () => {
      this.#isOver = true;
      this.#signal();
    });
  }

  static connect(port: number): Promise<ResetPeer> {
    const { promise, resolve, reject } = Promise.withResolvers<ResetPeer>();
    const socket = connect(port, "127.0.0.1", () => resolve(new ResetPeer(socket)));
    socket.once("error", reject);
    return promise;
  }

  send(text: string): void {
    this.#socket.write(text);
  }

  /** Waits until `text` has been received, or the connection is gone. */
  async readUntil(text: string): Promise<string> {
    while (!this.#received.includes(text) && !this.#isOver) await this.#wake.promise;
    return this.#received;
  }

  /** Closes in order. */
  end(): void {
    this.#socket.destroy();
  }

  reset(): void {
    this.#socket.resetAndDestroy();
  }

  #signal(): void {
    this.#wake.resolve();
    this.#wake = Promise.withResolvers<void>();
  }
}

/** A server whose connections can be reset. */
export class ResetServer {
  readonly port: number;
  readonly #server: Server;
  readonly #sockets: readonly Socket[];

  private constructor(server: Server, sockets: readonly Socket[]) {
    this.#server = server;
    this.#sockets = sockets;
    this.port = (server.address() as { port: number }).port;
  }

  static async start(serve: (peer: ResetPeer) => Promise<void> | void): Promise<ResetServer> {
    const sockets: Socket[] = [];
    const server = createServer((socket) => {
      sockets.push(socket);
      void serve(new ResetPeer(socket));
    });
    const listening = Promise.withResolvers<void>();
    server.listen(0, "127.0.0.1", listening.resolve);
    await listening.promise;
    return new ResetServer(server, sockets);
  }

  async stop(): Promise<void> {
    const closed = Promise.withResolvers<void>();
    this.#server.close(() => closed.resolve());
    for (const socket of this.#sockets) socket.destroy();
    await closed.promise;
  }
}
