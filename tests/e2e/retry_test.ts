/** `--retry-on`: what servers get that are asked again, what the client gets, and the log line. @module */
import { describe, expect, it } from "vitest";
import { connect, expectIdle, keep, startHadro } from "../support/program/keep.ts";
import { httpServer, refusedPort, response, ScriptedServer } from "../support/program/peers.ts";
import { ResetPeer, ResetServer } from "../support/program/reset_peer.ts";

const GET = "GET /x HTTP/1.1\r\nHost: app.test\r\n\r\n";
const ADDED = "X-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: app.test\r\n";
/** GET as a server gets it. */
const ASKED = `GET /x HTTP/1.1\r\nHost: app.test\r\n${ADDED}\r\n`;
const BUSY = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 4\r\n\r\nbusy";

/** Reads a request's head, says something, and closes unless it `stays`. */
function failingServer(words: string, stays = false): ScriptedServer {
  return keep(
    new ScriptedServer(async (peer) => {
      await peer.readUntil("\r\n\r\n");
      await peer.send(words);
      if (stays) await peer.readAll();
      peer.close();
    }),
  );
}

/** Reads until `end`, then answers ok. */
function goodServer(end = "\r\n\r\n"): ScriptedServer {
  return keep(
    new ScriptedServer(async (peer) => {
      await peer.readUntil(end);
      await peer.send(response("ok"));
    }),
  );
}

async function ask(port: number, request = GET): Promise<string> {
  const client = await connect(port);
  await client.send(request);
  await client.readUntil("\r\n\r\n");
  const length = Number(/content-length: (\d+)/i.exec(client.received)?.[1] ?? 0);
  await client.readBytes(client.received.indexOf("\r\n\r\n") + 4 + length);
  client.close();
  return client.received;
}

const received = (server: ScriptedServer) => server.peers.map((peer) => peer.received);

describe("an event of --retry-on", () => {
  it.each<[string, string, boolean, string]>(
    [
      ["empty-response", "", false, "auto"],
      ["junk-response", "SSH-2.0-OpenSSH_9.6\r\n\r\n", false, "auto"],
      ["junk-response", "HTTP/1.1 200 OK\r\nContent-Len", false, "auto"],
      ["response-timeout", "", true, "auto"],
      ["503", BUSY, true, "auto"],
      ["conn-failure+all-retryable-errors", BUSY, true, "auto"],
      ["conn-failure 500 503", BUSY, true, "auto"],
      ["empty-response", "", false, "deno"],
      ["503", BUSY, true, "deno"],
    ],
  )(
    "%s: the next server gets the same request, and the client its answer alone (%j %s, poller %s)",
    async (events, words, stays, poller) => {
      const [bad, good] = [failingServer(words, stays), goodServer()];
      const flags = [
        "--retry-on",
        events,
        "--timeout-server",
        "300ms",
        "--unique-id",
        "X-Request-ID",
        "--poller",
        poller,
      ];
      const { program, port } = await startHadro("http", [bad.port, good.port], ...flags);
      expect(await ask(port)).toBe(response("ok"));
      const line = await program.log();
      expect(line).toMatchObject({
        status: 200,
        server: "s2",
        server_addr: `127.0.0.1:${good.port}`,
        retries: 1,
        redispatched: true,
        term: "--",
        why: null,
        bytes_in: GET.length,
        bytes_out: response("ok").length,
      });
      // The same id, and everything else made once for each.
      const asked = ASKED.replace(/\r\n$/, `X-Request-ID: ${line.unique_id}\r\n\r\n`);
      expect([received(bad), received(good)]).toEqual([[asked], [asked]]);
      await expectIdle(program);
    },
  );

  it("has the + of a redispatch in HAProxy's line", async () => {
    const [bad, good] = [failingServer(""), goodServer()];
    const flags = ["--retry-on", "empty-response", "--log", "haproxy"];
    const { program, port } = await startHadro("http", [bad.port, good.port], ...flags);
    await ask(port);
    expect(await program.stdout.waitFor(/./)).toMatch(
      / fe app\/s2 \d+\/0\/\d+\/\d+\/\d+ 200 \d+ - - ---- 1\/1\/1\/1\/\+1 0\/0 "GET \/x HTTP\/1\.1"$/,
    );
  });

  it("that is not listed fails the request: conn-failure alone by default", async () => {
    const [bad, good] = [failingServer(""), goodServer()];
    const { program, port } = await startHadro("http", [bad.port, good.port]);
    expect(await ask(port)).toContain("HTTP/1.1 502 ");
    expect(await program.log()).toMatchObject({ status: 502, term: "SH", server: "s1", retries: 0 });
    expect(good.peers.length).toBe(0);
  });

  it.each(["none", "503"])(
    "without conn-failure (%s) a failed connect is not tried again",
    async (events) => {
      const good = goodServer();
      const { program, port } = await startHadro("http", [refusedPort(), good.port], "--retry-on", events);
      expect(await ask(port)).toContain("HTTP/1.1 503 ");
      expect(await program.log()).toMatchObject({ status: 503, term: "SC", retries: 0 });
      expect(await ask(port)).toBe(response("ok"));
    },
  );

  it("is a backend's own", async () => {
    const [bad, good] = [failingServer(""), goodServer()];
    const words = [`127.0.0.1:${bad.port},retry-on=empty-response`, `127.0.0.1:${good.port}`];
    const { port } = await startHadro("http", words, "--retry-on", "none");
    expect(await ask(port)).toBe(response("ok"));
  });
});

