/** Health in several threads of the built program: each server is checked once, all threads know, a dead one is replaced. @module */
import { describe, expect, it } from "vitest";
import { keep, startHadro, temporaryFolder } from "../support/program/keep.ts";
import { httpServer, Peer, response } from "../support/program/peers.ts";
import { Program } from "../support/program/program.ts";

const MAIN = new URL("../support/threads/mortal_main.ts", import.meta.url).pathname;

const FLAGS = ["--check", "/health", "--inter", "200ms", "--threads", "2"];

function countingServer(name: string) {
  const state = { isGood: true, checkCount: 0 };
  const server = httpServer((head) => {
    if (!head.startsWith("GET /health ")) return response(name, "Connection: close\r\n");
    state.checkCount++;
    return state.isGood ? response("ok") : "HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n";
  });
  return Object.assign(state, { port: server.port, stop: () => server.stop() });
}

async function get(port: number): Promise<string> {
  const client = await Peer.connect(port);
  await client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  const text = await client.readAll();
  client.close();
  return text.slice(-3);
}

describe("--threads 2", () => {
  it("checks each server once, and both threads follow, with one line for a change", async () => {
    const first = keep(countingServer("one"));
    const second = keep(countingServer("two"));
    const { program, port } = await startHadro("http", [first.port, second.port], ...FLAGS);
    const before = await program.countersWhen((c) => c.checks! >= 6);
    // As many as one thread alone would make: two would make twice as many.
    expect(Math.abs(first.checkCount + second.checkCount - before.checks!)).toBeLessThanOrEqual(2);
    first.isGood = false;
    await program.stderr.waitFor(/server app\/s1 is DOWN/);
    const { turns } = await program.counters();
    // Every thread looks ten times a second.
    await program.countersWhen((c) => c.turns! >= turns! + 10);
    for (let i = 0; i < 16; i++) expect(await get(port)).toBe("two");
    first.isGood = true;
    await program.stderr.waitFor(/server app\/s1 is UP/);
    expect(program.stderr.lines.filter((line) => line.includes("server app/"))).toEqual([
      "hadro: server app/s1 is DOWN: it answered 500, not 200-399, 3 checks failed; 1 of 2 servers left",
      "hadro: server app/s1 is UP: 2 checks passed; 2 of 2 servers up",
    ]);
    expect(await program.counters()).toMatchObject({ threads: 2, marksDown: 1 });
    program.signal("SIGTERM");
    expect(await program.exitCode()).toBe(0);
  });

  it.each([0, 1])("goes on to check all servers when thread %d dies", async (thread) => {
    const servers = ["one", "two"].map((name) => keep(countingServer(name)));
    const folder = await temporaryFolder();
    const words = `-l http://127.0.0.1:0,name=fe -b ${
      servers.map(({ port }) => `127.0.0.1:${port}`).join(" ")
    }`;
    const line = `exec "$DENO" run -A --unstable-net "${MAIN}" ${words} ${FLAGS.join(" ")} --log off`;
    const env = { DENO: Deno.execPath(), MORTAL_ORDERS: folder };
    const program = keep(Program.spawnShell(line, { env }));
    await program.listening(1);
    await program.countersWhen((c) => c.checks! >= 4);
    await Deno.writeTextFile(`${folder}/hadro-${thread}`, "");
    await program.stderr.waitFor(new RegExp(`thread ${thread} ended`));
    for (const server of servers) server.isGood = false;
    await program.stderr.waitFor(/server app\/s1 is DOWN/);
    await program.stderr.waitFor(/server app\/s2 is DOWN/);
    for (const server of servers) server.isGood = true;
    await program.stderr.waitFor(/server app\/s1 is UP/);
    await program.stderr.waitFor(/server app\/s2 is UP/);
    expect(program.stderr.lines.filter((text) => text.includes("server app/")).length).toBe(4);
  });
});
