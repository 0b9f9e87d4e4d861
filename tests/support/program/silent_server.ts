/**
 * A server that answers no SYN: its backlog is full and it never accepts, so a connect to it hangs (Linux drops the SYN).
 *
 * @module
 */
const BACKLOG = 1;

/** See the module's text. */
export class SilentServer {
  readonly port: number;
  readonly #listener: Deno.TcpListener;
  readonly #fillers: readonly Deno.TcpConn[];

  private constructor(listener: Deno.TcpListener, fillers: readonly Deno.TcpConn[]) {
    this.#listener = listener;
    this.#fillers = fillers;
    this.port = listener.addr.port;
  }

  /** Fills the backlog: Linux holds one connection more than asked for. */
  static async start(): Promise<SilentServer> {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0, tcpBacklog: BACKLOG });
    const { port } = listener.addr;
    const fillers: Deno.TcpConn[] = [];
    for (let i = 0; i <= BACKLOG; i++) fillers.push(await Deno.connect({ hostname: "127.0.0.1", port }));
    return new SilentServer(listener, fillers);
  }

  stop(): void {
    this.#listener.close();
    for (const filler of this.#fillers) filler.close();
  }
}
