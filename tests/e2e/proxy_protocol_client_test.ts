/** What the client of a PROXY protocol header is taken for: in log lines, timers, X-Forwarded-*; and who may send one. @module */
import { describe, expect, it } from "vitest";
import { connect, expectIdle, keep, temporaryFolder } from "../support/program/keep.ts";
import { httpServer, Peer, response } from "../support/program/peers.ts";
import { Program } from "../support/program/program.ts";
import { pingServer } from "../support/program/tcp_peers.ts";
import {
  BINARY_IPV4,
  BINARY_IPV6,
  BINARY_LOCAL,
  BINARY_UNIX,
  latin1,
  TEXT_IPV4,
  TEXT_IPV6,
} from "../support/proxy_protocol/headers.ts";
import { clientOf, echoServer, GET, startProxied, TRUST } from "../support/proxy_protocol/listener.ts";

describe("the client of a header", () => {
  it("exact lines in HAProxy's format: in order, and refused", async () => {
    const { program, port } = await startProxied(
      "tcp",
      keep(pingServer()).port,
      ...TRUST,
      "--log",
      "haproxy",
    );
    const good = await connect(port);
    await good.send(latin1(`${BINARY_IPV4}ping`));
    await good.readUntil("pong");
    await good.closeWrite();
    const date = "\\[\\d\\d/\\w{3}/\\d{4}:\\d\\d:\\d\\d:\\d\\d\\.\\d{3}\\]";
    expect(await program.stdout.waitFor(/./)).toMatch(
      new RegExp(`^192\\.0\\.2\\.1:56324 ${date} fe app/s1 0/\\d+/\\d+ 4 -- 1/1/1/1/0 0/0$`),
    );
    const bad = await connect(port);
    await bad.send(GET);
    await bad.readAll();
    const { port: ownPort } = bad.conn.localAddr as Deno.NetAddr;
    expect(await program.stdout.waitFor(/./, 10_000, 1)).toMatch(
      new RegExp(`^127\\.0\\.0\\.1:${ownPort} ${date} fe fe/<NOSRV> -1/-1/\\d+ 0 PR 1/1/0/0/0 0/0$`),
    );
  });

  it("the same line of an http listener has no request", async () => {
    const { program, port } = await startProxied("http", 9, ...TRUST, "--log", "haproxy");
    const bad = await connect(port);
    await bad.send(GET);
    await bad.readAll();
    expect((await program.stdout.waitFor(/./)).split("] ")[1]).toMatch(
      /^fe fe\/<NOSRV> -1\/-1\/-1\/-1\/0 -1 0 - - PR-- 1\/1\/0\/0\/0 0\/0 "<BADREQ>"$/,
    );
  });

  it("the time of the handshake is %Th, and the request's begins behind it", async () => {
    const { program, port } = await startProxied(
      "http",
      echoServer().port,
      ...TRUST,
      "--timeout-request",
      "300ms",
      "--log",
      "%ci:%cp %Th %Ti %TR %Tt %ts",
    );
    const peer = await connect(port);
    await pause(250);
    await peer.send(TEXT_IPV4);
    await pause(150);
    // Past 300 ms since the accept, not since the header.
    await peer.send(GET);
    await peer.readUntil("X-Forwarded-Host: a\r\n\r\n");
    const line = await program.stdout.waitFor(/./);
    const [, handshake, idle, request, total] = line.match(
      /^192\.0\.2\.1:56324 (\d+) (\d+) (\d+) (\d+) --$/,
    )!.map(Number);
    expect(handshake).toBeGreaterThanOrEqual(245);
    expect(idle).toBeGreaterThanOrEqual(145);
    expect(idle).toBeLessThan(245);
    expect(total).toBeGreaterThanOrEqual(handshake + idle + request);
    await peer.send(GET);
    expect(await program.stdout.waitFor(/./, 10_000, 1)).toMatch(/^192\.0\.2\.1:56324 0 /);
    // A request that does not come is that client's time-out, as ever.
    const silent = await connect(port);
    await silent.send(TEXT_IPV4);
    expect(await silent.readAll()).toMatch(/^HTTP\/1\.1 408 /);
    expect(await program.stdout.waitFor(/ cR$/)).toMatch(/^192\.0\.2\.1:56324 /);
  });

  it("X-Forwarded-* are believed of clients in --trust, whoever brought them; not of UNKNOWN ones", async () => {
    const { port } = await startProxied("http", echoServer().port, ...TRUST, "--trust", "192.0.2.0/24");
    const ask = async (header: string) => {
      const peer = await connect(port);
      await peer.send(latin1(`${header}GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 203.0.113.9\r\n\r\n`));
      await peer.readUntil("X-Forwarded-Host: a\r\n\r\n");
      return [...peer.received.matchAll(/X-Forwarded-For: (\S+)/g)].map(([, value]) => value);
    };
    expect(await ask(TEXT_IPV4)).toEqual(["203.0.113.9", "192.0.2.1"]);
    expect(await ask(BINARY_IPV6)).toEqual(["2001:db8::1"]);
    expect(await ask(BINARY_LOCAL)).toEqual(["203.0.113.9", "127.0.0.1"]);
    expect(await ask("PROXY UNKNOWN\r\n")).toEqual(["127.0.0.1"]);
    expect(await ask(BINARY_UNIX)).toEqual(["unknown"]);
  });

  it("is whom --lb source balances by", async () => {
    const servers = ["one", "two"].map((name) => keep(httpServer(() => response(name))));
    const words = servers.map(({ port }) => `127.0.0.1:${port}`);
    const args = ["-l", "http://127.0.0.1:0,name=fe,proxy", ...TRUST, "--lb", "source", "--threads", "2"];
    const program = keep(await Program.start([...args, "-b", ...words]));
    const ask = async (id: number) => {
      const peer = await connect(program.port("fe"));
      await peer.send(`PROXY TCP4 192.0.2.${id} 198.51.100.7 1 1\r\n${GET}`);
      await peer.readUntil("\r\n\r\n");
      return await peer.readBytes(peer.received.indexOf("\r\n\r\n") + "\r\n\r\none".length);
    };
    const ids = Array.from({ length: 16 }, (_, id) => id);
    const answers = await Promise.all(ids.map(ask));
    expect(new Set(answers).size).toBe(2);
    expect(await Promise.all(ids.map(ask))).toEqual(answers);
  });

  it("is whom --deny and --maxconn-per-src look at, not the proxy before it", async () => {
    const server = keep(pingServer());
    const flags = [...TRUST, "--deny", "192.0.2.0/24", "--maxconn-per-src", "1"];
    const { program, port } = await startProxied("tcp", server.port, ...flags);
    const denied = await connect(port);
    await denied.send(`${TEXT_IPV4}ping`);
    expect(await denied.readAll().catch(() => "")).toBe("");
    const line = await program.log();
    expect(clientOf(line)).toBe("192.0.2.1 56324");
    expect(line).toMatchObject({ term: "PR", why: "deny 192.0.2.0/24 holds 192.0.2.1" });
    const welcome = await connect(port);
    await welcome.send(latin1(`${TEXT_IPV6}ping`));
    expect(await welcome.readUntil("pong")).toBe("pong");
    const second = await connect(port);
    await second.send(latin1(`${TEXT_IPV6}ping`));
    expect(await second.readAll().catch(() => "")).toBe("");
    welcome.close();
    await program.countersWhen((c) => c.connections === 0);
    const third = await connect(port);
    await third.send(latin1(`${TEXT_IPV6}ping`));
    expect(await third.readUntil("pong")).toBe("pong");
    third.close();
    await expectIdle(program);
  });

  it("a unix listener needs no --trust: who may open it is the file system's to say", async () => {
    const path = `${await temporaryFolder()}/fe.sock`;
    const listen = `tcp://unix:${path},proxy`;
    const args = ["-l", listen, "-b", `127.0.0.1:${keep(pingServer()).port}`, "--log", "json"];
    const program = keep(await Program.start(args));
    const peer = new Peer(await Deno.connect({ transport: "unix", path }));
    await peer.send(latin1(`${TEXT_IPV4}ping`));
    expect(await peer.readUntil("pong")).toBe("pong");
    peer.close();
    expect(clientOf(await program.log())).toBe("192.0.2.1 56324");
  });

  it("--dry-run says it", async () => {
    const program = keep(
      Program.spawn(["-l", "http://:8080,proxy", "-b", ":1,proxy=2", ...TRUST, "--dry-run"]),
    );
    expect(await program.exitCode()).toBe(0);
    await program.stdout.ended;
    expect(program.stdout.lines[0]).toMatch(/ {2}proxy header from --trust, within 5s$/);
    expect(program.stdout.lines.find((line) => line.startsWith("server"))).toMatch(/ {2}proxy 2$/);
  });
});

/** Pace of a peer that a test is about; never a wait for something to happen. */
function pause(durationMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, durationMs));
}
