/** Slots of names, from answers to what servers and people are told; the whole resolver, with time in the test's hand. @module */
import { describe, expect, it } from "vitest";
import { Prng } from "../../../src/base/prng.ts";
import type { ResolveConfig, TemplateConfig } from "../../../src/config/model_names.ts";
import {
  addressAnswer,
  failedAnswer,
  type NameAnswer,
  type QuestionType,
} from "../../../src/net/name_answer.ts";
import type { NameUpdate } from "../../../src/net/name_source.ts";
import { NameResolver } from "../../../src/net/resolver.ts";

const HOLD_MS = 30_000;
const CONFIG: ResolveConfig = {
  everyMs: 10_000,
  hold: { obsoleteMs: 0, nxMs: HOLD_MS, refusedMs: HOLD_MS, timeoutMs: HOLD_MS, otherMs: HOLD_MS },
  retries: 0,
  timeoutMs: 1_000,
  nameServers: [{ host: "10.0.0.53", port: 53 }],
};
const APP: TemplateConfig = {
  kind: "address",
  host: "app.test",
  port: 80,
  prefix: "app",
  slotCount: 3,
  prefer: "ipv4",
  checkPort: 0,
};
const WEB: TemplateConfig = { ...APP, kind: "srv", host: "_http._tcp.test", port: 0 };
const NO_RECORDS: NameAnswer = addressAnswer([]);

function services(...records: string[]): NameAnswer {
  return {
    ...addressAnswer(["x"]),
    addresses: [],
    services: records.map((text) => {
      const [priority, weight, port, target] = text.split(" ");
      return { priority: Number(priority), weight: Number(weight), port: Number(port), target: target! };
    }),
  };
}

/** A resolver that asks a table. */
class Desk {
  readonly answers = new Map<string, NameAnswer>();
  readonly asked: string[] = [];
  readonly reports: string[] = [];
  readonly updates: NameUpdate[] = [];
  readonly resolver: NameResolver;
  nowMs = 0;
  #timers: { readonly atMs: number; readonly run: () => void }[] = [];

  constructor(template: TemplateConfig) {
    this.resolver = new NameResolver({
      config: CONFIG,
      report: (message) => this.reports.push(message),
      nowMs: () => this.nowMs,
      ask: (name, type, done) => {
        this.asked.push(`${name} ${type}`);
        done(this.answers.get(`${name} ${type}`) ?? NO_RECORDS);
      },
      schedule: (delayMs, run) => {
        const timer = { atMs: this.nowMs + delayMs, run };
        this.#timers.push(timer);
        return () => this.#timers = this.#timers.filter((other) => other !== timer);
      },
    });
    this.#template = template;
  }

  readonly #template: TemplateConfig;

  set(name: string, type: QuestionType, answer: NameAnswer): void {
    this.answers.set(`${name} ${type}`, answer);
  }

  begin(): void {
    this.resolver.watch({ kind: "slots", backend: "be", template: this.#template }, (update) => {
      this.updates.push(update);
    });
  }

  /** Lets time pass to the next look, and looks. */
  look(): void {
    const timer = this.#timers.shift()!;
    this.nowMs = timer.atMs;
    timer.run();
  }

  /** `10.0.0.1:80 - -`: who has each slot now. */
  get members(): string {
    return this.updates.at(-1)!.slots.map(({ member }) => member || "-").join(" ");
  }
}

describe("a template of addresses", () => {
  it("asks both families, and tells servers what changed and only then", () => {
    const desk = new Desk(APP);
    desk.set("app.test", "A", addressAnswer(["10.0.0.2", "10.0.0.1"]));
    desk.set("app.test", "AAAA", addressAnswer(["fd00::1"]));
    desk.begin();
    expect(desk.asked).toEqual(["app.test A", "app.test AAAA"]);
    expect(desk.members).toBe("10.0.0.1:80 10.0.0.2:80 -");
    desk.look();
    expect(desk.updates).toHaveLength(1);
    desk.set("app.test", "A", failedAnswer("nx", "NXDOMAIN"));
    desk.look();
    // The other family resolves: the name does.
    expect([desk.updates.length, desk.members]).toEqual([1, "10.0.0.1:80 10.0.0.2:80 -"]);
  });
  it("says why slots are vacant", () => {
    const desk = new Desk(APP);
    desk.begin();
    expect(desk.updates).toMatchObject([{ reason: "app.test does not resolve (no address)" }]);
    expect(desk.reports).toEqual(["name app.test does not resolve (no address); its 3 slots wait"]);
    desk.set("app.test", "A", failedAnswer("refused", "REFUSED"));
    desk.look();
    expect(desk.updates.at(-1)!.reason).toBe("app.test does not resolve (REFUSED)");
    desk.set("app.test", "A", addressAnswer(["10.0.0.1"]));
    desk.look();
    expect(desk.updates.at(-1)!.reason).toBe("app.test has 1 address");
    expect(desk.reports).toHaveLength(2);
  });
  it("never loses a member while nothing valid says so before hold is over (many seeds)", () => {
    for (let seed = 0; seed < 1_000; seed++) {
      const prng = new Prng(seed);
      const desk = new Desk(APP);
      let goodMs = 0;
      let good: string[] = ["10.0.0.1"];
      desk.set("app.test", "A", addressAnswer(good));
      desk.begin();
      for (let step = 0; step < 30; step++) {
        const isGood = prng.chance(0.4);
        const next = ["10.0.0.1", "10.0.0.2", "10.0.0.3"].filter(() => prng.chance(0.6));
        const valid = isGood && next.length > 0;
        const failure = (["nx", "refused", "timeout", "other"] as const)[prng.nextBelow(4)]!;
        desk.set("app.test", "A", valid ? addressAnswer(next) : failedAnswer(failure, "no"));
        desk.look();
        if (valid) [good, goodMs] = [next, desk.nowMs];
        const isHeld = desk.nowMs - goodMs < HOLD_MS;
        const has = desk.members.split(" ").filter((member) => member !== "-").sort();
        expect(has, `seed ${seed} step ${step}`).toEqual(isHeld ? good.map((host) => `${host}:80`) : []);
      }
    }
  });
});

