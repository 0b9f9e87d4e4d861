/** Names to addresses: what is known at once, when a name is looked up again, and what a failure changes. @module */
import { afterEach, describe, expect, it } from "vitest";
import type { Endpoint } from "../../../src/config/model.ts";
import type { ResolveConfig } from "../../../src/config/model_names.ts";
import { QUESTIONS_MAX } from "../../../src/net/ask_queue.ts";
import { addressAnswer, failedAnswer, type NameAnswer } from "../../../src/net/name_answer.ts";
import type { NameQuestion } from "../../../src/net/name_source.ts";
import { NameResolver } from "../../../src/net/resolver.ts";

const INTERVAL_MS = 10_000;
const CONFIG: ResolveConfig = {
  everyMs: INTERVAL_MS,
  hold: { obsoleteMs: 0, nxMs: 30_000, refusedMs: 30_000, timeoutMs: 30_000, otherMs: 30_000 },
  retries: 3,
  timeoutMs: 1_000,
  nameServers: [],
};

function tcp(host: string, port = 80): Endpoint {
  return { kind: "tcp", host, port, path: "" };
}

function server(endpoint: Endpoint): NameQuestion {
  return { kind: "server", endpoint, prefer: "ipv4" };
}

/** A resolver whose lookups and timers the test answers by hand; it notes what a watcher is told. */
class Bench {
  /** Every lookup asked for, in order. */
  readonly asked: { readonly name: string; readonly done: (answer: NameAnswer) => void }[] = [];
  readonly timers = new Set<{ readonly delayMs: number; readonly run: () => void }>();
  /** What watchers were told: addresses with commas, or the reason that there are none. */
  readonly told: string[] = [];
  readonly reports: string[] = [];
  nowMs = 0;
  readonly resolver = new NameResolver({
    config: CONFIG,
    report: (message) => this.reports.push(message),
    nowMs: () => this.nowMs,
    ask: (name, _type, done) => this.asked.push({ name, done }),
    schedule: (delayMs, run) => {
      const timer = { delayMs, run };
      this.timers.add(timer);
      return () => this.timers.delete(timer);
    },
  });

  watch(endpoint: Endpoint): void {
    this.resolver.watch(server(endpoint), ({ addresses, reason }) => {
      const texts = addresses.map((one) => one.kind === "tcp" ? `${one.host} ${one.port}` : one.path);
      this.told.push(addresses.length === 0 ? reason : texts.join(", "));
    });
  }

  /** Answers the last lookup; an Error is a name that does not exist. */
  answer(found: readonly string[] | Error): void {
    this.asked.at(-1)!.done(
      found instanceof Error ? failedAnswer("nx", found.message) : addressAnswer(found),
    );
  }

  get delaysMs(): number[] {
    return [...this.timers].map((timer) => timer.delayMs);
  }

  /** The timers that wait run now. */
  elapse(): void {
    for (const timer of [...this.timers]) {
      this.nowMs += timer.delayMs;
      this.timers.delete(timer);
      timer.run();
    }
  }
}

describe("what needs no lookup", () => {
  it.each<[string, Endpoint, string]>([
    ["an IPv4 address", tcp("10.0.0.1"), "10.0.0.1 80"],
    ["an IPv6 address", tcp("fd00::1", 81), "fd00::1 81"],
    ["localhost", tcp("localhost", 3000), "127.0.0.1 3000, ::1 3000"],
    ["LOCALHOST", tcp("LOCALHOST"), "127.0.0.1 80, ::1 80"],
    ["a port alone", tcp("", 3000), "127.0.0.1 3000, ::1 3000"],
    ["a unix socket", { kind: "unix", host: "", port: 0, path: "/run/x" }, "/run/x"],
  ])("%s is told at once and never looked at again", (_, endpoint, told) => {
    const bench = new Bench();
    bench.watch(endpoint);
    expect(bench.told).toEqual([told]);
    expect([bench.asked.length, bench.timers.size]).toEqual([0, 0]);
  });
});

