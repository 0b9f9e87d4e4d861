/** Addresses of listeners and servers: unix sockets, localhost in both families, several names. @module */
import { describe, expect, it } from "vitest";
import { connect, expectIdle, keep, startHadro, temporaryFolder } from "../support/program/keep.ts";
import { Peer, response, ScriptedServer } from "../support/program/peers.ts";
import { Program } from "../support/program/program.ts";

const GET = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

function hasIpv6(): boolean {
  try {
    Deno.listen({ hostname: "::1", port: 0 }).close();
    return true;
  } catch {
    return false;
  }
}

/** Answers each request with `hello`. */
async function serveHello(peer: Peer): Promise<void> {
  for (;;) {
    await peer.readUntil("\r\n\r\n");
    if (!peer.received.includes("\r\n\r\n")) return peer.close();
    peer.take();
    await peer.send(response("hello"));
  }
}

describe("localhost", () => {
  it.skipIf(!hasIpv6()).each([["::1", "[::1]"], ["127.0.0.1", "127.0.0.1"]])(
    "and :port reach a server that listens on %s only",
    async (hostname, written) => {
      const server = keep(new ScriptedServer(serveHello, hostname));
      for (const backend of [`localhost:${server.port}`, `:${server.port}`]) {
        const { program, port } = await startHadro("http", [backend]);
        for (let i = 0; i < 2; i++) {
          const client = await connect(port);
          await client.send(GET);
          expect(await client.readUntil("hello")).toBe(response("hello"));
          client.close();
          // The other family is tried within the same attempt: no retry is counted.
          expect(await program.log(i)).toMatchObject({
            status: 200,
            server_addr: `${written}:${server.port}`,
            retries: 0,
            redispatched: false,
          });
        }
      }
    },
  );

  it.skipIf(!hasIpv6())("a listener on [::1] is bound there only", async () => {
    const server = keep(new ScriptedServer(serveHello));
    const args = ["-l", "http://[::1]:0,name=fe", "-b", `127.0.0.1:${server.port}`, "--log", "json"];
    const program = keep(await Program.start(args));
    const port = program.port("fe");
    expect(program.stderr.lines).toEqual([`hadro: listening on http://[::1]:${port} (fe)`]);
    const client = await Peer.connect(port, "::1");
    keep({ stop: () => client.close() });
    await client.send(GET);
    await client.readUntil("hello");
    expect(await program.log()).toMatchObject({ client: "::1" });
    await expect(Peer.connect(port, "127.0.0.1")).rejects.toThrow(Deno.errors.ConnectionRefused);
  });

  it("a listener without a host takes both families, and logs IPv4 clients as IPv4", async () => {
    const server = keep(new ScriptedServer(serveHello));
    const args = ["-l", "http://:0,name=fe", "-b", `127.0.0.1:${server.port}`, "--log", "json"];
    const program = keep(await Program.start(args));
    for (const [index, host] of (hasIpv6() ? ["127.0.0.1", "::1"] : ["127.0.0.1"]).entries()) {
      const client = await Peer.connect(program.port("fe"), host);
      keep({ stop: () => client.close() });
      await client.send(GET);
      await client.readUntil("hello");
      expect(await program.log(index)).toMatchObject({ client: host });
    }
  });
});

describe("unix sockets", () => {
  it("serve as listener and as backend; the client is unix:1", async () => {
    const folder = await temporaryFolder();
    const server = keep(new UnixServer(`${folder}/b.sock`));
    const program = keep(await startOnUnix(folder));
    expect(program.stderr.lines).toEqual([`hadro: listening on http://unix:${folder}/a.sock (fe)`]);
    const client = await connectUnix(`${folder}/a.sock`);
    await client.send(GET);
    expect(await client.readUntil("hello")).toBe(response("hello"));
    expect(server.heads[0]).toContain("\r\nX-Forwarded-For: unknown\r\n");
    expect(await program.log()).toMatchObject({
      status: 200,
      client: "unix:1",
      client_port: 0,
      server_addr: `unix:${folder}/b.sock`,
    });
    client.close();
    await expectIdle(program);
  });

  it("a backend's path that does not exist is a connect error: 503 SC with the path", async () => {
    const folder = await temporaryFolder();
    const program = keep(await startOnUnix(folder, "--retries", "0"));
    const client = await connectUnix(`${folder}/a.sock`);
    await client.send(GET);
    expect(await client.readUntil("request.\n")).toMatch(/^HTTP\/1\.1 503 /);
    expect(await program.log()).toMatchObject({
      status: 503,
      term: "SC",
      why: `cannot connect to unix:${folder}/b.sock (ENOENT)`,
    });
  });

  // As HAProxy and nginx: the one replaces a stale socket, the other removes it at its end.
  it("can be listened on again after hadro has ended", async () => {
    const folder = await temporaryFolder();
    keep(new UnixServer(`${folder}/b.sock`));
    const first = keep(await startOnUnix(folder));
    first.signal("SIGTERM");
    expect(await first.exitCode()).toBe(0);
    const program = keep(await startOnUnix(folder));
    const client = await connectUnix(`${folder}/a.sock`);
    await client.send(GET);
    expect(await client.readUntil("hello")).toBe(response("hello"));
    await program.log();
  });

  it("that another process listens on are refused: exit code 1 with the path", async () => {
    const folder = await temporaryFolder();
    keep(new UnixServer(`${folder}/a.sock`));
    const program = keep(Program.spawn(["-l", `http://unix:${folder}/a.sock`, "-b", ":9"]));
    expect(await program.exitCode()).toBe(1);
    await program.stderr.ended;
    expect(program.stderr.lines[0]).toContain(
      `Cannot listen on unix:${folder}/a.sock for http-unix: the address is in use (EADDRINUSE)`,
    );
  });
});

/** A hadro on `a.sock` before `b.sock`. */
function startOnUnix(folder: string, ...flags: string[]): Promise<Program> {
  const items = ["-l", `http://unix:${folder}/a.sock,name=fe`, "-b", `unix:${folder}/b.sock`];
  return Program.start([...items, "--log", "json", ...flags]);
}

async function connectUnix(path: string): Promise<Peer> {
  const client = new Peer(await Deno.connect({ transport: "unix", path }));
  keep({ stop: () => client.close() });
  return client;
}

/** Answers `hello` on a unix socket. */
class UnixServer {
  readonly heads: string[] = [];
  readonly #listener: Deno.UnixListener;
  readonly #peers: Peer[] = [];
  readonly #done: Promise<void>;

  constructor(path: string) {
    this.#listener = Deno.listen({ transport: "unix", path });
    this.#done = this.#accept();
  }

  async stop(): Promise<void> {
    this.#listener.close();
    for (const peer of this.#peers) peer.close();
    await this.#done;
  }

  async #accept(): Promise<void> {
    const running: Promise<void>[] = [];
    try {
      for await (const conn of this.#listener) {
        const peer = new Peer(conn);
        this.#peers.push(peer);
        running.push(this.#serve(peer));
      }
    } catch {
      // Closed.
    }
    await Promise.all(running);
  }

  async #serve(peer: Peer): Promise<void> {
    for (;;) {
      await peer.readUntil("\r\n\r\n");
      if (peer.isEnded) return peer.close();
      this.heads.push(peer.take());
      await peer.send(response("hello"));
    }
  }
}
