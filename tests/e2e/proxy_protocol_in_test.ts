/** PROXY protocol in: a listener with `proxy`, over both pollers; whom the log, servers and balancing take the client for. @module */
import { describe, expect, it } from "vitest";
import { connect, expectIdle, keep } from "../support/program/keep.ts";
import { Peer, ScriptedServer } from "../support/program/peers.ts";
import { pingServer } from "../support/program/tcp_peers.ts";
import {
  binary,
  BINARY_IPV4,
  BINARY_IPV6,
  BINARY_LOCAL,
  BINARY_UNIX,
  IPV4_ADDRESSES,
  latin1,
  TEXT_IPV4,
  TEXT_IPV6,
  tlv,
} from "../support/proxy_protocol/headers.ts";
import { clientOf, echoServer, GET, startProxied, TRUST } from "../support/proxy_protocol/listener.ts";

const POLLERS = ["epoll", "deno"] as const;
const CLIENTS: readonly [string, string, string][] = [
  ["v1 IPv4", TEXT_IPV4, "192.0.2.1 56324"],
  ["v1 IPv6", TEXT_IPV6, "2001:db8::1 56324"],
  ["v2 IPv4", BINARY_IPV4, "192.0.2.1 56324"],
  ["v2 IPv6", BINARY_IPV6, "2001:db8::1 56324"],
  [
    "v2 with TLVs",
    binary(0x2111, IPV4_ADDRESSES + tlv(2, "a.test") + tlv(4, "x".repeat(4_000))),
    "192.0.2.1 56324",
  ],
  ["v2 of a unix client", BINARY_UNIX, "unix:1 0"],
];
const OWN: readonly [string, string][] = [["v1 UNKNOWN", "PROXY UNKNOWN\r\n"], ["v2 LOCAL", BINARY_LOCAL], [
  "v2 UNSPEC",
  binary(0x2100, ""),
]];

