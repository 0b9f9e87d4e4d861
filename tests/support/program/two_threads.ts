/**
 * A hadro of two threads, and enough clients that the kernel gives some to each.
 *
 * @module
 */
import { expect } from "vitest";
import { connect, keep, type Running, startHadro } from "./keep.ts";
import { httpServer, type Peer, response } from "./peers.ts";

export const THREADS = 2;
export const CLIENTS = 40;

export function get(path: string): string {
  return `GET ${path} HTTP/1.1\r\nHost: app.test\r\n\r\n`;
}

export async function exchange(client: Peer, path = "/"): Promise<void> {
  client.take();
  await client.send(get(path));
  expect(await client.readUntil("hello")).toBe(response("hello"));
}

export function connectAll(port: number, count = CLIENTS): Promise<Peer[]> {
  return Promise.all(Array.from({ length: count }, () => connect(port)));
}

/** A hadro of two threads before a server that answers `hello`. */
export function startThreads(...flags: string[]): Promise<Running> {
  const server = keep(httpServer(() => response("hello")));
  return startHadro("http", [server.port], "--threads", String(THREADS), ...flags);
}