describe("attempts", () => {
  it("count together with those of connects; the last failure is the client's", async () => {
    const bads = [failingServer(BUSY, true), failingServer(BUSY, true)];
    const words = [refusedPort(), ...bads.map(({ port }) => port)];
    const flags = ["--retry-on", "conn-failure+503", "--retries", "2"];
    const { program, port } = await startHadro("http", words, ...flags);
    expect(await ask(port)).toBe(BUSY);
    expect(await program.log()).toMatchObject({
      status: 503,
      term: "--",
      server: "s3",
      retries: 2,
      why: null,
    });
    expect(bads.map(received)).toEqual([[ASKED], [ASKED]]);
  });

  it("leave nothing in the line of the one that a refused connect ended", async () => {
    const flags = ["--retry-on", "conn-failure+503", "--retries", "1"];
    const { program, port } = await startHadro(
      "http",
      [failingServer(BUSY, true).port, refusedPort()],
      ...flags,
    );
    expect(await ask(port)).toMatch(/^HTTP\/1\.1 503 [^]*No server is available/);
    const nothing = { t_conn_ms: null, t_resp_ms: null, t_data_ms: null };
    expect(await program.log()).toMatchObject({
      status: 503,
      term: "SC",
      server: "s2",
      retries: 1,
      ...nothing,
    });
  });

  it("end with the reason of the last one", async () => {
    const bad = failingServer("");
    const flags = ["--retry-on", "empty-response", "--retries", "1", "--timeout-connect", "100ms"];
    const { program, port } = await startHadro("http", [bad.port], ...flags);
    expect(await ask(port)).toContain("HTTP/1.1 502 ");
    expect(await program.log()).toMatchObject({
      status: 502,
      term: "SH",
      server: "s1",
      retries: 1,
      redispatched: false,
      why: "the server closed before a complete response head",
    });
    expect(received(bad)).toEqual([ASKED, ASKED]);
  });

  it("stop when the budget is spent, and the line says so", async () => {
    const bad = failingServer("");
    const flags = ["--retry-on", "empty-response+503", "--retry-budget", "0%+0/s"];
    const { program, port } = await startHadro("http", [bad.port], ...flags);
    expect(await ask(port)).toContain("HTTP/1.1 502 ");
    const spent = "not tried again: the retry budget of backend app is spent";
    expect(await program.log()).toMatchObject({
      status: 502,
      retries: 0,
      why: `the server closed before a complete response head; ${spent}`,
    });
    const busy = failingServer(BUSY, true);
    const other = await startHadro("http", [busy.port], ...flags);
    expect(await ask(other.port)).toBe(BUSY);
    expect(await other.program.log()).toMatchObject({ status: 503, term: "--", retries: 0, why: spent });
  });

  it("stay in the budget: 20% of the requests and three a second, of a hundred that fail", async () => {
    const server = keep(httpServer(() => BUSY));
    const { program, port } = await startHadro(
      "http",
      [server.port, server.port],
      "--retry-on",
      "503",
      "--retries",
      "1",
    );
    const client = await connect(port);
    for (let i = 0; i < 100; i++) {
      await client.send(GET);
      expect(await client.readUntil("busy")).toBe(BUSY);
      client.take();
    }
    await program.stdout.waitFor(/^\{/, undefined, 99);
    const lines = program.stdout.lines.map((line) => JSON.parse(line) as { retries: number });
    const retries = lines.reduce((sum, line) => sum + line.retries, 0);
    expect(retries).toBeGreaterThan(30);
    expect(retries).toBeLessThanOrEqual(50);
  });

  it.each([
    ["503", BUSY, true, "status 503"],
    ["empty-response", "", false, "a connection that ended without an answer"],
  ])(
    "each count with who observes (%s): a server is ejected though no client saw an error",
    async (...row) => {
      const [event, words, stays, reason] = row;
      const [bad, good] = [failingServer(words, stays), keep(httpServer(() => response("ok")))];
      const flags = ["--retry-on", event, "--eject", "10s", "--error-limit", "2"];
      const { program, port } = await startHadro("http", [bad.port, good.port], ...flags);
      for (let i = 0; i < 4; i++) expect(await ask(port)).toBe(response("ok"));
      expect(await program.stderr.waitFor(/EJECTED/)).toBe(
        `hadro: server app/s1 is EJECTED for 10000 ms: 2 errors in a row, the last one ${reason}; 1 of 2 servers left`,
      );
    },
  );

  it("end with a client that resets between two of them", async () => {
    const bad = failingServer("");
    const flags = ["--retry-on", "empty-response", "--timeout-connect", "5s"];
    const { program, port } = await startHadro("http", [bad.port], ...flags);
    const client = await ResetPeer.connect(port);
    client.send(GET);
    // Closed by the server; hadro waits for a second before it asks the same one again.
    await program.countersWhen((c) => c.connects === 1 && c.fds <= 2 && c.buffersInUse === 1);
    client.reset();
    expect(await program.log()).toMatchObject({ status: null, term: "CC", retries: 1 });
    expect(bad.peers.length).toBe(1);
    await expectIdle(program);
  });
});

describe("a server that resets", () => {
  it("has sent an empty response", async () => {
    const bad = keep(
      await ResetServer.start(async (peer) => {
        await peer.readUntil("\r\n\r\n");
        peer.reset();
      }),
    );
    const { program, port } = await startHadro(
      "http",
      [bad.port, goodServer().port],
      "--retry-on",
      "empty-response",
    );
    expect(await ask(port)).toBe(response("ok"));
    expect(await program.log()).toMatchObject({ status: 200, server: "s2", retries: 1 });
  });
});
