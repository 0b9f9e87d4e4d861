/** Credentials that were checked a moment ago. @module */
import { describe, expect, it } from "vitest";
import { CredentialCache, Verdict } from "../../../../src/proxy/limit/credential_cache.ts";
import { latin1 } from "../../../support/sim/sim_peer.ts";

const KEY = Uint32Array.of(1, 2, 3, 4);

function find(cache: CredentialCache, text: string, nowMs: number): number {
  return cache.find(latin1(`?${text}?`), 1, 1 + text.length, nowMs);
}

describe("CredentialCache", () => {
  it("knows right ones for five minutes, wrong ones for ten seconds, others not", () => {
    const cache = new CredentialCache(KEY);
    cache.keep(latin1("right"), true, 1_000);
    cache.keep(latin1("wrong"), false, 1_000);
    expect([find(cache, "right", 300_999), find(cache, "wrong", 10_999), find(cache, "righ", 1_000)]).toEqual(
      [
        ...[Verdict.RIGHT, Verdict.WRONG, Verdict.UNKNOWN],
      ],
    );
    expect([find(cache, "right", 301_000), find(cache, "wrong", 11_000)]).toEqual([
      Verdict.UNKNOWN,
      Verdict.UNKNOWN,
    ]);
  });
  it("keeps 1,024, the last ones", () => {
    const cache = new CredentialCache(KEY);
    for (let i = 0; i < 1_030; i++) cache.keep(latin1(`user ${i}`), true, 1);
    const known = Array.from({ length: 1_030 }, (_, i) => find(cache, `user ${i}`, 2) === Verdict.RIGHT);
    expect([known.indexOf(true), known.filter((isKnown) => isKnown).length]).toEqual([6, 1_024]);
  });
});
