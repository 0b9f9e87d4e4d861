/** PROXY protocol out: what servers with `proxy=` see, byte by byte, over both pollers; and two hadros in a row. @module */
import { describe, expect, it } from "vitest";
import { connect, expectIdle, keep, startHadro, temporaryFolder } from "../support/program/keep.ts";
import { Peer, refusedPort, response, ScriptedServer } from "../support/program/peers.ts";
import { Program } from "../support/program/program.ts";
import { binary, SIGNATURE, TEXT_IPV6, tlv, uint16 } from "../support/proxy_protocol/headers.ts";

const POLLERS = ["epoll", "deno"] as const;
const LOOPBACK = "\x7f\0\0\x01";

/** Takes what comes, and answers `yes` to each request behind the header. */
function notingServer(): ScriptedServer {
  return keep(
    new ScriptedServer(async (peer) => {
      for (let answered = 0; !peer.isEnded;) {
        await peer.readBytes(peer.received.length + 1);
        const count = peer.received.replace(SIGNATURE, "").split("\r\n\r\n").length - 1;
        for (; answered < count; answered++) await peer.send(response("yes"));
      }
      peer.close();
    }),
  );
}

function portOf(peer: Peer): number {
  return (peer.conn.localAddr as Deno.NetAddr).port;
}

/** The header of a client of this machine to a listener of this machine. */
function header(version: number, client: Peer, listenPort: number): string {
  return version === 1
    ? `PROXY TCP4 127.0.0.1 127.0.0.1 ${portOf(client)} ${listenPort}\r\n`
    : binary(0x2111, `${LOOPBACK}${LOOPBACK}${uint16(portOf(client))}${uint16(listenPort)}`);
}

