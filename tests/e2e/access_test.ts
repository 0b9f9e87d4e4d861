/** `--allow` and `--deny` of the built program: bytes and log lines. @module */
import { describe, expect, it } from "vitest";
import { connect, expectIdle, keep, startHadro } from "../support/program/keep.ts";
import { httpServer, refusedConnection, response } from "../support/program/peers.ts";
import { Program } from "../support/program/program.ts";

const GET = "GET /x HTTP/1.1\r\nHost: a\r\n\r\n";
const FORBIDDEN = "HTTP/1.1 403 Forbidden\r\ncontent-length: 53\r\ncache-control: no-cache\r\n" +
  "content-type: text/plain\r\nconnection: close\r\n\r\n403 Forbidden\nThis client may not use this listener.\n";

describe.each([["epoll"], ["deno"]])("with poller %s", (poller) => {
  it("http: a denied client is answered 403, logged PR, and no server hears of it", async () => {
    const server = keep(httpServer(() => response("never")));
    const { program, port } = await startHadro(
      "http",
      [server.port],
      ...["--deny", "127.0.0.0/8", "--allow", "127.0.0.1", "--poller", poller],
    );
    const peer = await connect(port);
    await peer.send(GET + GET);
    expect(await peer.readAll()).toBe(FORBIDDEN);
    expect(await program.log()).toMatchObject({
      ...{ client: "127.0.0.1", frontend: "fe", backend: null, server: null, uri: "/x", status: 403 },
      ...{ term: "PR", why: "deny 127.0.0.0/8 holds 127.0.0.1", conns_frontend: 1 },
    });
    expect(server.peers.length).toBe(0);
    await expectIdle(program);
    expect(await program.counters()).toMatchObject({ deniedRequests: 1, deniedConnections: 0 });
  });

  it("tcp: a client that no allow range holds is reset, with a log line; others are served", async () => {
    const server = keep(httpServer(() => response("hello")));
    const listen = (name: string, allow: string) => `tcp://127.0.0.1:0,name=${name},allow=${allow}`;
    const backend = `127.0.0.1:${server.port}`;
    const program = keep(
      await Program.start([
        ...["-l", listen("closed", "10.0.0.0/8+::1"), "-b", backend],
        ...["-l", listen("open", "127.0.0.1"), "-b", backend, "--log", "json", "--poller", poller],
      ]),
    );
    expect(await refusedConnection(program.port("closed"))).toBe("ConnectionReset");
    const line = await program.log();
    expect(line).toMatchObject({
      ...{ scheme: "tcp", client: "127.0.0.1", frontend: "closed", backend: null, server: null },
      ...{ bytes_in: 0, bytes_out: 0, term: "PR", why: "no allow range holds 127.0.0.1", conns_process: 0 },
    });
    expect(Object.keys(line)).not.toContain("status");
    const other = await connect(program.port("open"));
    await other.send(GET);
    expect(await other.readUntil("hello")).toBe(response("hello"));
    other.close();
    await expectIdle(program);
    expect(await program.counters()).toMatchObject({ deniedConnections: 1, deniedRequests: 0, accepts: 1 });
  });

  it("tcp: many denied clients in a row leave nothing", async () => {
    const { program, port } = await startHadro(
      "tcp",
      [9],
      ...["--deny", "127.0.0.1", "--maxconn", "4", "--poller", poller],
    );
    const ends = await Promise.all(Array.from({ length: 40 }, () => refusedConnection(port)));
    expect(new Set(ends)).toEqual(new Set(["ConnectionReset"]));
    await program.log(39);
    await expectIdle(program);
    expect(await program.counters()).toMatchObject({ deniedConnections: 40, connections: 0 });
  });
});

it("--dry-run says who may connect", async () => {
  const program = keep(
    Program.spawn(["-l", ":1", "-b", ":2", "--allow", "10.0.0.0/8", "--deny", "fd00::/8", "--dry-run"]),
  );
  expect(await program.exitCode()).toBe(0);
  await program.stdout.ended;
  expect(program.stdout.lines[0]).toContain("allow 10.0.0.0/8  deny fd00::/8");
});
