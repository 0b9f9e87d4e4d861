/**
 * Scripted peers: raw clients and servers whose every byte a test decides.
 *
 * @module
 */
import { Buffer } from "node:buffer";

const encoder = new TextEncoder();

/** A connection that is read and written in texts of latin1. */
export class Peer {
  readonly conn: Deno.Conn;
  /** Everything received so far. */
  received = "";
  isEnded = false;
  error: string | null = null;

  constructor(conn: Deno.Conn) {
    this.conn = conn;
  }

  static async connect(port: number, hostname = "127.0.0.1"): Promise<Peer> {
    return new Peer(await Deno.connect({ port, hostname }));
  }

  async send(text: string | Uint8Array): Promise<void> {
    let rest = typeof text === "string" ? encoder.encode(text) : text;
    while (rest.length > 0) rest = rest.subarray(await this.conn.write(rest));
  }

  /** Reads until what was received contains `text`, the end, or an error; returns all received. */
  async readUntil(text: string): Promise<string> {
    while (!this.received.includes(text) && !this.isEnded) await this.#readOnce();
    return this.received;
  }

  /** Reads until `count` bytes were received, or the end. */
  async readBytes(count: number): Promise<string> {
    while (this.received.length < count && !this.isEnded) await this.#readOnce();
    return this.received;
  }

  /** Reads to the end; returns all received. `error` says how it ended when not in order. */
  async readAll(): Promise<string> {
    while (!this.isEnded) await this.#readOnce();
    return this.received;
  }

  /** Forgets what was received. */
  take(): string {
    const text = this.received;
    this.received = "";
    return text;
  }

  closeWrite(): Promise<void> {
    return (this.conn as Deno.TcpConn).closeWrite();
  }

  close(): void {
    try {
      this.conn.close();
    } catch {
      // Closed already.
    }
  }

  async #readOnce(): Promise<void> {
    const buffer = new Uint8Array(65_536);
    try {
      const count = await this.conn.read(buffer);
      if (count === null) this.isEnded = true;
      // A TextDecoder's latin1 is windows-1252.
      else this.received += Buffer.from(buffer.buffer, 0, count).toString("latin1");
    } catch (error) {
      this.isEnded = true;
      this.error = error instanceof Error ? error.name : String(error);
    }
  }
}

/** A server that hands its connections to `serve`, one call each. */
export class ScriptedServer {
  readonly port: number;
  readonly peers: Peer[] = [];
  readonly #listener: Deno.TcpListener;
  readonly #done: Promise<void>;

  constructor(serve: (peer: Peer, index: number) => Promise<void> | void, hostname = "127.0.0.1") {
    this.#listener = Deno.listen({ hostname, port: 0 });
    this.port = this.#listener.addr.port;
    this.#done = this.#accept(serve);
  }

  async stop(): Promise<void> {
    this.#listener.close();
    for (const peer of this.peers) peer.close();
    await this.#done;
  }

  async #accept(serve: (peer: Peer, index: number) => Promise<void> | void): Promise<void> {
    const running: Promise<void>[] = [];
    for (;;) {
      let conn: Deno.Conn;
      try {
        conn = await this.#listener.accept();
      } catch {
        break;
      }
      const peer = new Peer(conn);
      this.peers.push(peer);
      running.push(Promise.resolve(serve(peer, this.peers.length - 1)).catch(() => peer.close()));
    }
    await Promise.all(running);
  }
}

/** Answers each request head (bodies by Content-Length are read) with `answer(head, number)`; keeps the connection. */
export function httpServer(answer: (head: string, index: number) => string): ScriptedServer {
  let count = 0;
  return new ScriptedServer(async (peer) => {
    for (;;) {
      await peer.readUntil("\r\n\r\n");
      if (!peer.received.includes("\r\n\r\n")) return peer.close();
      const headEnd = peer.received.indexOf("\r\n\r\n") + 4;
      const head = peer.received.slice(0, headEnd);
      const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
      await peer.readBytes(headEnd + length);
      peer.received = peer.received.slice(headEnd + length);
      await peer.send(answer(head, count++));
    }
  });
}

/** Connects to where hadro refuses; how it ended, and what was said before. A reset may come before Deno has connected. */
export async function refusedConnection(port: number): Promise<string> {
  let peer: Peer;
  try {
    peer = await Peer.connect(port);
  } catch (error) {
    return (error as Error).name;
  }
  const received = await peer.readAll();
  peer.close();
  return `${received}${peer.error ?? "end"}`;
}

/** A response with a length. */
export function response(body: string, extra = ""): string {
  return `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n${extra}\r\n${body}`;
}

/** A port that refuses: it was free a moment ago. */
export function refusedPort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  return port;
}
