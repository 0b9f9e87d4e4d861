/** SRV records in the built program, and the health of slots. @module */
import { describe, expect, it } from "vitest";
import { get, news, serversOnOnePort, startDns } from "../support/dns/named_servers.ts";
import { keep, startHadro } from "../support/program/keep.ts";
import { httpServer, response } from "../support/program/peers.ts";

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

describe.each([["one thread", "1"], ["two threads", "2"]])(
  "health checks of slots, with %s",
  (_, threads) => {
    it("begin with an address, end with it, and begin anew with another", async () => {
      const { dns, flags } = await startDns();
      const { port: appPort, accepted } = serversOnOnePort(["127.0.0.2"]);
      dns.set("app.test A", ["127.0.0.3"]);
      const checks = [
        "--check",
        "tcp",
        "--inter",
        "100ms",
        "--fall",
        "2",
        "--rise",
        "1",
        "--threads",
        threads,
      ];
      const { program, port } = await startHadro("http", [`1*app.test:${appPort}`], ...flags, ...checks);
      await program.stderr.waitFor(
        /server app\/app1 is DOWN: connection refused \(ECONNREFUSED\), \d checks? failed; 0 of 1 servers left$/,
      );
      dns.set("app.test A", ["127.0.0.2"]);
      await program.stderr.waitFor(/app\/app1 has 127.0.0.2/);
      await dns.asks(/ A$/, 2);
      // Another server: it is up until a check says otherwise.
      expect(await get(port)).toBe("127.0.0.2");
      await program.countersWhen(() => accepted.length > 3);
      expect(news(program).map((line) => line.replace(/, \d checks? failed/, ""))).toEqual([
        `server app/app1 has 127.0.0.3:${appPort} of app.test, 1 of 1 slots taken`,
        "server app/app1 is DOWN: connection refused (ECONNREFUSED); 0 of 1 servers left",
        `server app/app1 is MAINT: 127.0.0.3:${appPort} is gone from app.test, 0 of 1 slots taken`,
        `server app/app1 has 127.0.0.2:${appPort} of app.test, 1 of 1 slots taken`,
      ]);
    });

    it("stop while a slot is vacant", async () => {
      const { dns, flags } = await startDns();
      const { port: appPort } = serversOnOnePort(["127.0.0.2"]);
      dns.set("app.test A", ["127.0.0.2"]);
      const checks = ["--check", "tcp", "--inter", "100ms", "--hold", "nx=0", "--threads", threads];
      const { program } = await startHadro("http", [`2*app.test:${appPort}`], ...flags, ...checks);
      await program.countersWhen((c) => c.checks! > 2);
      dns.set("app.test A", "NXDOMAIN");
      await program.stderr.waitFor(/app1 is MAINT/);
      await dns.asks(/ A$/, 2);
      // A thread hears of it a little later; a check that had begun is over by then.
      await dns.asks(/ A$/, 2);
      const { checks: before } = await program.counters();
      await dns.asks(/ A$/, 4);
      expect((await program.counters()).checks).toBe(before);
      expect(news(program).filter((line) => line.includes("DOWN"))).toEqual([]);
    });
  },
);