/** Asks and waits for the answer. */
async function ask(peer: Peer, path: string, host = "a"): Promise<void> {
  peer.take();
  await peer.send(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
  expect(await peer.readUntil("yes")).toContain("200 OK");
}

/** What a server's connection began with, and the paths that were asked for over it. */
function told({ received }: Peer): { header: string; paths: string[] } {
  const from = received.indexOf("GET ");
  return {
    header: received.slice(0, from),
    paths: [...received.slice(from).matchAll(/^GET (\S+) /gm)].map(([, path]) => path),
  };
}

describe.each(POLLERS)("over poller %s", (poller) => {
  it.each([[1, "PROXY UNKNOWN\r\n"], [2, binary(0x2000, "")]])(
    "checks: version %d says that nobody is behind them, and traffic has its own",
    async (version, local) => {
      const server = notingServer();
      const words = [`127.0.0.1:${server.port},proxy=${version}`];
      const flags = ["--check", "/health", "--inter", "1h", "--poller", poller];
      const { program, port } = await startHadro("http", words, ...flags);
      await program.countersWhen(({ checks }) => checks === 1);
      const [check] = server.peers;
      expect(check!.received).toMatch(new RegExp(`^${RegExp.escape(local)}GET /health HTTP/1`));
      const client = await connect(port);
      await ask(client, "/");
      expect(told(server.peers[1]!)).toEqual({ header: header(version, client, port), paths: ["/"] });
      expect(await program.counters()).toMatchObject({ checksFailed: 0, marksDown: 0 });
    },
  );

  it.each([1, 2])("tcp: version %d goes first, and the client's bytes behind it", async (version) => {
    const server = keep(
      new ScriptedServer(async (peer) => {
        await peer.readUntil("ping");
        await peer.send("pong");
        await peer.readAll();
        peer.close();
      }),
    );
    const word = `127.0.0.1:${server.port},proxy=${version}`;
    const { program, port } = await startHadro("tcp", [word], "--poller", poller);
    const client = await connect(port);
    await client.send("ping");
    expect(await client.readUntil("pong")).toBe("pong");
    await client.closeWrite();
    await client.readAll();
    expect(server.peers[0].received).toBe(`${header(version, client, port)}ping`);
    expect(await program.log()).toMatchObject({ term: "--", bytes_in: 4, bytes_out: 4, retries: 0 });
    await expectIdle(program);
  });

  it.each([1, 2])("tcp: version %d is there before the client has said anything", async (version) => {
    const server = keep(
      new ScriptedServer(async (peer) => {
        await peer.readBytes(16);
        await peer.send("hello");
      }),
    );
    const word = `127.0.0.1:${server.port},proxy=${version}`;
    const { port } = await startHadro("tcp", [word], "--poller", poller);
    const client = await connect(port);
    expect(await client.readUntil("hello")).toBe("hello");
    expect(server.peers[0].received).toBe(header(version, client, port));
  });

  it.each([1, 2])(
    "http: version %d; a connection is its client's own, whatever --http-reuse says",
    async (version) => {
      const server = notingServer();
      const word = `127.0.0.1:${server.port},proxy=${version}`;
      const flags = ["--poller", poller, "--http-reuse", "always"];
      const { program, port } = await startHadro("http", [word], ...flags);
      const [one, two] = [await connect(port), await connect(port)];
      for (const round of [1, 2]) {
        await ask(one, `/one${round}`);
        await ask(two, `/two${round}`);
      }
      expect(server.peers.map(told)).toEqual([
        { header: header(version, one, port), paths: ["/one1", "/one2"] },
        { header: header(version, two, port), paths: ["/two1", "/two2"] },
      ]);
      // It ends with its client.
      one.close();
      two.close();
      for (const peer of server.peers) await peer.readAll();
      expect(await program.log(3)).toMatchObject({ status: 200, term: "--" });
      await expectIdle(program);
    },
  );

  it("a chain of two: the second one knows the first one's client, and tells its server", async () => {
    const server = notingServer();
    const second = keep(
      await Program.start([
        ..."-l http://127.0.0.1:0,name=fe,proxy --trust 127.0.0.1 --log json --poller".split(" "),
        poller,
        "-b",
        `127.0.0.1:${server.port},proxy=1`,
      ]),
    );
    const word = `127.0.0.1:${second.port("fe")},proxy=2`;
    const { program, port } = await startHadro("http", [word], "--poller", poller);
    const client = await connect(port);
    await ask(client, "/1");
    await ask(client, "/2");
    expect(told(server.peers[0])).toEqual({ header: header(1, client, port), paths: ["/1", "/2"] });
    for (const index of [0, 1]) {
      for (const hadro of [program, second]) {
        expect(await hadro.log(index)).toMatchObject({ client: "127.0.0.1", client_port: portOf(client) });
      }
    }
    // A client of another family than the chain, and where it connected to, go through as they came.
    const proxied = await connect(second.port("fe"));
    await proxied.send(TEXT_IPV6);
    await ask(proxied, "/3");
    expect(told(server.peers[1])).toEqual({ header: TEXT_IPV6, paths: ["/3"] });
  });
});

describe("what a header says", () => {
  it("of a unix client: UNKNOWN, or UNSPEC", async () => {
    const path = `${await temporaryFolder()}/fe.sock`;
    const server = notingServer();
    const words = [1, 2].map((version) => `127.0.0.1:${server.port},proxy=${version}`);
    keep(await Program.start(["-l", `http://unix:${path}`, "-b", ...words]));
    for (const expected of ["PROXY UNKNOWN\r\n", binary(0x2100, "")]) {
      const client = new Peer(await Deno.connect({ transport: "unix", path }));
      await ask(client, "/");
      client.close();
      expect(told(server.peers.at(-1)!).header).toBe(expected);
    }
  });

  it("of an IPv6 client", async () => {
    const server = notingServer();
    const args = ["-l", "http://[::1]:0,name=fe", "-b", `127.0.0.1:${server.port},proxy=1`];
    const program = keep(await Program.start(args));
    const client = new Peer(await Deno.connect({ hostname: "::1", port: program.port("fe") }));
    await ask(client, "/");
    client.close();
    const line = `PROXY TCP6 ::1 ::1 ${portOf(client)} ${program.port("fe")}\r\n`;
    expect(told(server.peers[0]).header).toBe(line);
  });

  it("of an IPv4 client of a listener on every address: IPv4", async () => {
    const server = notingServer();
    const args = ["-l", "http://:0,name=fe", "-b", `127.0.0.1:${server.port},proxy=1`];
    const program = keep(await Program.start(args));
    const client = await connect(program.port("fe"));
    await ask(client, "/");
    expect(told(server.peers[0]).header).toBe(header(1, client, program.port("fe")));
  });

  it("of the authority: each Host has a connection of its own", async () => {
    const server = notingServer();
    const word = `127.0.0.1:${server.port},proxy=2,proxy-v2-options=authority`;
    const { port } = await startHadro("http", [word]);
    const client = await connect(port);
    for (const [path, host] of [["/1", "a.test"], ["/2", "a.test"], ["/3", "b.test:8080"]]) {
      await ask(client, path, host);
    }
    const addresses = `${LOOPBACK}${LOOPBACK}${uint16(portOf(client))}${uint16(port)}`;
    expect(server.peers.map(told)).toEqual([
      { header: binary(0x2111, addresses + tlv(2, "a.test")), paths: ["/1", "/2"] },
      { header: binary(0x2111, addresses + tlv(2, "b.test:8080")), paths: ["/3"] },
    ]);
    // An absolute target goes before the field, as for the request itself.
    client.take();
    await client.send("GET http://b.test:8080/4 HTTP/1.1\r\nHost: b.test:8080\r\n\r\n");
    await client.readUntil("yes");
    expect(told(server.peers[1]).paths).toEqual(["/3", "/4"]);
  });

  it("with a checksum, which another hadro checks", async () => {
    const server = notingServer();
    const second = keep(
      await Program.start([
        ..."-l http://127.0.0.1:0,name=fe,proxy --trust 127.0.0.1 --log json -b".split(" "),
        `127.0.0.1:${server.port}`,
      ]),
    );
    const word = `127.0.0.1:${second.port("fe")},proxy=2,proxy-v2-options=authority+crc32c`;
    const { port } = await startHadro("http", [word]);
    const client = await connect(port);
    await ask(client, "/");
    expect(await second.log()).toMatchObject({ client_port: portOf(client), status: 200 });
  });

  it("is said to the server that a retry goes to, and to a server without proxy nothing is", async () => {
    const [withHeader, without] = [notingServer(), notingServer()];
    const words = [
      `127.0.0.1:${refusedPort()},proxy=2`,
      `127.0.0.1:${withHeader.port},proxy=1`,
      `127.0.0.1:${without.port}`,
    ];
    const { program, port } = await startHadro("http", words);
    const client = await connect(port);
    for (const path of ["/1", "/2"]) await ask(client, path);
    expect(await program.log()).toMatchObject({ server: "s2", redispatched: true });
    expect(withHeader.peers.map((peer) => told(peer).header)).toEqual([header(1, client, port)]);
    expect(without.peers.map((peer) => told(peer).header)).toEqual([""]);
  });

  it("goes out with the client's first bytes, in one segment", async () => {
    const chunks: string[] = [];
    const server = keep(
      new ScriptedServer(async (peer) => {
        const buffer = new Uint8Array(1_024);
        const count = await peer.conn.read(buffer);
        chunks.push(String.fromCharCode(...buffer.subarray(0, count ?? 0)));
        await peer.send(response("yes"));
      }),
    );
    const { port } = await startHadro("http", [`127.0.0.1:${server.port},proxy=1`]);
    const client = await connect(port);
    await ask(client, "/");
    expect(chunks[0]).toMatch(/^PROXY [^\r]+\r\nGET \/ HTTP\/1\.1\r\n/);
  });
});
