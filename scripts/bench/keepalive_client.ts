/**
 * A client of one HTTP connection that stays open: a request, the whole answer, the next request.
 *
 * @module
 */

const CHUNK_BYTES = 16_384;

export class KeepaliveClient {
  readonly #connection: Deno.Conn;
  readonly #request: Uint8Array;
  readonly #chunk = new Uint8Array(CHUNK_BYTES);
  readonly #decoder = new TextDecoder("latin1");

  private constructor(connection: Deno.Conn, port: number) {
    this.#connection = connection;
    this.#request = new TextEncoder().encode(`GET / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`);
  }

  static async open(port: number): Promise<KeepaliveClient> {
    const connection = await Deno.connect({ hostname: "127.0.0.1", port });
    return new KeepaliveClient(connection, port);
  }

  /** Asks for / and waits for the whole answer. @throws unless it is a 200 with a length, and the connection stays. */
  async get(): Promise<void> {
    await this.#connection.write(this.#request);
    let text = "";
    for (;;) {
      const count = await this.#connection.read(this.#chunk);
      if (count === null) throw new Error("the connection ended before the answer did");
      text += this.#decoder.decode(this.#chunk.subarray(0, count));
      const length = answerLength(text);
      if (length !== null && text.length >= length) return;
    }
  }

  close(): void {
    try {
      this.#connection.close();
    } catch {
      // It is closed already.
    }
  }
}

/** Bytes of head and body, as the head says; null while the head is not all there; pure. @throws unless it is a 200 with a length. */
export function answerLength(text: string): number | null {
  const headEnd = text.indexOf("\r\n\r\n");
  if (headEnd < 0) return null;
  const head = text.slice(0, headEnd);
  if (!/^HTTP\/1\.1 200 /.test(head)) throw new Error(`answered "${head.split("\r\n", 1)[0].slice(0, 80)}"`);
  const length = /\r\ncontent-length:[ \t]*(\d+)/i.exec(head);
  if (length === null) throw new Error("answered without Content-Length");
  return headEnd + 4 + Number(length[1]);
}
