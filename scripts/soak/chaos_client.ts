/**
 * The clients of the chaos case: keep-alive connections that ask one request after the other, and sort what became of each.
 *
 *     GET     may be asked again by hadro: anything but the right answer is a failure, unless the answer was cut behind its first byte
 *     POST    may not: it fails as its server does
 *
 * @module
 */
import { CutShort, HttpClient } from "./http_client.ts";

const POST_SHARE = 0.1;
const SMALL_BYTES = 100;
const LARGE_BYTES = 20_000;
const LARGE_SHARE = 0.1;

/** What became of the requests of all clients. */
export class ChaosTally {
  wellCount = 0;
  /** Answers that were cut behind their first byte. */
  cutCount = 0;
  postCount = 0;
  postFailedCount = 0;
  /** Failures of requests that could be asked again, in words. */
  readonly failures: string[] = [];
  /** Answers that are another request's, or nobody's. */
  readonly wrong: string[] = [];
  readonly latenciesMs: number[] = [];
}

/** The body that names request `id`; `sizeBytes` long. */
export function idBody(id: string, sizeBytes: number): string {
  return `${id};`.repeat(Math.ceil(sizeBytes / (id.length + 1))).slice(0, sizeBytes);
}

/** One client, until `isOver`. Its requests are numbered by `nextId`. */
export async function runChaosClient(
  port: number,
  tally: ChaosTally,
  nextId: () => number,
  isOver: () => boolean,
): Promise<void> {
  let client: HttpClient | null = null;
  while (!isOver()) {
    client ??= await HttpClient.connect(port);
    const keepsOpen = await askOnce(client, String(nextId()), tally);
    if (keepsOpen) continue;
    client.close();
    client = null;
  }
  client?.close();
}

/** Returns whether the connection goes on. */
async function askOnce(client: HttpClient, id: string, tally: ChaosTally): Promise<boolean> {
  const isPost = Math.random() < POST_SHARE;
  const sizeBytes = Math.random() < LARGE_SHARE ? LARGE_BYTES : SMALL_BYTES;
  const kind = isPost ? "post" : "get";
  const length = isPost ? "Content-Length: 3\r\n" : "";
  const began = performance.now();
  if (isPost) tally.postCount++;
  let body = "";
  try {
    await client.send(
      `${kind.toUpperCase()} /${kind}/${id}/${sizeBytes} HTTP/1.1\r\nHost: soak.test\r\n${length}\r\n${
        isPost ? "abc" : ""
      }`,
    );
    const { status, keepsOpen } = await client.readAnswer((bytes) => {
      body += new TextDecoder("latin1").decode(bytes);
    });
    if (status === 200 && body === idBody(id, sizeBytes)) {
      tally.wellCount++;
      tally.latenciesMs.push(performance.now() - began);
    } else if (status === 200) {
      tally.wrong.push(`${kind} ${id} got ${body.length} bytes of ${JSON.stringify(body.slice(0, 40))}`);
    } else if (isPost) tally.postFailedCount++;
    else tally.failures.push(`${kind} ${id}: ${status} after ${(performance.now() - began).toFixed(0)} ms`);
    return keepsOpen;
  } catch (error) {
    if (!(error instanceof CutShort)) throw error;
    if (isPost) tally.postFailedCount++;
    else if (error.receivedBytes > 0) tally.cutCount++;
    else tally.failures.push(`${kind} ${id}: ${error.message}`);
    return false;
  }
}
