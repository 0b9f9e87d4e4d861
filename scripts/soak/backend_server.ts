/**
 * The server behind hadro, a process of its own: it can be killed, and what it costs is not on hadro's account.
 *
 *     path            answer
 *     /bytes/N        N bytes
 *     /pattern/N      N bytes of pattern.ts
 *     /chunked/N      N bytes in chunks
 *     /cut/N          announces 2 N bytes, sends N and closes
 *     /delay/MS       a small answer after MS milliseconds
 *     /close          a small answer, then closes
 *     anything else   a small answer
 *
 * Prints its port. Ends with its standard input, so that it does not outlive who started it.
 *
 * @module
 */
import { BLOCK_BYTES, newBlocks, writeIndexes } from "./pattern.ts";

const READ_BYTES = 16_384;
const HEAD_BYTES_MAX = 65_536;
const BLOCKS_PER_WRITE = 16;
const NUMBER_MAX = 1e12;
const encoder = new TextEncoder();
const decoder = new TextDecoder("latin1");
const filler = newBlocks(BLOCKS_PER_WRITE);

async function main(port: number): Promise<void> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port, tcpBacklog: 4_096 });
  await Deno.stdout.write(encoder.encode(`${listener.addr.port}\n`));
  void endWithStdin();
  for (;;) {
    let conn: Deno.TcpConn;
    try {
      conn = await listener.accept();
    } catch {
      // Out of descriptors, or the client is gone already.
      await new Promise((resolve) => setTimeout(resolve, 10));
      continue;
    }
    void serve(conn);
  }
}

async function endWithStdin(): Promise<void> {
  while (await Deno.stdin.read(new Uint8Array(64)) !== null);
  Deno.exit(0);
}

async function serve(conn: Deno.TcpConn): Promise<void> {
  try {
    const source = new Source(conn);
    for (;;) {
      const head = await source.readHead();
      if (head === null) break;
      const path = /^\S+ (\S+)/.exec(head)?.[1] ?? "/";
      // A chunked body is answered unread: that closes the connection with bytes on the way, as real servers do.
      const isChunked = /^transfer-encoding:/im.test(head);
      if (!isChunked) await source.skip(Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0));
      const keepsOpen = await answer(conn, path, head.startsWith("HEAD "));
      if (isChunked || !keepsOpen || /^connection: *close/im.test(head) || / HTTP\/1\.0\r/.test(head)) break;
    }
  } catch {
    // The peer went away.
  }
  try {
    conn.close();
  } catch {
    // Closed by the failure.
  }
}

/** Returns whether the connection may be used again. */
async function answer(conn: Deno.TcpConn, path: string, isHead: boolean): Promise<boolean> {
  const [, kind = "", text = "0"] = path.split("/");
  // A damaged request may ask for anything.
  const number = Math.min(Number(text) || 0, NUMBER_MAX);
  switch (kind) {
    case "bytes":
    case "pattern":
      await write(conn, `HTTP/1.1 200 OK\r\nContent-Length: ${number}\r\n\r\n`);
      if (!isHead) await writePattern(conn, number);
      return true;
    case "chunked":
      await write(conn, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
      if (!isHead) await writeChunks(conn, number);
      return true;
    case "cut":
      await write(conn, `HTTP/1.1 200 OK\r\nContent-Length: ${2 * number}\r\n\r\n`);
      await writePattern(conn, number);
      return false;
    case "close":
      await write(conn, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nbye");
      return false;
    case "delay":
      await new Promise((resolve) => setTimeout(resolve, number));
  }
  await write(conn, `HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n${isHead ? "" : "ok"}`);
  return true;
}

async function writePattern(conn: Deno.TcpConn, sizeBytes: number): Promise<void> {
  for (let sent = 0; sent < sizeBytes;) {
    const count = Math.min(sizeBytes - sent, filler.length);
    // Shared by all connections, whose writes may lie over each other: only a single one sees its own indexes.
    writeIndexes(filler, sent / BLOCK_BYTES);
    await writeAll(conn, filler.subarray(0, count));
    sent += count;
  }
}

async function writeChunks(conn: Deno.TcpConn, sizeBytes: number): Promise<void> {
  for (let sent = 0; sent < sizeBytes;) {
    const count = Math.min(sizeBytes - sent, 4_000);
    await write(conn, `${count.toString(16)}\r\n${"c".repeat(count)}\r\n`);
    sent += count;
  }
  await write(conn, "0\r\n\r\n");
}

function write(conn: Deno.TcpConn, text: string): Promise<void> {
  return writeAll(conn, encoder.encode(text));
}

async function writeAll(conn: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  while (bytes.length > 0) bytes = bytes.subarray(await conn.write(bytes));
}

/** The bytes of a connection, read as heads and bodies. */
class Source {
  readonly #conn: Deno.TcpConn;
  #rest = new Uint8Array(0);

  constructor(conn: Deno.TcpConn) {
    this.#conn = conn;
  }

  /** Null at the end, also when it comes within a head. */
  async readHead(): Promise<string | null> {
    for (;;) {
      const text = decoder.decode(this.#rest);
      const end = text.indexOf("\r\n\r\n");
      if (end >= 0) {
        this.#rest = this.#rest.slice(end + 4);
        return text.slice(0, end + 4);
      }
      if (this.#rest.length > HEAD_BYTES_MAX || !await this.#readMore()) return null;
    }
  }

  /** Drops the next `count` bytes. */
  async skip(count: number): Promise<void> {
    while (count > this.#rest.length) {
      count -= this.#rest.length;
      this.#rest = new Uint8Array(0);
      if (!await this.#readMore()) return;
    }
    this.#rest = this.#rest.slice(count);
  }

  async #readMore(): Promise<boolean> {
    const buffer = new Uint8Array(READ_BYTES);
    const count = await this.#conn.read(buffer);
    if (count === null) return false;
    const joined = new Uint8Array(this.#rest.length + count);
    joined.set(this.#rest);
    joined.set(buffer.subarray(0, count), this.#rest.length);
    this.#rest = joined;
    return true;
  }
}

// Here at the end, since the class above exists only from its line on.
if (import.meta.main) await main(Number(Deno.args[0] ?? 0));
