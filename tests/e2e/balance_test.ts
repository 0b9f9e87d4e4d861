/** `--lb`: which server gets a request or a connection, seen from servers and in the log. @module */
import { describe, expect, it } from "vitest";
import { Prng } from "../../src/base/prng.ts";
import { ConsistentHash } from "../../src/proxy/balance/consistent_hash.ts";
import { HASH_START, hashBytes, keyOf } from "../../src/proxy/balance/hash_key.ts";
import { connect, keep, startHadro } from "../support/program/keep.ts";
import { httpServer, type Peer, response, ScriptedServer } from "../support/program/peers.ts";
import type { Program } from "../support/program/program.ts";
import { runToEnd } from "../support/program/run_to_end.ts";

/** A target, and field lines. */
type Request = readonly [target: string, fields?: string];

const SERVERS = 3;
const PATHS = Array.from({ length: 12 }, (_, i) => `/user/${i}`);

/** Servers that answer their name: s1, s2, … */
function startServers(count = SERVERS): ScriptedServer[] {
  return Array.from({ length: count }, (_, i) => keep(httpServer(() => response(`s${i + 1}.`))));
}

async function start(...flags: string[]) {
  const servers = startServers();
  const { program, port } = await startHadro("http", servers.map((server) => server.port), ...flags);
  return { servers, program, port };
}

/** Sends a request and returns who answered. */
async function ask(client: Peer, target: string, fields = ""): Promise<string> {
  client.take();
  await client.send(`GET ${target} HTTP/1.1\r\nHost: a.test\r\n${fields}\r\n`);
  const answer = await client.readBytes(response("s1.").length);
  expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  return /\r\n\r\n(s\d)\.$/.exec(answer)![1]!;
}

/** Who answered, and that the log says the same. */
async function askAll(
  port: number,
  program: Program,
  requests: readonly Request[],
): Promise<string[]> {
  const client = await connect(port);
  const begin = program.stdout.lines.length;
  const answers: string[] = [];
  for (const [target, fields] of requests) answers.push(await ask(client, target, fields));
  for (const [i, answer] of answers.entries()) {
    expect(await program.log(begin + i)).toMatchObject({
      server: answer,
      status: 200,
      term: "--",
      retries: 0,
    });
  }
  return answers;
}

/** Whom the program must choose for what is hashed: it depends on the addresses alone. */
function expected(servers: readonly ScriptedServer[], hashed: readonly string[]): string[] {
  const candidates = servers.map(({ port }) => ({
    weight: 1,
    wholeWeight: 1,
    backupRank: 0,
    isBackup: false,
    usable: true,
    currentConns: 0,
    isFull: false,
    isPatient: false,
    hashName: `127.0.0.1:${port}`,
  }));
  const view = { prng: new Prng(1), nowMs: 0, servedConns: 0, thread: 0, threadCount: 1 };
  const balancer = new ConsistentHash(candidates, 0, view);
  return hashed.map((text) => {
    const bytes = new TextEncoder().encode(text);
    return `s${balancer.choose(null, keyOf(hashBytes(HASH_START, bytes, 0, bytes.length))) + 1}`;
  });
}

/** The value of --lb, a request with a key, and what of it is hashed. */
const HASHING: readonly (readonly [
  lb: string,
  requestOf: (key: string) => Request,
  hashedOf: (key: string) => string,
])[] = [
  ["uri", (key: string) => [key], (key: string) => key],
  [
    "uri:len=6:depth=1",
    (key: string) => [`${key.replace("/user/", "/u")}/x`],
    (key: string) => key.replace("/user/", "/u"),
  ],
  ["uri:whole", (key: string) => [`/a?${key}`], (key: string) => `/a?${key}`],
  ["hdr:x-user", (key: string) => ["/", `X-User: ${key}\r\n`], (key: string) => key],
  ["hdr(X-User)", (key: string) => ["/", `x-user: ${key}, b\r\n`], (key: string) => key],
  ["cookie:sid", (key: string) => ["/", `Cookie: a=b; sid=${key}\r\n`], (key: string) => key],
  ["url_param:id", (key: string) => [`/?x=1&id=${key}`], (key: string) => key],
];

