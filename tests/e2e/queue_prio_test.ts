/**
 * Classes in the queues of the built program: who waits says by a header how urgent its request is (--queue-prio).
 *
 * @module
 */
import { describe, expect, it } from "vitest";
import { HeldServer } from "../support/program/held_server.ts";
import { connect, expectIdle, keep, startHadro } from "../support/program/keep.ts";
import type { Peer } from "../support/program/peers.ts";

/** A field line for each request, by its path without the slash. */
type Requests = readonly (readonly [name: string, field: string])[];

/** Lets these requests wait, in this order, for a server that does one at a time; returns them and the program. */
async function letWait(server: HeldServer, requests: Requests, serverKeys: string, ...flags: string[]) {
  const running = await startHadro("http", [`127.0.0.1:${server.port},maxconn=1${serverKeys}`], ...flags);
  const peers: Peer[] = [];
  const ask = async (name: string, field: string) => {
    const peer = await connect(running.port);
    await peer.send(`GET /${name} HTTP/1.1\r\nHost: a\r\n${field}\r\n`);
    peers.push(peer);
  };
  await ask("held", "");
  await server.askedCount(1);
  for (let i = 0; i < requests.length; i++) {
    await ask(...requests[i]!);
    await running.program.countersWhen(({ queued }) => queued === i + 1);
  }
  return { ...running, peers };
}

/** Answers one after the other until so many were; returns their order. */
async function serve(server: HeldServer, count: number): Promise<string[]> {
  for (let i = 1; i <= count; i++) {
    await server.askedCount(i);
    server.answerOne();
  }
  return server.asked;
}

const REQUESTS: Requests = [
  ["low", "X-Prio: low\r\n"],
  ["normal", "X-Prio: Normal\r\n"],
  ["high", "x-prio: HIGH\r\n"],
];

describe("--queue-prio", () => {
  it("serves high, normal, low, whoever came first; the log says behind how many", async () => {
    const server = keep(new HeldServer());
    const { program, peers } = await letWait(server, REQUESTS, "", "--queue-prio", "hdr:X-Prio");
    expect(await serve(server, 4)).toEqual(["/held", "/high", "/normal", "/low"]);
    for (const peer of peers) expect(await peer.readUntil("ok")).toContain("200 OK");
    const lines = await Promise.all([0, 1, 2, 3].map((i) => program.log(i)));
    const told = lines.map(({ uri, status, term, queue_backend }) => [uri, status, term, queue_backend]);
    expect(told).toEqual([
      ["/held", 200, "--", 0],
      ["/high", 200, "--", 1],
      ["/normal", 200, "--", 2],
      ["/low", 200, "--", 3],
    ]);
    for (const peer of peers) peer.close();
    await expectIdle(program);
  });

  it("as a key, in a server's own queue; what says no class waits as its connection would, in the order of coming", async () => {
    const server = keep(new HeldServer());
    const requests: Requests = [
      ["low", "X-Prio: low\r\n"],
      ["none", ""],
      ["strange", "X-Prio: urgent\r\n"],
      ["normal", "X-Prio: normal\r\n"],
      ["high", "X-Prio: high\r\n"],
    ];
    const { program } = await letWait(server, requests, ",queue-prio=hdr:x-prio", "--lb", "source");
    expect(await serve(server, 6)).toEqual(["/held", "/high", "/none", "/strange", "/normal", "/low"]);
    expect(await program.log(5)).toMatchObject({
      uri: "/low",
      term: "--",
      queue_server: 5,
      queue_backend: 0,
    });
  });

  it("is each request's own: the next one on a connection has not that of the one before", async () => {
    const server = keep(new HeldServer());
    const { program, peers } = await letWait(server, REQUESTS, "", "--queue-prio", "hdr:x-prio");
    // The connection of /high asks again, behind it, and says nothing.
    await serve(server, 2);
    const again = peers[3]!;
    expect(await again.readUntil("ok")).toContain("200 OK");
    again.take();
    await again.send("GET /again HTTP/1.1\r\nHost: a\r\n\r\n");
    await program.countersWhen(({ queued }) => queued === 2);
    for (const _ of [1, 2, 3]) {
      const count = server.asked.length;
      server.answerOne();
      if (count < 5) await server.askedCount(count + 1);
    }
    expect(server.asked).toEqual(["/held", "/high", "/normal", "/again", "/low"]);
  });

  it("off for a backend whose key says so: in the order of coming", async () => {
    const server = keep(new HeldServer());
    await letWait(server, REQUESTS, ",queue-prio=off", "--queue-prio", "hdr:x-prio");
    expect(await serve(server, 4)).toEqual(["/held", "/low", "/normal", "/high"]);
  });
});
