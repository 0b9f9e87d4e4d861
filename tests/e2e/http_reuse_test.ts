/** `--http-reuse`: which requests go over idle connections to a server, seen from the server. @module */
import { describe, expect, it } from "vitest";
import { connect, expectIdle, keep, startHadro } from "../support/program/keep.ts";
import { type Peer, response, ScriptedServer } from "../support/program/peers.ts";

/** A server that notes which request came over which of its connections; it ends one on a request for `/die`. */
class NotingServer {
  /** The paths of each connection. */
  readonly paths: string[][] = [];
  readonly #server: ScriptedServer;

  constructor() {
    this.#server = new ScriptedServer((peer, index) => this.#serve(peer, this.paths[index] = []));
  }

  get port(): number {
    return this.#server.port;
  }

  get peers(): readonly Peer[] {
    return this.#server.peers;
  }

  stop(): Promise<void> {
    return this.#server.stop();
  }

  async #serve(peer: Peer, paths: string[]): Promise<void> {
    for (;;) {
      await peer.readUntil("\r\n\r\n");
      if (peer.isEnded) return peer.close();
      const path = peer.take().split(" ")[1];
      paths.push(path);
      if (path === "/die") return peer.close();
      await peer.send(response(`to ${path}.`));
    }
  }
}

async function ask(client: Peer, path: string): Promise<void> {
  client.take();
  await client.send(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
  expect(await client.readUntil(`to ${path}.`)).toBe(response(`to ${path}.`));
}

async function start(...flags: string[]) {
  const server = keep(new NotingServer());
  const { program, port } = await startHadro("http", [server.port], ...flags);
  return { server, program, port };
}

describe("--http-reuse never", () => {
  const NEVER = ["--http-reuse", "never"];

  it("a client goes on with its own connection, and nobody else has it", async () => {
    const { server, program, port } = await start(...NEVER);
    const [one, two] = [await connect(port), await connect(port)];
    for (const round of [1, 2, 3]) {
      await ask(one, `/one${round}`);
      await ask(two, `/two${round}`);
    }
    expect(server.paths).toEqual([["/one1", "/one2", "/one3"], ["/two1", "/two2", "/two3"]]);
    // It ends with its client.
    one.close();
    two.close();
    for (const peer of server.peers) expect(await peer.readAll()).toBe("");
    await expectIdle(program);
  });

  it("it is closed after pool-purge-delay, and the next request gets another", async () => {
    const { server, port } = await start(...NEVER, "--pool-purge-delay", "100ms");
    const client = await connect(port);
    await ask(client, "/1");
    expect(await server.peers[0].readAll()).toBe("");
    await ask(client, "/2");
    expect(server.paths).toEqual([["/1"], ["/2"]]);
  });

  it("it is forgotten when the server ends it, and when another server's turn comes", async () => {
    const servers = [keep(new NotingServer()), keep(new NotingServer())];
    const { port } = await startHadro("http", servers.map((server) => server.port), ...NEVER);
    const client = await connect(port);
    await ask(client, "/1");
    await ask(client, "/2");
    expect(await servers[0].peers[0].readAll()).toBe("");
    servers[1].peers[0].close();
    for (const path of ["/3", "/4"]) await ask(client, path);
    expect(servers.map((server) => server.paths)).toEqual([[["/1"], ["/3"]], [["/2"], ["/4"]]]);
  });

  it("keeps none with --pool-max-conn 0", async () => {
    const { server, port } = await start(...NEVER, "--pool-max-conn", "0");
    const client = await connect(port);
    for (const path of ["/1", "/2"]) await ask(client, path);
    expect(server.paths).toEqual([["/1"], ["/2"]]);
  });
});

describe("--http-reuse aggressive", () => {
  it("a first request goes over a connection that was reused before, and over no other", async () => {
    const { server, port } = await start("--http-reuse", "aggressive");
    const one = await connect(port);
    await ask(one, "/one1");
    await ask(await connect(port), "/two1");
    await ask(one, "/one2");
    await ask(await connect(port), "/three1");
    await ask(await connect(port), "/four1");
    expect(server.paths).toEqual([["/one1"], ["/two1", "/one2", "/three1", "/four1"]]);
  });
});

describe("--http-reuse always", () => {
  it("a first request goes over any idle connection", async () => {
    const { server, program, port } = await start("--http-reuse", "always");
    for (const path of ["/1", "/2", "/3"]) {
      const client = await connect(port);
      await ask(client, path);
      client.close();
    }
    expect(server.paths).toEqual([["/1", "/2", "/3"]]);
    expect(await program.log(2)).toMatchObject({ status: 200, term: "--", retries: 0, t_conn_ms: 0 });
    await expectIdle(program);
  });

  it("one that dies on it is not sent again: the client's connection ends without an answer, SH", async () => {
    const { server, program, port } = await start("--http-reuse", "always");
    await ask(await connect(port), "/1");
    const client = await connect(port);
    await client.send("GET /die HTTP/1.1\r\nHost: a\r\n\r\n");
    expect(await client.readAll()).toBe("");
    expect(server.paths).toEqual([["/1", "/die"]]);
    expect(await program.log(1)).toMatchObject({
      status: null,
      term: "SH",
      retries: 0,
      bytes_out: 0,
      why: "the server closed a reused connection before it answered; the client may retry",
    });
    // On a connection of its own it is an answer that is missing.
    const next = await connect(port);
    await next.send("GET /die HTTP/1.1\r\nHost: a\r\n\r\n");
    expect(await next.readUntil("\r\n\r\n")).toMatch(/^HTTP\/1\.1 502 /);
    expect(await program.log(2)).toMatchObject({ status: 502, term: "SH" });
  });

  it("is a backend's own to choose", async () => {
    const [shared, safe] = [keep(new NotingServer()), keep(new NotingServer())];
    const word = `127.0.0.1:${shared.port},http-reuse=always`;
    const { port } = await startHadro("http", [word], "-r", `/safe=127.0.0.1:${safe.port}`);
    for (const path of ["/a", "/safe", "/b", "/safe"]) await ask(await connect(port), path);
    expect([shared.paths, safe.paths]).toEqual([[["/a", "/b"]], [["/safe"], ["/safe"]]]);
  });
});