describe.each(POLLERS)("over poller %s", (poller) => {
  const flags = [...TRUST, "--poller", poller];

  it.each(CLIENTS)(
    "tcp: %s says who the client is, and what follows in the same segment is its first bytes",
    async (_, header, client) => {
      const server = keep(pingServer());
      const { program, port } = await startProxied("tcp", server.port, ...flags);
      const peer = await connect(port);
      await peer.send(latin1(`${header}ping`));
      expect(await peer.readUntil("pong")).toBe("pong");
      await peer.closeWrite();
      await peer.readAll();
      expect(server.peers[0].received).toBe("ping");
      const line = await program.log();
      expect(clientOf(line)).toBe(client);
      expect(line).toMatchObject({ term: "--", bytes_in: 4, bytes_out: 4 });
      await expectIdle(program);
    },
  );

  it.each(CLIENTS)(
    "http: %s says who the client is, to the log and to the server",
    async (_, header, client) => {
      const { program, port } = await startProxied("http", echoServer().port, ...flags);
      const peer = await connect(port);
      await peer.send(latin1(`${header}${GET}`));
      const address = client.split(" ")[0];
      const known = address === "unix:1" ? "unknown" : address;
      expect(await peer.readUntil("\r\n\r\nGET")).toContain("200 OK");
      expect(await peer.readUntil("X-Forwarded-Host: a\r\n\r\n")).toContain(
        `\r\nX-Forwarded-For: ${known}\r\n`,
      );
      expect(clientOf(await program.log())).toBe(client);
      expect(await program.log()).toMatchObject({ status: 200, term: "--", bytes_in: GET.length });
      // A second request of the connection is the same client's.
      await peer.send(GET);
      expect(clientOf(await program.log(1))).toBe(client);
    },
  );

  it.each(OWN)("%s keeps the connection's own address", async (_, header) => {
    const { program, port } = await startProxied("http", echoServer().port, ...flags);
    const peer = await connect(port);
    await peer.send(latin1(`${header}${GET}`));
    await peer.readUntil("X-Forwarded-Host: a\r\n\r\n");
    expect(peer.received).toContain("\r\nX-Forwarded-For: 127.0.0.1\r\n");
    const { port: ownPort } = peer.conn.localAddr as Deno.NetAddr;
    expect(clientOf(await program.log())).toBe(`127.0.0.1 ${ownPort}`);
  });

  it.each([TEXT_IPV6, BINARY_IPV4])("byte by byte is as good as at once: %j", async (header) => {
    const server = keep(pingServer());
    const { program, port } = await startProxied("tcp", server.port, ...flags);
    const peer = await connect(port);
    (peer.conn as Deno.TcpConn).setNoDelay(true);
    for (const byte of latin1(`${header}ping`)) {
      await peer.send(Uint8Array.of(byte));
      await pause(1);
    }
    expect(await peer.readUntil("pong")).toBe("pong");
    await peer.closeWrite();
    expect((await program.log()).client).toBe(header === BINARY_IPV4 ? "192.0.2.1" : "2001:db8::1");
    expect(server.peers[0].received).toBe("ping");
  });

  it("a server that speaks first is not waited for: the header alone is enough", async () => {
    const server = keep(new ScriptedServer((peer) => peer.send("hello")));
    const { port } = await startProxied("tcp", server.port, ...flags);
    const peer = await connect(port);
    await peer.send(TEXT_IPV4);
    expect(await peer.readUntil("hello")).toBe("hello");
  });

  it("what is no header is closed and logged: PR, and why; the server hears nothing", async () => {
    const server = echoServer();
    const { program, port } = await startProxied("http", server.port, ...flags);
    for (
      const [index, [input, why]] of ([
        [GET, "received something that does not look like a PROXY protocol header"],
        ["\x16\x03\x01\x02\x00", "received something that does not look like a PROXY protocol header"],
        [
          "PROXY TCP4 192.0.2.1 198.51.100.7 56324\r\n",
          "bad PROXY protocol header: a port is no whole number from 0 to 65535",
        ],
        [binary(0x2141, ""), "bad PROXY protocol header: unknown address family or transport"],
      ] as const).entries()
    ) {
      const peer = await connect(port);
      await peer.send(latin1(input));
      expect(await peer.readAll()).toBe("");
      const { port: ownPort } = peer.conn.localAddr as Deno.NetAddr;
      expect(await program.log(index)).toMatchObject({
        client: "127.0.0.1",
        client_port: ownPort,
        frontend: "fe",
        backend: null,
        server: null,
        method: null,
        status: null,
        term: "PR",
        bytes_in: input.length,
        bytes_out: 0,
        why,
      });
    }
    expect(server.peers).toEqual([]);
    await expectIdle(program);
  });

  it("who is not in --trust is closed without having been listened to: PR", async () => {
    const server = keep(pingServer());
    const { program, port } = await startProxied(
      "tcp",
      server.port,
      "--trust",
      "192.0.2.0/24",
      "--poller",
      poller,
    );
    const peer = await connect(port);
    expect(await peer.readAll()).toBe("");
    expect(await program.log()).toMatchObject({
      term: "PR",
      bytes_in: 0,
      why: "127.0.0.1 is not in --trust, and this listener awaits a PROXY protocol header",
    });
    expect(server.peers).toEqual([]);
    await expectIdle(program);
  });

  it("a header that does not come in --timeout-client-hs: cR", async () => {
    const { program, port } = await startProxied("tcp", 9, ...flags, "--timeout-client-hs", "200ms");
    const peers = [await connect(port), await connect(port)];
    await peers[1].send("PROXY TCP4 192.0.2.1");
    for (const peer of peers) expect(await peer.readAll()).toBe("");
    for (const index of [0, 1]) {
      const line = await program.log(index);
      expect(line).toMatchObject({
        term: "cR",
        why: "the PROXY protocol header was not complete within 200 ms",
      });
      expect(line.t_total_ms).toBeGreaterThanOrEqual(195);
    }
    await expectIdle(program);
  });

  it("a client that closes in the middle of it: CR; one that says nothing makes no line", async () => {
    const { program, port } = await startProxied("http", 9, ...flags);
    (await Peer.connect(port)).close();
    const peer = await connect(port);
    await peer.send("PROXY TCP4 ");
    await peer.closeWrite();
    expect(await peer.readAll()).toBe("");
    expect(await program.log()).toMatchObject({
      term: "CR",
      bytes_in: 11,
      why: "the client closed before its PROXY protocol header was complete",
    });
    await expectIdle(program);
    expect(program.stdout.lines.length).toBe(1);
  });
});

/** Pace of a peer that a test is about; never a wait for something to happen. */
function pause(durationMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, durationMs));
}
