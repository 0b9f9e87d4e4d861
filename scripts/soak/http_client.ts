/**
 * A client connection whose requests go one after the other; it tells how far a request had come when it failed.
 *
 * @module
 */

const READ_BYTES = 65_536;
const encoder = new TextEncoder();
const decoder = new TextDecoder("latin1");

export interface Answer {
  readonly status: number;
  readonly bodyBytes: number;
  /** Whether hadro keeps the connection. */
  readonly keepsOpen: boolean;
}

/** The connection ended, or failed, before the answer was whole. */
export class CutShort extends Error {
  override readonly name = "CutShort";
  /** Of the answer that was cut short. */
  readonly receivedBytes: number;

  constructor(receivedBytes: number, reason: string) {
    super(`${reason} after ${receivedBytes} bytes of the answer`);
    this.receivedBytes = receivedBytes;
  }
}

/** See the module's text. Answers have a Content-Length, or end with the connection. */
export class HttpClient {
  readonly conn: Deno.TcpConn;
  #rest = new Uint8Array(0);

  private constructor(conn: Deno.TcpConn) {
    this.conn = conn;
  }

  static async connect(port: number): Promise<HttpClient> {
    return new HttpClient(await Deno.connect({ hostname: "127.0.0.1", port }));
  }

  /** Sends a GET and reads its answer. @throws {CutShort} */
  async get(path: string): Promise<Answer> {
    await this.send(`GET ${path} HTTP/1.1\r\nHost: soak.test\r\n\r\n`);
    return await this.readAnswer();
  }

  /** @throws {CutShort} */
  async send(data: string | Uint8Array): Promise<void> {
    let bytes = typeof data === "string" ? encoder.encode(data) : data;
    try {
      while (bytes.length > 0) bytes = bytes.subarray(await this.conn.write(bytes));
    } catch (error) {
      throw new CutShort(0, nameOf(error));
    }
  }

  /**
   * Reads a whole answer; `onBody` sees its bytes, valid until it returns, and is waited for: a slow one reads slowly.
   *
   * @throws {CutShort}
   */
  async readAnswer(onBody: (bytes: Uint8Array) => Promise<void> | void = () => {}): Promise<Answer> {
    const buffer = new Uint8Array(READ_BYTES);
    let received = this.#rest;
    let headEnd = -1;
    while ((headEnd = decoder.decode(received).indexOf("\r\n\r\n")) < 0) {
      received = join(received, await this.#read(buffer, received.length));
    }
    const head = decoder.decode(received.subarray(0, headEnd + 4));
    const length = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? NaN);
    let body = received.slice(headEnd + 4);
    let bodyBytes = 0;
    for (;;) {
      const taken = Number.isNaN(length) ? body : body.subarray(0, length - bodyBytes);
      bodyBytes += taken.length;
      const waited = onBody(taken);
      if (waited !== undefined) await waited;
      if (bodyBytes === length) {
        this.#rest = body.slice(taken.length);
        break;
      }
      try {
        body = await this.#read(buffer, headEnd + 4 + bodyBytes);
      } catch (error) {
        if (!Number.isNaN(length)) throw error;
        break;
      }
    }
    const keepsOpen = !Number.isNaN(length) && !/^connection: *close/im.test(head);
    return { status: Number(head.slice(9, 12)), bodyBytes, keepsOpen };
  }

  close(): void {
    try {
      this.conn.close();
    } catch {
      // Closed already.
    }
  }

  async #read(buffer: Uint8Array<ArrayBuffer>, receivedBytes: number): Promise<Uint8Array<ArrayBuffer>> {
    let count: number | null;
    try {
      count = await this.conn.read(buffer);
    } catch (error) {
      throw new CutShort(receivedBytes, nameOf(error));
    }
    if (count === null) throw new CutShort(receivedBytes, "end");
    return buffer.subarray(0, count);
  }
}

function join(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(a.length + b.length);
  joined.set(a);
  joined.set(b, a.length);
  return joined;
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : String(error);
}
