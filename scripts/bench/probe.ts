/**
 * One request by hand before anything is measured: the proxy answers, the whole body arrives, and the connection ends when the client
 * asked for that. wrk would not notice a proxy that keeps it, and would then measure something else.
 *
 * @module
 */
import { type BenchCase, bodyBytes, UPLOAD_BODY_BYTES } from "./cases.ts";
import { type RunningProgram, sleep } from "./process.ts";

const START_MS_MAX = 10_000;
const RETRY_MS = 20;
const ANSWER_MS_MAX = 5_000;

/** Waits until the program answers this case's request rightly. @throws when it does not, ends, or takes too long. */
export async function waitUntilReady(
  program: RunningProgram,
  port: number,
  bench: BenchCase,
  signal: AbortSignal,
): Promise<void> {
  const limitMs = performance.now() + START_MS_MAX;
  for (;;) {
    const answer = await ask(port, bench);
    if (answer !== null) return checkAnswer(answer, bench);
    const said = program.stderrText.trim().split("\n").slice(-3).join("; ");
    if (program.hasEnded) throw new Error(`ended at start: ${said}`);
    if (performance.now() > limitMs) throw new Error(`did not listen: ${said}`);
    await sleep(RETRY_MS, signal);
  }
}

/** @throws unless it is a 200 with the whole body; pure. */
export function checkAnswer(answer: Uint8Array, bench: BenchCase): void {
  const text = new TextDecoder("latin1").decode(answer);
  const headEnd = text.indexOf("\r\n\r\n");
  const statusLine = text.split("\r\n", 1)[0].slice(0, 80);
  if (headEnd < 0 || !/^HTTP\/1\.1 200 /.test(text)) throw new Error(`answered "${statusLine}"`);
  const gotBytes = answer.length - headEnd - 4;
  if (gotBytes !== bodyBytes(bench)) {
    throw new Error(`answered with a body of ${gotBytes} bytes, not ${bodyBytes(bench)}`);
  }
}

/** All bytes until the end of the connection; null when nobody listens. @throws when the end does not come. */
async function ask(port: number, bench: BenchCase): Promise<Uint8Array | null> {
  const connection = await connectOrNull(port);
  if (connection === null) return null;
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    connection.close();
  }, ANSWER_MS_MAX);
  try {
    await writeAll(connection, probeRequest(bench, port));
    return await readAll(connection);
  } catch (error) {
    if (isLate) throw new Error(`did not answer and close within ${ANSWER_MS_MAX / 1_000} s`);
    throw error;
  } finally {
    clearTimeout(timer);
    if (!isLate) connection.close();
  }
}

/** What wrk is going to send, in one request that ends the connection; pure. */
export function probeRequest(bench: BenchCase, port: number): Uint8Array {
  const isUpload = bench.script === "upload.lua";
  const head = [
    `${isUpload ? "POST" : "GET"} ${bench.path} HTTP/1.1`,
    `Host: 127.0.0.1:${port}`,
    "Connection: close",
    ...(isUpload ? [`Content-Length: ${UPLOAD_BODY_BYTES}`] : []),
  ].join("\r\n");
  return new TextEncoder().encode(`${head}\r\n\r\n${isUpload ? ".".repeat(UPLOAD_BODY_BYTES) : ""}`);
}

async function writeAll(connection: Deno.Conn, bytes: Uint8Array): Promise<void> {
  let rest = bytes;
  while (rest.length > 0) rest = rest.subarray(await connection.write(rest));
}

async function readAll(connection: Deno.Conn): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for (;;) {
    const chunk = new Uint8Array(65_536);
    const count = await connection.read(chunk);
    if (count === null) {
      return new Uint8Array(await new Blob(chunks as Uint8Array<ArrayBuffer>[]).arrayBuffer());
    }
    chunks.push(chunk.subarray(0, count));
  }
}

async function connectOrNull(port: number): Promise<Deno.Conn | null> {
  try {
    return await Deno.connect({ hostname: "127.0.0.1", port });
  } catch {
    return null;
  }
}
