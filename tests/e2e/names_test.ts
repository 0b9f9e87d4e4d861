/** Names that change while the built program runs: slots that fill and empty, SRV records, names that fail, what survives. @module */
import { onTestFinished } from "vitest";
import { describe, expect, it } from "vitest";
import { DnsServer } from "../support/dns/dns_server.ts";
import { connect, expectIdle, keep, startHadro } from "../support/program/keep.ts";
import { httpServer, Peer, response, ScriptedServer } from "../support/program/peers.ts";
import type { Program } from "../support/program/program.ts";

const EVERY = ["--resolve-every", "100ms"];

async function startDns(): Promise<{ readonly dns: DnsServer; readonly flags: string[] }> {
  const dns = keep(await DnsServer.start());
  return { dns, flags: ["--nameserver", `127.0.0.1:${dns.port}`, "--timeout-resolve", "200ms", ...EVERY] };
}

/** Servers on one port of several addresses of this machine: what a name's addresses have in common. */
function serversOnOnePort(hosts: readonly string[]): { readonly port: number; readonly accepted: string[] } {
  const accepted: string[] = [];
  const first = keep(nameServer(hosts[0]!, 0, accepted));
  for (const host of hosts.slice(1)) keep(nameServer(host, first.port, accepted));
  return { port: first.port, accepted };
}

/** Answers with its host; `/slow` only when the client says more. */
function nameServer(host: string, port: number, accepted: string[]): { port: number; stop(): Promise<void> } {
  const listener = Deno.listen({ hostname: host, port });
  const peers = new Set<Peer>();
  const serve = async (peer: Peer) => {
    for (;;) {
      await peer.readUntil("\r\n\r\n");
      if (!peer.received.includes("\r\n\r\n")) return;
      peer.take();
      await peer.send(response(host));
    }
  };
  const accept = async () => {
    for await (const conn of listener) {
      const peer = new Peer(conn);
      peers.add(peer);
      accepted.push(host);
      serve(peer).catch(() => {}).finally(() => peer.close());
    }
  };
  const done = accept().catch(() => {});
  return {
    port: (listener.addr as Deno.NetAddr).port,
    stop: async () => {
      listener.close();
      for (const peer of peers) peer.close();
      await done;
    },
  };
}

async function get(port: number): Promise<string> {
  const client = await Peer.connect(port);
  await client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  const text = await client.readAll();
  client.close();
  return text.slice(text.indexOf("\r\n\r\n") + 4);
}

/** What so many requests are answered, each once, sorted. */
async function answers(port: number, count = 8): Promise<string[]> {
  const seen = new Set<string>();
  for (let i = 0; i < count; i++) seen.add(await get(port));
  return [...seen].sort();
}

/** Lines about names, without `hadro: `. */
function news(program: Program): string[] {
  return program.stderr.lines.filter((line) => /server app\/|name |members/.test(line)).map((line) =>
    line.slice(7)
  );
}

const HOSTS = ["127.0.0.2", "127.0.0.3", "127.0.0.4"];

describe.each([["one thread", []], ["two threads", ["--threads", "2"]]])(
  "a template, with %s",
  (_, threads) => {
    it("gives each address a slot, takes it away, and gives it back", async () => {
      const { dns, flags } = await startDns();
      const { port: appPort } = serversOnOnePort(HOSTS);
      dns.set("app.test A", ["127.0.0.2", "127.0.0.3"]);
      dns.set("app.test AAAA", []);
      const { program, port } = await startHadro("http", [`3*app.test:${appPort}`], ...flags, ...threads);
      await program.stderr.waitFor(/app\/app2 has/);
      expect(await answers(port)).toEqual(["127.0.0.2", "127.0.0.3"]);
      dns.set("app.test A", ["127.0.0.3", "127.0.0.4"]);
      await program.stderr.waitFor(/app\/app3 has/);
      await dns.asks(/ A$/, 2);
      expect(await answers(port)).toEqual(["127.0.0.3", "127.0.0.4"]);
      dns.set("app.test A", [...HOSTS]);
      await program.stderr.waitFor(/app\/app1 has/, 10_000, 1);
      await dns.asks(/ A$/, 2);
      expect(await answers(port)).toEqual(HOSTS);
      expect(news(program)).toEqual([
        `server app/app1 has 127.0.0.2:${appPort} of app.test, 1 of 3 slots taken`,
        `server app/app2 has 127.0.0.3:${appPort} of app.test, 2 of 3 slots taken`,
        `server app/app1 is MAINT: 127.0.0.2:${appPort} is gone from app.test, 1 of 3 slots taken`,
        `server app/app3 has 127.0.0.4:${appPort} of app.test, 2 of 3 slots taken`,
        `server app/app1 has 127.0.0.2:${appPort} of app.test, 3 of 3 slots taken`,
      ]);
      expect(await program.counters()).toMatchObject({ slotsTaken: 3, slotArrivals: 4, slotDepartures: 1 });
      program.signal("SIGTERM");
      expect(await program.exitCode()).toBe(0);
    });
  },
);

