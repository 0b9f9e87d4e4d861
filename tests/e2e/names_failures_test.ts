/** Names that fail in the built program: what is held, for how long, and what people are told. @module */
import { describe, expect, it } from "vitest";
import { get, serversOnOnePort, startDns } from "../support/dns/named_servers.ts";
import { startHadro } from "../support/program/keep.ts";

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
