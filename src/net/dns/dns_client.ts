/**
 * Asks name servers: over UDP, and over TCP what does not fit.
 *
 *     ask --query to the first server--> wait timeoutMs
 *           |  no answer: the same to the next server, `retries` times
 *           |  SERVFAIL, REFUSED, garbage: the next server that has not said so; when all have, that is the answer
 *           |  truncated: the same server over TCP; when that fails, what came over UDP counts for what it is, a failure
 *           +--records, no such name, none of that type: the answer
 *
 * Each query has a socket of its own, connected to its server: the kernel drops what comes from elsewhere, and port and id are both
 * random (RFC 5452). Which server answers is not remembered: names are few, and the first one written is meant to be asked first.
 *
 * May import: base, config, net/dns.
 *
 * @module
 */
import { createSocket } from "node:dgram";
import type { NameServerConfig } from "../../config/model_names.ts";
import { type DnsAnswer, readAnswer, ResponseCode } from "./message_reader.ts";
import { writeQuery } from "./message_writer.ts";

/** Why there is no {@linkcode DnsAnswer}. */
export interface NoAnswer {
  readonly status: "timeout" | "other";
  readonly detail: string;
}

/** What came of asking. */
export type DnsResult = DnsAnswer | NoAnswer;

export interface DnsClientOptions {
  readonly nameServers: readonly NameServerConfig[];
  readonly retries: number;
  readonly timeoutMs: number;
}

const RANDOM_ID = new Uint16Array(1);
const LENGTH_BYTES = 2;

/** Asks for records of a type; see the module's text. Never rejects. */
export async function askNameServers(
  name: string,
  type: number,
  options: DnsClientOptions,
): Promise<DnsResult> {
  const { nameServers, timeoutMs } = options;
  const attempts = Math.max(options.retries + 1, nameServers.length);
  const failed = new Set<NameServerConfig>();
  let last: DnsResult = { status: "other", detail: "there is no name server" };
  for (let attempt = 0; attempt < attempts && failed.size < nameServers.length; attempt++) {
    const server = nameServers[attempt % nameServers.length]!;
    if (failed.has(server)) continue;
    const result = await askOne(server, name, type, timeoutMs);
    if (isFinal(result)) return result;
    // A server that failed says more than one that says nothing.
    if (!isSilence(result) || isSilence(last) || attempt === 0) last = result;
    if (!isSilence(result)) failed.add(server);
  }
  return last;
}

function isFinal(result: DnsResult): boolean {
  return "code" in result && !result.isMalformed && !result.isTruncated &&
    (result.code === ResponseCode.OK || result.code === ResponseCode.NO_SUCH_NAME);
}

function isSilence(result: DnsResult): boolean {
  return "status" in result && result.status === "timeout";
}

async function askOne(
  server: NameServerConfig,
  name: string,
  type: number,
  timeoutMs: number,
): Promise<DnsResult> {
  const id = crypto.getRandomValues(RANDOM_ID.slice())[0]!;
  const query = writeQuery(id, name, type);
  if (query === null) return { status: "other", detail: "no name is like that" };
  const read = (bytes: Uint8Array) => readAnswer(bytes, id, name, type);
  const result = await askOverUdp(server, query, read, timeoutMs);
  if (!("code" in result) || !result.isTruncated) return result;
  return await askOverTcp(server, query, read, timeoutMs) ?? result;
}

function askOverUdp(
  server: NameServerConfig,
  query: Uint8Array,
  read: (bytes: Uint8Array) => DnsAnswer | null,
  timeoutMs: number,
): Promise<DnsResult> {
  const { promise, resolve } = Promise.withResolvers<DnsResult>();
  const socket = createSocket(server.host.includes(":") ? "udp6" : "udp4");
  const where = `${server.host} port ${server.port}`;
  let isOver = false;
  const end = (result: DnsResult) => {
    if (isOver) return;
    isOver = true;
    clearTimeout(timer);
    socket.close();
    resolve(result);
  };
  const timer = setTimeout(
    () => end({ status: "timeout", detail: `${where} did not answer within ${timeoutMs} ms` }),
    timeoutMs,
  );
  socket.on("error", (error) => end({ status: "timeout", detail: `${where}: ${error.message}` }));
  socket.on("message", (bytes: Uint8Array) => {
    const answer = read(bytes);
    if (answer !== null) end(answer);
  });
  socket.connect(server.port, server.host, () => {
    if (!isOver) socket.send(query);
  });
  return promise;
}

/** Null: it did not answer whole. */
async function askOverTcp(
  server: NameServerConfig,
  query: Uint8Array,
  read: (bytes: Uint8Array) => DnsAnswer | null,
  timeoutMs: number,
): Promise<DnsAnswer | null> {
  let conn: Deno.TcpConn | null = null;
  const aborted = new AbortController();
  const timer = setTimeout(() => {
    aborted.abort();
    closeQuietly(conn);
  }, timeoutMs);
  try {
    conn = await Deno.connect({ hostname: server.host, port: server.port, signal: aborted.signal });
    const framed = new Uint8Array(LENGTH_BYTES + query.length);
    framed.set([query.length >> 8, query.length & 255]);
    framed.set(query, LENGTH_BYTES);
    for (let sent = 0; sent < framed.length;) sent += await conn.write(framed.subarray(sent));
    const length = await readWhole(conn, LENGTH_BYTES);
    const answer = read(await readWhole(conn, (length[0]! << 8) | length[1]!));
    return answer === null || answer.isTruncated ? null : answer;
  } catch {
    return null; // what UDP brought stands
  } finally {
    clearTimeout(timer);
    closeQuietly(conn);
  }
}

async function readWhole(conn: Deno.Conn, sizeBytes: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(sizeBytes);
  for (let at = 0; at < sizeBytes;) {
    const count = await conn.read(bytes.subarray(at));
    if (count === null) throw new Error("it ended early");
    at += count;
  }
  return bytes;
}

function closeQuietly(conn: Deno.Conn | null): void {
  try {
    conn?.close();
  } catch {
    // It is closed already.
  }
}