describe("an address that leaves", () => {
  it("loses its idle connections and nothing that is under way", async () => {
    const { dns, flags } = await startDns();
    const goOn = Promise.withResolvers<void>();
    const ended: string[] = [];
    const server = keep(
      new ScriptedServer(async (peer, index) => {
        for (;;) {
          await peer.readUntil("\r\n\r\n");
          if (!peer.received.includes("\r\n\r\n")) {
            ended.push(`connection ${index}`);
            return peer.close();
          }
          const head = peer.take();
          if (!head.startsWith("GET /slow")) {
            await peer.send(response("quick"));
            continue;
          }
          await peer.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfirst");
          await goOn.promise;
          await peer.send("-last");
        }
      }, "127.0.0.2"),
    );
    dns.set("app.test A", ["127.0.0.2"]);
    const { program, port } = await startHadro("http", [`2*app.test:${server.port}`], ...flags);
    await program.stderr.waitFor(/app\/app1 has/);
    const [slow, quick] = [await connect(port), await connect(port)];
    await slow.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
    await slow.readUntil("first");
    await quick.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    await quick.readUntil("quick");
    dns.set("app.test A", ["127.0.0.9"]);
    await program.stderr.waitFor(/app\/app2 has 127.0.0.9/);
    await program.countersWhen(() => ended.length === 1);
    expect(ended).toEqual(["connection 1"]);
    goOn.resolve();
    expect((await slow.readUntil("-last")).slice(-10)).toBe("first-last");
    const line = await program.log(1);
    expect(line).toMatchObject({
      server: "app1",
      server_addr: `127.0.0.2:${server.port}`,
      status: 200,
      term: "--",
    });
    // Its connection is not kept either: nothing new goes to an address that is gone.
    await program.countersWhen(() => ended.length === 2);
    await expectIdleServers(program);
  });

  it("lets a TCP session go on", async () => {
    const { dns, flags } = await startDns();
    const server = keep(
      new ScriptedServer(async (peer) => {
        for (let said = 0; !peer.isEnded; said = peer.received.length) {
          await peer.readBytes(said + 1);
          await peer.send(peer.received.slice(said));
        }
        peer.close();
      }, "127.0.0.2"),
    );
    dns.set("db.test A", ["127.0.0.2"]);
    const { program, port } = await startHadro("tcp", [`db.test:${server.port},slots=1`], ...flags);
    await program.stderr.waitFor(/app\/db1 has/);
    const client = await connect(port);
    await client.send("one");
    await client.readUntil("one");
    dns.set("db.test A", "NXDOMAIN");
    dns.set("db.test AAAA", "NXDOMAIN");
    await program.stderr.waitFor(/name db.test does not resolve \(NXDOMAIN\); what it had is kept for 30s$/);
    await client.send("two");
    await client.readUntil("onetwo");
    client.close();
    expect(await program.log()).toMatchObject({ server: "db1", term: "--" });
    await expectIdle(program);
  });
});

/** No connection of a server is open: what is left are hadro's listener and nothing else. */
async function expectIdleServers(program: Program): Promise<void> {
  const counters = await program.countersWhen((c) => c.fds === 1 + c.connections!);
  expect(counters.connections).toBe(2);
}