describe.each(HASHING)("--lb %s", (lb, requestOf, hashedOf) => {
  it("sends equal keys to the same server, in every hadro, whoever the client is", async () => {
    const { servers, program, port } = await start("--lb", lb);
    const answers = await askAll(port, program, PATHS.map(requestOf));
    expect(answers).toEqual(expected(servers, PATHS.map(hashedOf)));
    expect(new Set(answers).size).toBeGreaterThan(1);
    expect(await askAll(port, program, PATHS.map(requestOf))).toEqual(answers);
    // In another order and in threads, under the names of their places then.
    const backends = servers.map((server, i) => `127.0.0.1:${server.port},name=s${i + 1}`).reverse();
    const other = await startHadro("http", backends, "--lb", lb, "--threads", "2");
    expect(await askAll(other.port, other.program, PATHS.map(requestOf))).toEqual(answers);
  });
});

describe("a request without a key", () => {
  it.each(["hdr:x-user", "cookie:sid", "url_param:id"])("is the next server's in turn: %s", async (lb) => {
    const { program, port } = await start("--lb", lb);
    const answers = await askAll(port, program, Array.from({ length: 6 }, (): Request => ["/id=1"]));
    expect(answers).toEqual(["s1", "s2", "s3", "s1", "s2", "s3"]);
  });
});

describe("--lb source", () => {
  it("keeps a client's address at one server, over all of its connections", async () => {
    const { program, port } = await start("--lb", "source");
    const names = new Set<string>();
    for (let i = 0; i < 6; i++) for (const name of await askAll(port, program, [["/"]])) names.add(name);
    expect(names.size).toBe(1);
  });

  it("does so for tcp", async () => {
    const servers = Array.from(
      { length: SERVERS },
      (_, i) => keep(new ScriptedServer((peer) => peer.send(`s${i + 1}.`))),
    );
    const { port } = await startHadro("tcp", servers.map((server) => server.port), "--lb", "source");
    const names = new Set<string>();
    for (let i = 0; i < 6; i++) names.add(await (await connect(port)).readUntil("."));
    expect(names.size).toBe(1);
  });
});

describe("a server that refuses", () => {
  it("hands its keys to others, always the same ones; no other key moves", async () => {
    const servers = Array.from({ length: SERVERS }, (_, i) => httpServer(() => response(`s${i + 1}.`)));
    const words = servers.map((server) => server.port);
    const { program, port } = await startHadro("http", words, "--lb", "uri", "--http-reuse", "never");
    const before = await askAll(port, program, PATHS.map((path): Request => [path]));
    const gone = Number(before[0]![1]) - 1;
    await servers[gone]!.stop();
    for (const server of servers.filter((_, i) => i !== gone)) keep(server);
    const client = await connect(port);
    const askEach = async () => {
      const answers: string[] = [];
      for (const path of PATHS) answers.push(await ask(client, path));
      return answers;
    };
    const after = await askEach();
    expect(after).not.toContain(`s${gone + 1}`);
    expect(after.filter((_, i) => before[i] !== `s${gone + 1}`)).toEqual(
      before.filter((name) => name !== `s${gone + 1}`),
    );
    expect(await askEach()).toEqual(after);
    expect(await program.log(PATHS.length)).toMatchObject({
      server: after[0],
      redispatched: true,
      retries: 1,
      term: "--",
    });
  });
});

