/** How long what a name had is held: HAProxy's hold. @module */
import { describe, expect, it } from "vitest";
import type { HoldConfig } from "../../../src/config/model_names.ts";
import { HeldName } from "../../../src/net/held_name.ts";
import { HeldRecords } from "../../../src/net/held_records.ts";
import { addressAnswer, type AnswerStatus, failedAnswer } from "../../../src/net/name_answer.ts";

const HOLD: HoldConfig = { obsoleteMs: 0, nxMs: 10, refusedMs: 20, timeoutMs: 30, otherMs: 40 };

function records(text: string): Map<string, string> {
  return new Map(text.split(" ").filter((key) => key !== "").map((key) => [key, key]));
}

describe("records", () => {
  it.each<[AnswerStatus, number]>([["nx", 10], ["refused", 20], ["timeout", 30], ["other", 40]])(
    "outlast %s for %d ms since the last valid answer, however often it comes",
    (status, limitMs) => {
      const held = new HeldRecords<string>(HOLD);
      held.take("valid", records("a b"), "", 100);
      for (let ms = 1; ms < limitMs; ms++) {
        held.take(status, records(""), "why", 100 + ms);
        expect(held.values()).toEqual(["a", "b"]);
      }
      held.take(status, records(""), "why", 100 + limitMs);
      expect([held.size, held.status, held.detail]).toEqual([0, status, "why"]);
    },
  );
  it("are held from the last valid answer on, not from the first", () => {
    const held = new HeldRecords<string>(HOLD);
    held.take("valid", records("a"), "", 0);
    held.take("nx", records(""), "", 9);
    held.take("valid", records("a"), "", 12);
    held.take("nx", records(""), "", 21);
    expect(held.size).toBe(1);
  });
  it("that a valid answer lacks go at once, or after obsolete", () => {
    const held = new HeldRecords<string>(HOLD);
    held.take("valid", records("a b"), "", 0);
    held.take("valid", records("b"), "", 0);
    expect(held.values()).toEqual(["b"]);
    const slow = new HeldRecords<string>({ ...HOLD, obsoleteMs: 50 });
    slow.take("valid", records("a b"), "", 0);
    slow.take("valid", records("b"), "", 49);
    expect(slow.values()).toEqual(["a", "b"]);
    slow.take("valid", records("b"), "", 50);
    expect(slow.values()).toEqual(["b"]);
  });
  it("are what the last valid answer says of the same key", () => {
    const held = new HeldRecords<number>(HOLD);
    held.take("valid", new Map([["a", 1]]), "", 0);
    held.take("valid", new Map([["a", 2]]), "", 1);
    expect(held.values()).toEqual([2]);
  });
});

describe("a name", () => {
  it("loses nothing of one family when only the other one's question is answered", () => {
    const name = new HeldName(["A", "AAAA"], HOLD);
    name.take("A", addressAnswer(["10.0.0.1"]), 0);
    name.take("AAAA", addressAnswer(["fd00::1"]), 0);
    name.take("A", addressAnswer(["10.0.0.2"]), 20);
    name.take("AAAA", failedAnswer("timeout", "silence"), 20);
    expect(name.addresses("ipv4")).toEqual(["10.0.0.2", "fd00::1"]);
    expect(name.addresses("ipv6")).toEqual(["fd00::1", "10.0.0.2"]);
    expect(name.status).toBe("valid");
    name.take("AAAA", failedAnswer("timeout", "silence"), 30);
    expect(name.addresses("ipv6")).toEqual(["10.0.0.2"]);
  });
  it("fails by what says most", () => {
    const name = new HeldName(["A", "AAAA"], HOLD);
    name.take("A", addressAnswer([]), 0);
    name.take("AAAA", failedAnswer("other", "SERVFAIL"), 0);
    expect([name.status, name.detail]).toEqual(["other", "SERVFAIL"]);
    name.take("AAAA", addressAnswer([]), 0);
    expect([name.status, name.detail]).toEqual(["nx", "no address"]);
  });
  it("takes addresses that came along by family", () => {
    const name = new HeldName(["A", "AAAA"], HOLD);
    name.take("AAAA", addressAnswer(["fd00::1"]), 0);
    name.takeAlong(["10.0.0.1", "::ffff:10.0.0.2"], 50);
    expect(name.addresses("ipv4")).toEqual(["10.0.0.1", "10.0.0.2", "fd00::1"]);
  });
});