describe("a name", () => {
  it("is looked up now, told with its port, and looked up again after the interval", () => {
    const bench = new Bench();
    bench.watch(tcp("db.test", 5432));
    expect(bench.told).toEqual([]);
    bench.answer(["10.0.0.1"]);
    expect(bench.told).toEqual(["10.0.0.1 5432"]);
    expect(bench.delaysMs).toEqual([INTERVAL_MS]);
    bench.elapse();
    expect(bench.asked.map(({ name }) => name)).toEqual(["db.test", "db.test"]);
  });
  it("is told again only when the set of its addresses changed", () => {
    const bench = new Bench();
    bench.watch(tcp("db.test"));
    const answers = [["10.0.0.1", "10.0.0.2"], ["10.0.0.2", "10.0.0.1"], ["10.0.0.2"], [
      "10.0.0.2",
      "10.0.0.2",
    ]];
    for (const found of answers) {
      bench.answer(found);
      bench.elapse();
    }
    expect(bench.told).toEqual(["10.0.0.1 80, 10.0.0.2 80", "10.0.0.2 80"]);
  });
  it("takes a v4-mapped address for the IPv4 address that it is", () => {
    const bench = new Bench();
    bench.watch(tcp("db.test"));
    bench.answer(["::ffff:10.0.0.1", "10.0.0.1"]);
    expect(bench.told).toEqual(["10.0.0.1 80"]);
  });
  it("has 127.0.0.1 before ::1, whatever order the system gives", () => {
    const bench = new Bench();
    bench.watch(tcp("dual.test"));
    bench.answer(["::1", "127.0.0.1"]);
    expect(bench.told).toEqual(["127.0.0.1 80, ::1 80"]);
  });
  it("is looked up again and again, more often than lookups may run at once", () => {
    const bench = new Bench();
    bench.watch(tcp("db.test"));
    for (let i = 1; i <= QUESTIONS_MAX * 2; i++) {
      bench.answer([`10.0.0.${i}`]);
      bench.elapse();
    }
    expect(bench.told).toHaveLength(QUESTIONS_MAX * 2);
  });
  it("is looked up for each of its watchers", () => {
    const bench = new Bench();
    bench.watch(tcp("db.test", 1));
    bench.answer(["10.0.0.1"]);
    bench.watch(tcp("db.test", 2));
    bench.answer(["10.0.0.2"]);
    expect(bench.told).toEqual(["10.0.0.1 1", "10.0.0.2 2"]);
  });
});

describe("a name that does not resolve", () => {
  it("is told once with the reason, and tried after 1 s, 2 s, 4 s, 8 s and then every interval", () => {
    const bench = new Bench();
    bench.watch(tcp("gone.test"));
    const delaysMs: number[] = [];
    for (let i = 0; i < 6; i++) {
      bench.answer(new Error("ENOTFOUND"));
      delaysMs.push(...bench.delaysMs);
      bench.elapse();
    }
    expect(bench.told).toEqual(["name gone.test does not resolve (ENOTFOUND)"]);
    expect(delaysMs).toEqual([1_000, 2_000, 4_000, 8_000, 10_000, 10_000]);
  });
  it("is told when it resolves at last, and is then looked up at the interval", () => {
    const bench = new Bench();
    bench.watch(tcp("late.test"));
    bench.answer(new Error("ENOTFOUND"));
    bench.elapse();
    bench.answer(["10.0.0.9"]);
    expect(bench.told).toEqual(["name late.test does not resolve (ENOTFOUND)", "10.0.0.9 80"]);
    expect(bench.delaysMs).toEqual([INTERVAL_MS]);
  });
  it("is one whose answer is empty, too", () => {
    const bench = new Bench();
    bench.watch(tcp("empty.test"));
    bench.answer([]);
    expect(bench.told).toEqual(["name empty.test does not resolve (no address)"]);
    expect(bench.delaysMs).toEqual([1_000]);
  });
  it("keeps the last good addresses when it resolved before, and begins again with 1 s", () => {
    const bench = new Bench();
    bench.watch(tcp("db.test"));
    const delaysMs: number[] = [];
    const fails = new Error("EAI_AGAIN");
    for (const found of [["10.0.0.1"], fails, fails, ["10.0.0.1"], fails, ["10.0.0.2"]]) {
      bench.answer(found);
      delaysMs.push(...bench.delaysMs);
      bench.elapse();
    }
    expect(bench.told).toEqual(["10.0.0.1 80", "10.0.0.2 80"]);
    expect(delaysMs).toEqual([INTERVAL_MS, 1_000, 2_000, INTERVAL_MS, 1_000, INTERVAL_MS]);
  });
  it("waits no longer than the interval, when that is less than a second", () => {
    const delaysMs: number[] = [];
    const resolver = new NameResolver({
      config: { ...CONFIG, everyMs: 300 },
      report: () => {},
      ask: (_name, _type, done) => done(failedAnswer("refused", "REFUSED")),
      schedule: (delayMs) => {
        delaysMs.push(delayMs);
        return () => {};
      },
    });
    const reasons: string[] = [];
    resolver.watch(server(tcp("a.test")), ({ reason }) => reasons.push(reason));
    expect(delaysMs).toEqual([300]);
    expect(reasons).toEqual(["name a.test does not resolve (REFUSED)"]);
  });
  it("is told when what it had is held, when that is over, and when it resolves again", () => {
    const bench = new Bench();
    bench.watch(tcp("db.test"));
    bench.answer(["10.0.0.1"]);
    for (let i = 0; i < 6; i++) {
      bench.elapse();
      bench.answer(new Error("NXDOMAIN"));
    }
    // 10 s, then 1, 2, 4 and 8 s; at 25 s it still holds, at 35 s no longer.
    expect(bench.told).toEqual(["10.0.0.1 80", "name db.test does not resolve (NXDOMAIN)"]);
    bench.elapse();
    bench.answer(["10.0.0.1"]);
    expect(bench.told.at(-1)).toBe("10.0.0.1 80");
    expect(bench.reports).toEqual([
      "name db.test does not resolve (NXDOMAIN); what it had is kept for 30s",
    ]);
    bench.elapse();
    bench.answer(new Error("NXDOMAIN"));
    bench.elapse();
    bench.answer(["10.0.0.1"]);
    expect(bench.reports.at(-1)).toBe("name db.test resolves again");
  });
});

