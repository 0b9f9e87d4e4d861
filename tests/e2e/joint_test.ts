/** The built program with one listener on Deno's sockets and all else on epoll: both pollers in one engine. @module */
import { describe, expect, it } from "vitest";
import { connect, expectIdle, keep } from "../support/program/keep.ts";
import { httpServer, type Peer, response } from "../support/program/peers.ts";
import { Program } from "../support/program/program.ts";

const REQUESTS = 30;
const CLIENTS = 20;
/** Turns in the second between two looks of an idle hadro, at most. */
const IDLE_TURNS_MAX = 30;
const BODY = "0123456789abcdef".repeat(40_000);

function get(path: string): string {
  return `GET ${path} HTTP/1.1\r\nHost: app.test\r\n\r\n`;
}

/** Two listeners, one on each poller, before one server; with a large answer for `/large`. */
async function startBoth(...flags: string[]): Promise<Program> {
  const server = keep(httpServer((head) => response(head.startsWith("GET /large") ? BODY : "hello")));
  return keep(
    await Program.start([
      ...["-l", "http://127.0.0.1:0,name=deno,poller=deno", "-b", `127.0.0.1:${server.port}`],
      ...["-l", "http://127.0.0.1:0,name=epoll", "-b", `127.0.0.1:${server.port}`],
      ...["--log", "%f %HU %ST %ts", ...flags],
    ]),
  );
}

async function exchange(client: Peer, path: string, body: string): Promise<void> {
  client.take();
  await client.send(get(path));
  expect(await client.readBytes(response(body).length)).toBe(response(body));
}

describe("both pollers in one engine", () => {
  it.each(["deno", "epoll"])(
    "serve a client of the listener on %s, whose server is on epoll",
    async (name) => {
      const program = await startBoth();
      const client = await connect(program.port(name));
      for (let i = 0; i < REQUESTS; i++) await exchange(client, `/${i}`, "hello");
      await exchange(client, "/large", BODY);
      client.close();
      await expectIdle(program);
      await program.stdout.waitFor(/large 200/);
      const expected = Array.from({ length: REQUESTS }, (_, i) => `${name} /${i} 200 --`);
      expect(program.stdout.lines).toEqual([...expected, `${name} /large 200 --`]);
    },
  );

  it("serve many clients of both at once, none of them starved", async () => {
    const program = await startBoth();
    const clients = await Promise.all(
      Array.from({ length: CLIENTS }, (_, i) => connect(program.port(i % 2 === 0 ? "deno" : "epoll"))),
    );
    await Promise.all(clients.map(async (client) => {
      for (let i = 0; i < REQUESTS; i++) await exchange(client, "/", "hello");
      await exchange(client, "/large", BODY);
      client.close();
    }));
    await expectIdle(program);
    await program.stdout.waitFor(/./, undefined, CLIENTS * (REQUESTS + 1) - 1);
    for (const name of ["deno", "epoll"]) {
      const count = program.stdout.lines.filter((line) => line.startsWith(`${name} `)).length;
      expect(count).toBe(CLIENTS / 2 * (REQUESTS + 1));
    }
  });

  it("sleep while nothing comes, with idle clients on both", async () => {
    const program = await startBoth();
    for (const name of ["deno", "epoll"]) {
      const client = await connect(program.port(name));
      await exchange(client, "/", "hello");
    }
    // hadro looks after its memory once a second.
    const first = await program.countersWhen((c) => c.timersExpired > 0);
    const before = await program.countersWhen((c) => c.timersExpired > first.timersExpired);
    const after = await program.countersWhen((c) => c.timersExpired > before.timersExpired + 1);
    expect(after.turns - before.turns).toBeLessThan(IDLE_TURNS_MAX * 2);
  });

  it("stop together: what runs is finished, what is idle closed", async () => {
    const program = await startBoth();
    for (const name of ["deno", "epoll"]) {
      const client = await connect(program.port(name));
      await exchange(client, "/", "hello");
    }
    program.signal("SIGTERM");
    expect(await program.exitCode()).toBe(0);
  });

  it("run in each of two threads", async () => {
    const program = await startBoth("--threads", "2");
    const clients = await Promise.all(Array.from({ length: CLIENTS }, () => connect(program.port("deno"))));
    for (const client of clients) await exchange(client, "/", "hello");
    const counters = await program.countersWhen((c) => c.connections === CLIENTS);
    expect(counters).toMatchObject({ threads: 2, accepts: CLIENTS });
    for (const client of clients) client.close();
    await expectIdle(program);
  });
});