describe("a name that fails", () => {
  it.each(
    [
      ["SERVFAIL", "other", "SERVFAIL"],
      ["REFUSED", "refused", "REFUSED"],
      ["SILENCE", "timeout", "127.0.0.1 port \\d+ did not answer within 200 ms"],
      ["NXDOMAIN", "nx", "NXDOMAIN"],
    ] as const,
  )("by %s keeps its servers for hold %s, and no longer", async (zone, state, words) => {
    const { dns, flags } = await startDns();
    const { port: appPort } = serversOnOnePort(["127.0.0.2"]);
    dns.set("app.test A", ["127.0.0.2"]);
    const holds = ["--hold", `${state}=1500ms`, "--resolve-retries", "0"];
    const { program, port } = await startHadro("http", [`2*app.test:${appPort}`], ...flags, ...holds);
    await program.stderr.waitFor(/app\/app1 has/);
    const goodMs = performance.now();
    dns.set("app.test A", zone);
    dns.set("app.test AAAA", zone);
    await program.stderr.waitFor(
      new RegExp(`app.test does not resolve \\(${words}\\); what it had is kept for 1500ms$`),
    );
    expect(await get(port)).toBe("127.0.0.2");
    await program.stderr.waitFor(
      new RegExp(`server app/app1 is MAINT: app.test does not resolve \\(${words}\\), 0 of 2 slots taken$`),
    );
    expect(performance.now() - goodMs).toBeGreaterThan(1_300);
    await dns.asks(/ A$/);
    expect(await get(port)).toContain("503");
    expect((await program.log(1)).why).toMatch(
      new RegExp(
        `^no server of backend app can be used \\(2 slots without an address: app.test does not resolve \\(${words}\\)\\)$`,
      ),
    );
    dns.set("app.test A", ["127.0.0.2"]);
    await program.stderr.waitFor(/app\/app1 has/, 10_000, 1);
    await dns.asks(/ A$/, 2);
    expect(await get(port)).toBe("127.0.0.2");
  });

  it("at the start waits, and says so", async () => {
    const { dns, flags } = await startDns();
    const { port: appPort } = serversOnOnePort(["127.0.0.2"]);
    const { program, port } = await startHadro("http", [`2*app.test:${appPort}`], ...flags);
    await program.stderr.waitFor(/name app.test does not resolve \(NXDOMAIN\); its 2 slots wait/);
    expect(await get(port)).toContain("503");
    dns.set("app.test A", ["127.0.0.2"]);
    await program.stderr.waitFor(/app\/app1 has/);
    await dns.asks(/ A$/, 2);
    expect(await get(port)).toBe("127.0.0.2");
  });

  it("of an ordinary server goes DOWN after its hold, and UP again", async () => {
    const { dns, flags } = await startDns();
    const { port: appPort } = serversOnOnePort(["127.0.0.2", "127.0.0.3"]);
    dns.set("one.test A", ["127.0.0.2"]);
    const { program, port } = await startHadro("http", [`one.test:${appPort}`], ...flags, "--hold", "nx=0");
    await program.countersWhen((c) => c.nameQuestions! >= 4);
    expect(await get(port)).toBe("127.0.0.2");
    dns.set("one.test A", "NXDOMAIN");
    await program.stderr.waitFor(/server app\/s1 is DOWN: name one.test does not resolve \(NXDOMAIN\)$/);
    dns.set("one.test A", ["127.0.0.3"]);
    await program.stderr.waitFor(/server app\/s1 is UP$/);
    expect(await get(port)).toBe("127.0.0.3");
  });
});

describe("SRV records", () => {
  it("give ports, weights and priorities, and change them", async () => {
    const { dns, flags } = await startDns();
    const [one, two, spare] = ["one", "two", "spare"].map((name) => keep(httpServer(() => response(name))));
    dns.set("a.test A", ["127.0.0.1"]);
    dns.set("b.test A", ["127.0.0.1"]);
    const records = (weight: number) => [
      `10 30 ${one!.port} a.test`,
      `10 ${weight} ${two!.port} b.test`,
      `20 0 ${spare!.port} a.test`,
    ];
    dns.set("_http._tcp.app.test SRV", records(10));
    const { program, port } = await startHadro("http", ["4*srv://_http._tcp.app.test"], ...flags);
    await program.stderr.waitFor(/app\/app3 has/);
    const share = async () => {
      const seen: Record<string, number> = {};
      for (let i = 0; i < 20; i++) {
        const name = await get(port);
        seen[name] = (seen[name] ?? 0) + 1;
      }
      return seen;
    };
    expect(await share()).toEqual({ one: 15, two: 5 });
    dns.set("_http._tcp.app.test SRV", records(30));
    await program.stderr.waitFor(/server app\/app\d has weight 30 now, of _http._tcp.app.test/);
    expect(await share()).toEqual({ one: 10, two: 10 });
    dns.set("_http._tcp.app.test SRV", [records(1)[2]!]);
    await program.stderr.waitFor(/is MAINT/, 10_000, 1);
    await dns.asks(/SRV$/, 2);
    expect(await share()).toEqual({ spare: 20 });
    expect(await program.log()).toMatchObject({ server_addr: expect.stringMatching(/^127\.0\.0\.1:\d+$/) });
  });

  it("have the record's own name as Host where that is asked for, in checks too", async () => {
    const { dns, flags } = await startDns();
    const heads: string[] = [];
    const server = keep(httpServer((head) => {
      heads.push(/^(GET \S+)[^]*\r\nHost: (\S+)/i.exec(head)!.slice(1).join(" "));
      return response("ok");
    }));
    dns.set("web-1.test A", ["127.0.0.1"]);
    dns.sendsAlong = true;
    dns.set("_http._tcp.app.test SRV", [`1 1 ${server.port} web-1.test`]);
    const words = ["--host", "backend", "--check", "/health", "--inter", "200ms"];
    const { program, port } = await startHadro("http", ["srv://_http._tcp.app.test"], ...flags, ...words);
    await program.stderr.waitFor(/app\/app1 has/);
    await program.countersWhen((c) => c.checks! > 1);
    expect(await get(port)).toBe("ok");
    expect(new Set(heads)).toEqual(
      new Set([`GET /health web-1.test:${server.port}`, `GET / web-1.test:${server.port}`]),
    );
    // The addresses came along with the records.
    expect(dns.asked.filter((question) => !question.endsWith("SRV"))).toEqual([]);
  });
});