describe("--hash-balance-factor", () => {
  it("sends what is too much for the key's server elsewhere, and no more", async () => {
    const mayAnswer = Promise.withResolvers<void>();
    const counts = [0, 0, 0];
    const servers = counts.map((_, i) =>
      keep(
        new ScriptedServer(async (peer) => {
          await peer.readUntil("\r\n\r\n");
          counts[i]!++;
          await mayAnswer.promise;
          await peer.send(response(`s${i + 1}.`));
        }),
      )
    );
    keep({ stop: () => mayAnswer.resolve() });
    const words = servers.map((server) => server.port);
    const { program, port } = await startHadro("http", words, "--lb", "uri", "--hash-balance-factor", "150");
    const [home] = expected(servers, ["/hot"]);
    for (let i = 1; i <= 12; i++) {
      await (await connect(port)).send("GET /hot HTTP/1.1\r\nHost: a.test\r\n\r\n");
      await program.countersWhen((c) => c.connects === i);
      while (counts.reduce((a, b) => a + b) < i) await program.counters();
    }
    // 150 % of a third of 12.
    expect(counts[Number(home![1]) - 1]).toBe(6);
    expect(Math.max(...counts)).toBe(6);
  });
});

describe("--lb least-time", () => {
  it("prefers the server that answers sooner", async () => {
    const slow = keep(
      new ScriptedServer(async (peer) => {
        for (;;) {
          await peer.readUntil("\r\n\r\n");
          if (peer.isEnded) return peer.close();
          peer.take();
          await new Promise((resolve) => setTimeout(resolve, 60));
          await peer.send(response("s1."));
        }
      }),
    );
    const fast = keep(httpServer(() => response("s2.")));
    const { program, port } = await startHadro("http", [slow.port, fast.port], "--lb", "least-time");
    const answers = await askAll(port, program, Array.from({ length: 20 }, (): Request => ["/"]));
    expect(answers.slice(0, 2).sort()).toEqual(["s1", "s2"]);
    expect(answers.slice(2)).toEqual(new Array(18).fill("s2"));
  });
});

describe("two threads", () => {
  /** Holds connections that say nothing, and counts them. */
  async function holdOn(lb: string, clientCount: number): Promise<number[]> {
    const servers = Array.from(
      { length: 4 },
      () => keep(new ScriptedServer(async (peer) => void await peer.readAll())),
    );
    const words = servers.map((server) => server.port);
    const { program, port } = await startHadro("tcp", words, "--lb", lb, "--threads", "2");
    for (let i = 0; i < clientCount; i++) {
      await (await connect(port)).send("x");
      await program.countersWhen((c) => c.connects === i + 1);
    }
    return servers.map(({ peers }) => peers.length);
  }

  it("leastconn looks at the connections of both: the shares are as even as with one", async () => {
    expect(await holdOn("leastconn", 24)).toEqual([6, 6, 6, 6]);
  });

  it("roundrobin goes round in each, beginning elsewhere: no share is off by more than one a thread", async () => {
    const shares = await holdOn("roundrobin", 24);
    for (const share of shares) expect(Math.abs(share - 6)).toBeLessThanOrEqual(1);
  });
});

describe("--lb in words", () => {
  it("is printed as it pastes", async () => {
    const { stdout } = await runToEnd([
      ...["-l", "http://127.0.0.1:8080", "-b", ":9", "-r", "/a=:9,lb=uri:depth=2,hash-balance-factor=125"],
      ...["--lb", "hdr(X-User)", "-l", "tcp://:9001", "-b", ":9,lb=least-time", "--dry-run"],
    ]);
    expect(stdout.filter((line) => line.startsWith("backend")).map((line) => line.split("  retries")[0]))
      .toEqual([
        "backend  app  hdr:x-user",
        "backend  app2  uri:depth=2",
        "backend  app3  least-time",
      ]);
    expect(stdout.find((line) => line.includes("app2  uri"))).toContain("  hash-balance-factor 125  ");
  });

  it("is refused at the start where tcp has nothing to hash", async () => {
    const args = ["-l", "tcp://:5432", "-b", ":9,lb=uri:len=4"];
    expect(await runToEnd(args)).toEqual({
      code: 2,
      stdout: [],
      stderr: [
        'hadro: Cannot use lb "uri:len=4": a tcp backend sees no request to hash; known for tcp: roundrobin, leastconn, random, first, least-time, source',
        "  -b :9,lb=uri:len=4",
        "           ^",
      ],
    });
  });
});
