/** hadro when one of its threads dies: the others go on, and another takes its place. @module */
import { describe, expect, it } from "vitest";
import { connect, expectIdle, keep, temporaryFolder } from "../support/program/keep.ts";
import { listeningSockets } from "../support/program/listening_sockets.ts";
import { httpServer, Peer, response } from "../support/program/peers.ts";
import { Program } from "../support/program/program.ts";

const MAIN = new URL("../support/threads/mortal_main.ts", import.meta.url).pathname;
const GET = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const CLIENTS = 40;

/** A hadro of two mortal threads, at a port and at a unix socket. */
async function start(poller: string) {
  const server = keep(httpServer(() => response("hello")));
  const folder = await temporaryFolder();
  const path = `${folder}/a.sock`;
  const backend = `-b 127.0.0.1:${server.port}`;
  const words = `-l http://127.0.0.1:0,name=fe ${backend} -l http://unix:${path},name=ux ${backend}`;
  const line = `exec "$DENO" run -A --unstable-net "${MAIN}" ${words} --threads 2 --poller ${poller}`;
  const env = { DENO: Deno.execPath(), MORTAL_ORDERS: folder };
  const program = keep(Program.spawnShell(line, { env }));
  await program.listening(2);
  const kill = async (thread: number) => {
    await Deno.writeTextFile(`${folder}/hadro-${thread}`, "");
    await program.stderr.waitFor(new RegExp(`hadro: thread ${thread} ended: .*told to die`));
  };
  return { program, path, port: program.port("fe"), kill };
}

/** Whether the connection still answers. */
async function isServed(client: Peer): Promise<boolean> {
  client.take();
  await client.send(GET).catch(() => {});
  return await client.readUntil("hello") === response("hello");
}

function connectAll(port: number): Promise<Peer[]> {
  return Promise.all(Array.from({ length: CLIENTS }, () => connect(port)));
}

describe.each(["epoll", "deno"])("a thread that dies, on %s", (poller) => {
  it.each([0, 1])(
    "number %d: loses its own connections only, and is replaced; hadro goes on",
    async (thread) => {
      const { program, path, port, kill } = await start(poller);
      const clients = await connectAll(port);
      expect((await Promise.all(clients.map(isServed))).every(Boolean)).toBe(true);
      await kill(thread);
      const served = (await Promise.all(clients.map(isServed))).filter(Boolean).length;
      expect(served).toBeGreaterThan(0);
      expect(served).toBeLessThan(CLIENTS);
      expect(await program.countersWhen((c) => c.threads === 2)).toMatchObject({ connections: served });
      expect(await listeningSockets(port)).toBe(2);
      const others = await connectAll(port);
      expect((await Promise.all(others.map(isServed))).every(Boolean)).toBe(true);
      const local = new Peer(await Deno.connect({ transport: "unix", path }));
      expect(await isServed(local)).toBe(true);
      for (const client of [local, ...others, ...clients]) client.close();
      await expectIdle(program);
      program.signal("SIGTERM");
      expect(await program.exitCode()).toBe(0);
      expect(() => Deno.lstatSync(path)).toThrow(Deno.errors.NotFound);
    },
  );
});
