/**
 * Names whose answers a test gives, and servers behind them.
 *
 * @module
 */
import { keep } from "../program/keep.ts";
import { Peer, response } from "../program/peers.ts";
import type { Program } from "../program/program.ts";
import { DnsServer } from "./dns_server.ts";

const EVERY = ["--resolve-every", "100ms"];

/** A DNS server, and the flags with which hadro asks it ten times a second. */
export async function startDns(): Promise<{ readonly dns: DnsServer; readonly flags: string[] }> {
  const dns = keep(await DnsServer.start());
  return { dns, flags: ["--nameserver", `127.0.0.1:${dns.port}`, "--timeout-resolve", "200ms", ...EVERY] };
}

/** Servers on one port of several addresses of this machine: what a name's addresses have in common. */
export function serversOnOnePort(
  hosts: readonly string[],
): { readonly port: number; readonly accepted: string[] } {
  const accepted: string[] = [];
  const first = keep(nameServer(hosts[0]!, 0, accepted));
  for (const host of hosts.slice(1)) keep(nameServer(host, first.port, accepted));
  return { port: first.port, accepted };
}

/** Answers with its host; `/slow` only when the client says more. */
function nameServer(host: string, port: number, accepted: string[]): { port: number; stop(): Promise<void> } {
  const listener = Deno.listen({ hostname: host, port });
  const peers = new Set<Peer>();
  const serve = async (peer: Peer) => {
    for (;;) {
      await peer.readUntil("\r\n\r\n");
      if (!peer.received.includes("\r\n\r\n")) return;
      peer.take();
      await peer.send(response(host));
    }
  };
  const accept = async () => {
    for await (const conn of listener) {
      const peer = new Peer(conn);
      peers.add(peer);
      accepted.push(host);
      serve(peer).catch(() => {}).finally(() => peer.close());
    }
  };
  const done = accept().catch(() => {});
  return {
    port: (listener.addr as Deno.NetAddr).port,
    stop: async () => {
      listener.close();
      for (const peer of peers) peer.close();
      await done;
    },
  };
}

/** The body that a request is answered. */
export async function get(port: number): Promise<string> {
  const client = await Peer.connect(port);
  await client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  const text = await client.readAll();
  client.close();
  return text.slice(text.indexOf("\r\n\r\n") + 4);
}

/** What so many requests are answered, each once, sorted. */
export async function answers(port: number, count = 8): Promise<string[]> {
  const seen = new Set<string>();
  for (let i = 0; i < count; i++) seen.add(await get(port));
  return [...seen].sort();
}

/** Lines about names, without `hadro: `. */
export function news(program: Program): string[] {
  return program.stderr.lines.filter((line) => /server app\/|name |members/.test(line)).map((line) =>
    line.slice(7)
  );
}