describe("health checks of slots", () => {
  it("begin with an address, end with it, and begin anew with another", async () => {
    const { dns, flags } = await startDns();
    const { port: appPort, accepted } = serversOnOnePort(["127.0.0.2"]);
    dns.set("app.test A", ["127.0.0.3"]);
    const checks = ["--check", "tcp", "--inter", "100ms", "--fall", "2", "--rise", "1"];
    const { program, port } = await startHadro("http", [`1*app.test:${appPort}`], ...flags, ...checks);
    await program.stderr.waitFor(
      /server app\/app1 is DOWN: connection refused \(ECONNREFUSED\), \d checks? failed; 0 of 1 servers left$/,
    );
    dns.set("app.test A", ["127.0.0.2"]);
    await program.stderr.waitFor(/app\/app1 has 127.0.0.2/);
    await dns.asks(/ A$/, 2);
    // Another server: it is up until a check says otherwise.
    expect(await get(port)).toBe("127.0.0.2");
    dns.set("app.test A", []);
    dns.set("app.test AAAA", ["::1"]);
    await program.countersWhen((c) => c.checks! > 3);
    dns.set("app.test AAAA", "NXDOMAIN");
    expect(accepted.length).toBeGreaterThan(1);
  });

  it("stop while a slot is vacant", async () => {
    const { dns, flags } = await startDns();
    const { port: appPort } = serversOnOnePort(["127.0.0.2"]);
    dns.set("app.test A", ["127.0.0.2"]);
    const checks = ["--check", "tcp", "--inter", "100ms", "--hold", "nx=0"];
    const { program } = await startHadro("http", [`2*app.test:${appPort}`], ...flags, ...checks);
    await program.countersWhen((c) => c.checks! > 2);
    dns.set("app.test A", "NXDOMAIN");
    await program.stderr.waitFor(/app1 is MAINT/);
    await dns.asks(/ A$/, 2);
    const { checks: before } = await program.counters();
    await dns.asks(/ A$/, 4);
    expect((await program.counters()).checks).toBe(before);
    expect(news(program).filter((line) => line.includes("DOWN"))).toEqual([]);
  });
});

describe("a template with more addresses than slots", () => {
  it("lets the rest wait until a slot is vacant", async () => {
    const { dns, flags } = await startDns();
    const { port: appPort } = serversOnOnePort(HOSTS);
    dns.set("app.test A", [...HOSTS]);
    const { program, port } = await startHadro("http", [`2*app.test:${appPort}`], ...flags);
    await program.stderr.waitFor(/app.test has 3 members for 2 slots of app: 1 have none/);
    expect(await answers(port)).toEqual(["127.0.0.2", "127.0.0.3"]);
    dns.set("app.test A", ["127.0.0.3", "127.0.0.4"]);
    await program.stderr.waitFor(/server app\/app1 has 127.0.0.4/);
    await program.stderr.waitFor(/app.test has 2 members for 2 slots of app: all have one/);
    await dns.asks(/ A$/, 2);
    expect(await answers(port)).toEqual(["127.0.0.3", "127.0.0.4"]);
  });
});

describe("resolve-prefer", () => {
  it("takes the other family only where there is none of this one", async () => {
    const { dns, flags } = await startDns();
    dns.set("app.test A", ["127.0.0.2"]);
    dns.set("app.test AAAA", ["::1"]);
    const { program } = await startHadro("http", ["2*app.test:9,resolve-prefer=ipv6"], ...flags);
    await program.stderr.waitFor(/app\/app1 has \[::1\]:9 of app.test, 1 of 2/);
    dns.set("app.test AAAA", []);
    onTestFinished(() => {});
    expect(news(program)).toHaveLength(1);
  });
});
