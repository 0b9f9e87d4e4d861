/**
 * A connection of the crash case, on either side: heads, bodies and streams are read when asked for, and what is not asked for stays with
 * the kernel, so that a slow reader is slow for hadro too.
 *
 * node:net, since Deno's own sockets cannot reset.
 *
 * @module
 */
import { connect, type Socket } from "node:net";
import { fillBytes } from "./crash_bytes.ts";

const PIECE_BYTES = 65_536;
const HEAD_BYTES_MAX = 16_384;
const decoder = new TextDecoder("latin1");
const encoder = new TextEncoder();

/** A port of 127.0.0.1, or the path of a unix socket. */
export type Target = number | string;

/** Sees the bytes of a body in order. */
export type Take = (bytes: Uint8Array) => Promise<void> | void;

/** The connection ended or failed before all was there: what kills do, and no corruption. */
export class Cut extends Error {
  override readonly name = "Cut";
}

/** What came is not what was sent: never allowed. */
export class Wrong extends Error {
  override readonly name = "Wrong";
}

/** See the module's text. Not for two readers at a time, nor for two writers. */
export class Wire {
  /** When something was last received or sent, by performance.now(). */
  lastMovedMs = performance.now();
  readonly #socket: Socket;
  #rest: Uint8Array = new Uint8Array(0);
  #hasEnded = false;
  #isClosed = false;
  #failure = "closed";
  #wake = Promise.withResolvers<void>();

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("readable", () => this.#signal());
    socket.on("end", () => {
      this.#hasEnded = true;
      this.#signal();
    });
    socket.on("error", (error: Error & { code?: string }) => this.#failure = error.code ?? error.message);
    socket.on("close", () => {
      this.#isClosed = true;
      this.#signal();
    });
  }

  /** @throws {Cut} */
  static async connect(target: Target): Promise<Wire> {
    const socket = typeof target === "string"
      ? connect({ path: target, allowHalfOpen: true })
      : connect({ port: target, host: "127.0.0.1", allowHalfOpen: true, noDelay: true });
    const wire = new Wire(socket);
    let isConnected = false;
    socket.once("connect", () => {
      isConnected = true;
      wire.#signal();
    });
    while (!isConnected) await wire.#moved();
    return wire;
  }

  /** The next bytes; null at the orderly end. @throws {Cut} */
  async read(): Promise<Uint8Array | null> {
    if (this.#rest.length > 0) {
      const rest = this.#rest;
      this.#rest = new Uint8Array(0);
      return rest;
    }
    for (;;) {
      const chunk = this.#socket.read() as Uint8Array | null;
      if (chunk !== null) {
        this.lastMovedMs = performance.now();
        return chunk;
      }
      if (this.#hasEnded) return null;
      await this.#moved();
    }
  }

  /** The bytes up to the empty line; null when the connection ends before the first one. @throws {Cut} {@link Wrong} */
  async readHead(): Promise<string | null> {
    let text = "";
    for (;;) {
      const chunk = await this.read();
      if (chunk === null) {
        if (text === "") return null;
        throw new Cut("end within a head");
      }
      const before = text.length;
      text += decoder.decode(chunk);
      const end = text.indexOf("\r\n\r\n");
      if (end >= 0) {
        this.#rest = chunk.subarray(end + 4 - before);
        return text.slice(0, end + 4);
      }
      if (text.length > HEAD_BYTES_MAX) {
        throw new Wrong(`no end of a head: ${JSON.stringify(text.slice(0, 200))}`);
      }
    }
  }

  /** Reads `length` bytes. @throws {Cut} */
  async readBody(length: number, take: Take): Promise<void> {
    while (length > 0) {
      const chunk = await this.read();
      if (chunk === null) throw new Cut(`end, ${length} bytes before that of the body`);
      const taken = chunk.subarray(0, length);
      this.#rest = chunk.subarray(taken.length);
      length -= taken.length;
      const waited = take(taken);
      if (waited !== undefined) await waited;
    }
  }

  /** Reads a chunked body to its end, which has no trailers. @throws {Cut} {@link Wrong} */
  async readChunks(take: Take): Promise<void> {
    for (;;) {
      const line = await this.#readLine();
      if (!/^[0-9a-f]{1,8}$/i.test(line)) throw new Wrong(`a chunk's size is ${JSON.stringify(line)}`);
      const size = parseInt(line, 16);
      await this.readBody(size, take);
      const end = await this.#readLine();
      if (end !== "") throw new Wrong(`behind a chunk comes ${JSON.stringify(end)}`);
      if (size === 0) return;
    }
  }

  /** Reads to the orderly end; what comes is text. @throws {Cut} */
  async readText(): Promise<string> {
    let text = "";
    for (let chunk = await this.read(); chunk !== null; chunk = await this.read()) {
      text += decoder.decode(chunk);
    }
    return text;
  }

  /** What is there and was not asked for. */
  get surplus(): string {
    const more = this.#isClosed ? null : this.#socket.read() as Uint8Array | null;
    return decoder.decode(this.#rest) + (more === null ? "" : decoder.decode(more));
  }

  /** Resolves when the kernel has it. @throws {Cut} */
  async write(data: Uint8Array | string): Promise<void> {
    const bytes = typeof data === "string" ? encoder.encode(data) : data;
    let isDone = false;
    this.#socket.write(bytes, (error) => {
      isDone = error === null || error === undefined;
      this.#signal();
    });
    while (!isDone) await this.#moved();
    this.lastMovedMs = performance.now();
  }

  /** Writes `size` bytes of a stream from its start on; `frame` may put each piece into a chunk. @throws {Cut} */
  async writeStream(
    stream: number,
    size: number,
    options: { pieceBytes?: number; isChunked?: boolean } = {},
  ) {
    const { pieceBytes = PIECE_BYTES, isChunked = false } = options;
    const piece = new Uint8Array(Math.min(pieceBytes, size));
    for (let sent = 0; sent < size;) {
      const bytes = piece.subarray(0, size - sent);
      fillBytes(bytes, stream, sent);
      if (isChunked) await this.write(`${bytes.length.toString(16)}\r\n`);
      await this.write(bytes);
      if (isChunked) await this.write("\r\n");
      sent += bytes.length;
    }
    if (isChunked) await this.write("0\r\n\r\n");
  }

  /** Ends the sending side; what comes is still read. */
  end(): void {
    this.#socket.end();
  }

  /** Ends with RST where the transport has it. */
  reset(): void {
    try {
      this.#socket.resetAndDestroy();
    } catch {
      // A unix socket: closing it with unread bytes is what resets there.
      this.#socket.destroy();
    }
  }

  close(): void {
    this.#socket.destroy();
  }

  async #readLine(): Promise<string> {
    let text = "";
    for (;;) {
      const chunk = await this.read();
      if (chunk === null) throw new Cut("end within a chunk's size");
      const before = text.length;
      text += decoder.decode(chunk.subarray(0, 64));
      const end = text.indexOf("\r\n");
      if (end >= 0) {
        this.#rest = chunk.subarray(end + 2 - before);
        return text.slice(0, end);
      }
      if (text.length > 32) throw new Wrong(`no end of a chunk's size: ${JSON.stringify(text)}`);
    }
  }

  /** Waits for an event. @throws {Cut} when none will come. */
  async #moved(): Promise<void> {
    if (this.#isClosed) throw new Cut(this.#failure);
    await this.#wake.promise;
  }

  #signal(): void {
    this.#wake.resolve();
    this.#wake = Promise.withResolvers();
  }
}
