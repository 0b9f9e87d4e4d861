/**
 * A client that moves one huge body as cheaply as Deno can: it must not be what a proxy is waiting for.
 *
 * @module
 */

const CHUNK_BYTES = 1_048_576;
const HEAD_BYTES_MAX = 65_536;

/** Asks for a body and drops it. @throws unless it is a 200 with `wantedBytes`. */
export function download(
  port: number,
  path: string,
  wantedBytes: number,
  signal: AbortSignal,
): Promise<void> {
  return withConnection(port, signal, async (connection) => {
    await writeAll(connection, textBytes(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`));
    const chunk = new Uint8Array(CHUNK_BYTES);
    let gotBytes = await readHead(connection, chunk);
    while (gotBytes < wantedBytes) {
      const count = await connection.read(chunk);
      if (count === null) throw new Error(`the body ended after ${gotBytes} of ${wantedBytes} bytes`);
      gotBytes += count;
    }
  });
}

/** Sends a body of `sizeBytes`. @throws unless the answer is a 200. */
export function upload(port: number, path: string, sizeBytes: number, signal: AbortSignal): Promise<void> {
  return withConnection(port, signal, async (connection) => {
    const head = `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Length: ${sizeBytes}\r\n\r\n`;
    await writeAll(connection, textBytes(head));
    const chunk = new Uint8Array(CHUNK_BYTES).fill(0x2e);
    for (let sentBytes = 0; sentBytes < sizeBytes;) {
      sentBytes += await connection.write(chunk.subarray(0, sizeBytes - sentBytes));
    }
    await readHead(connection, chunk);
  });
}

/** Reads until the head of the answer is there; returns how many bytes of its body came with it. @throws unless it is a 200. */
async function readHead(connection: Deno.Conn, chunk: Uint8Array): Promise<number> {
  let text = "";
  for (;;) {
    const count = await connection.read(chunk);
    if (count === null) throw new Error("the connection ended before an answer");
    text += new TextDecoder("latin1").decode(chunk.subarray(0, count));
    const end = text.indexOf("\r\n\r\n");
    if (end >= 0) {
      if (!text.startsWith("HTTP/1.1 200 ")) {
        throw new Error(`answered "${text.split("\r\n", 1)[0].slice(0, 80)}"`);
      }
      return text.length - end - 4;
    }
    if (text.length > HEAD_BYTES_MAX) throw new Error("answered with a head without end");
  }
}

/** Closes it for certain, also when the run is called off. */
async function withConnection(
  port: number,
  signal: AbortSignal,
  act: (connection: Deno.Conn) => Promise<void>,
): Promise<void> {
  signal.throwIfAborted();
  const connection = await Deno.connect({ hostname: "127.0.0.1", port });
  let isClosed = false;
  const close = () => {
    if (!isClosed) connection.close();
    isClosed = true;
  };
  signal.addEventListener("abort", close, { once: true });
  try {
    await act(connection);
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener("abort", close);
    close();
  }
}

async function writeAll(connection: Deno.Conn, bytes: Uint8Array): Promise<void> {
  let rest = bytes;
  while (rest.length > 0) rest = rest.subarray(await connection.write(rest));
}

function textBytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