describe("many names", () => {
  it("are looked up a few at a time, in the order asked for, and all of them", () => {
    const bench = new Bench();
    const names = Array.from({ length: QUESTIONS_MAX + 3 }, (_, i) => `n${i}.test`);
    for (const name of names) bench.watch(tcp(name));
    expect(bench.asked.map(({ name }) => name)).toEqual(names.slice(0, QUESTIONS_MAX));
    bench.asked[2]!.done(addressAnswer(["10.0.0.2"]));
    bench.asked[5]!.done(failedAnswer("nx", "no"));
    expect(bench.asked.map(({ name }) => name)).toEqual(names.slice(0, QUESTIONS_MAX + 2));
    for (const { done } of bench.asked) done(addressAnswer(["10.0.0.1"]));
    expect(bench.asked.map(({ name }) => name)).toEqual(names);
  });
});

describe("a closed resolver", () => {
  it("tells nothing more, starts no lookup and leaves no timer", () => {
    const bench = new Bench();
    for (let i = 0; i < QUESTIONS_MAX + 1; i++) bench.watch(tcp(`n${i}.test`));
    bench.asked[0]!.done(addressAnswer(["10.0.0.1"]));
    expect(bench.timers.size).toBe(1);
    bench.resolver.close();
    expect(bench.timers.size).toBe(0);
    bench.asked[1]!.done(addressAnswer(["10.0.0.2"]));
    bench.asked[2]!.done(failedAnswer("nx", "no"));
    bench.asked[3]!.done(addressAnswer([]));
    expect(bench.told).toEqual(["10.0.0.1 80"]);
    expect([bench.asked.length, bench.timers.size]).toEqual([QUESTIONS_MAX + 1, 0]);
  });
  it("does not start the lookups that still waited for their turn", () => {
    const bench = new Bench();
    for (let i = 0; i < QUESTIONS_MAX + 5; i++) bench.watch(tcp(`n${i}.test`));
    bench.resolver.close();
    for (const { done } of bench.asked) done(addressAnswer(["10.0.0.1"]));
    expect([bench.asked.length, bench.told.length]).toEqual([QUESTIONS_MAX, 0]);
  });
});

describe("the system's resolver", () => {
  const open: NameResolver[] = [];
  afterEach(() => open.splice(0).forEach((resolver) => resolver.close()));

  it("says in words that a name does not resolve", async () => {
    const resolver = new NameResolver({ config: CONFIG, report: () => {} });
    open.push(resolver);
    const told = Promise.withResolvers<[number, string]>();
    // An empty label: no name server need be asked.
    resolver.watch(
      server(tcp("no..name")),
      ({ addresses, reason }) => told.resolve([addresses.length, reason]),
    );
    const [count, reason] = await told.promise;
    expect(count).toBe(0);
    expect(reason).toMatch(/^name no\.\.name does not resolve \(.+\)$/);
  });
  it("finds addresses", async () => {
    const resolver = new NameResolver({ config: CONFIG, report: () => {} });
    open.push(resolver);
    const told = Promise.withResolvers<readonly unknown[]>();
    // The old short form of an address is a name to hadro, and needs no name server either.
    resolver.watch(server(tcp("127.1", 7)), ({ addresses }) => told.resolve(addresses));
    expect(await told.promise).toContainEqual({ kind: "tcp", host: "127.0.0.1", port: 7 });
  });
});