describe("a template of SRV records", () => {
  it("asks for their targets, once each, and gives slots to those with addresses", () => {
    const desk = new Desk(WEB);
    desk.set(
      WEB.host,
      "SRV",
      services("1 9 8080 a.test", "1 9 8081 a.test", "2 9 8080 b.test", "1 9 1 gone.test"),
    );
    desk.set("a.test", "A", addressAnswer(["10.0.0.1", "10.0.0.2"]));
    desk.set("b.test", "AAAA", addressAnswer(["fd00::1"]));
    desk.begin();
    const types = ["A", "AAAA"];
    expect(desk.asked).toEqual([
      `${WEB.host} SRV`,
      ...["a.test", "b.test", "gone.test"].flatMap((name) => types.map((type) => `${name} ${type}`)),
    ]);
    expect(desk.members).toBe("a.test:8080 a.test:8081 b.test:8080");
    expect(desk.updates[0]).toMatchObject({
      slots: [
        { weight: 9, backupRank: 0, addresses: [{ host: "10.0.0.1", port: 8080 }, { host: "10.0.0.2" }] },
        { addresses: [{ port: 8081 }, { port: 8081 }] },
        { backupRank: 1, addresses: [{ host: "fd00::1", port: 8080 }] },
      ],
      reason: `${WEB.host} has 4 SRV records, 3 with an address; gone.test does not resolve (no address)`,
    });
  });
  it("changes addresses and weights of a member without making it another", () => {
    const desk = new Desk(WEB);
    desk.set(WEB.host, "SRV", services("1 9 80 a.test"));
    desk.set("a.test", "A", addressAnswer(["10.0.0.1"]));
    desk.begin();
    desk.set(WEB.host, "SRV", services("1 3 80 a.test"));
    desk.set("a.test", "A", addressAnswer(["10.0.0.2"]));
    desk.look();
    const [before, after] = desk.updates.map(({ slots }) => slots[0]!);
    expect(after).toMatchObject({ version: before!.version, weight: 3, addresses: [{ host: "10.0.0.2" }] });
    expect(desk.reports).toEqual([
      `server be/app1 has a.test:80 of ${WEB.host}, 1 of 3 slots taken`,
      `server be/app1 has weight 3 now, of ${WEB.host}`,
    ]);
  });
  it("does not ask for addresses that came along", () => {
    const desk = new Desk(WEB);
    const answer = services("1 1 80 a.test");
    desk.set(WEB.host, "SRV", { ...answer, others: new Map([["a.test", ["10.0.0.7"]]]) });
    desk.begin();
    expect([desk.asked, desk.members]).toEqual([[`${WEB.host} SRV`], "a.test:80 - -"]);
  });
  it("keeps a member whose target fails, as long as hold says", () => {
    const desk = new Desk(WEB);
    desk.set(WEB.host, "SRV", services("1 1 80 a.test"));
    desk.set("a.test", "A", addressAnswer(["10.0.0.1"]));
    desk.begin();
    desk.set("a.test", "A", failedAnswer("timeout", "silence"));
    for (let ms = 10_000; ms < HOLD_MS; ms += 10_000) {
      desk.look();
      expect(desk.members).toBe("a.test:80 - -");
    }
    desk.look();
    expect(desk.members).toBe("- - -");
    expect(desk.resolver.counters()).toMatchObject({ slotsTaken: 0, slotArrivals: 1, slotDepartures: 1 });
  });
});
