/** Names that change while the built program runs: slots that fill and empty, and what survives. @module */
import { describe, expect, it } from "vitest";
import { answers, news, serversOnOnePort, startDns } from "../support/dns/named_servers.ts";
import { connect, expectIdle, keep, startHadro } from "../support/program/keep.ts";
import { response, ScriptedServer } from "../support/program/peers.ts";
import type { Program } from "../support/program/program.ts";

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
      await dns.asks(/ A$/, 2);
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
    expect(news(program)).toHaveLength(1);
  });
});
