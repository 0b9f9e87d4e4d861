/**
 * The backend of huge uploads, a process of its own: reads a request's body as fast as it comes, drops it, answers small.
 *
 * nginx, the backend of everything else, would keep a body of this size on the disk before it answers.
 *
 * Argument: the port.
 *
 * @module
 */
import { SMALL_BODY } from "./cases.ts";

const CHUNK_BYTES = 1_048_576;
const ANSWER = `HTTP/1.1 200 OK\r\nContent-Length: ${SMALL_BODY.length}\r\n\r\n${SMALL_BODY}`;

if (import.meta.main) {
  for await (const connection of Deno.listen({ hostname: "127.0.0.1", port: Number(Deno.args[0]) })) {
    // Whoever goes away is done.
    void serve(connection).catch(() => {}).finally(() => connection.close());
  }
}

async function serve(connection: Deno.Conn): Promise<void> {
  const chunk = new Uint8Array(CHUNK_BYTES);
  const answer = new TextEncoder().encode(ANSWER);
  const decoder = new TextDecoder("latin1");
  let text = "";
  for (;;) {
    const count = await connection.read(chunk);
    if (count === null) return;
    text += decoder.decode(chunk.subarray(0, count));
    const end = text.indexOf("\r\n\r\n");
    if (end < 0) continue;
    const head = text.slice(0, end + 4);
    let missing = bodyLength(head) - (text.length - head.length);
    while (missing > 0) {
      const more = await connection.read(chunk);
      if (more === null) return;
      missing -= more;
    }
    // Clients of the benchmark do not pipeline: what came is this request.
    text = "";
    await connection.write(answer);
    if (/^connection: *close/im.test(head)) return;
  }
}

/** What the head says, 0 when it says nothing; pure. */
export function bodyLength(head: string): number {
  return Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0);
}
