/** Reasons and news in words. @module */
import { describe, expect, it } from "vitest";
import { describeNews } from "../../../../src/proxy/health/health_news.ts";
import { describeReason, HealthReason, TrafficError } from "../../../../src/proxy/health/health_reason.ts";
import { HealthStatus } from "../../../../src/proxy/health/health_state.ts";

const facts = { expect: null, unresolved: "" };

describe("a reason", () => {
  it.each([
    [HealthReason.NONE, 0, ""],
    [HealthReason.CONNECT, -111, "connection refused (ECONNREFUSED)"],
    [HealthReason.CONNECT, -113, "no connection (EHOSTUNREACH)"],
    [HealthReason.CONNECT_TIMEOUT, 2_000, "it did not accept a connection within 2000 ms"],
    [HealthReason.ANSWER_TIMEOUT, 500, "it did not answer within 500 ms"],
    [HealthReason.STATUS, 500, "it answered 500"],
    [HealthReason.UNRESOLVED, 0, "its name does not resolve"],
    [HealthReason.ERRORS, 503, "7 errors in a row, the last one status 503"],
    [HealthReason.ERRORS, TrafficError.CONNECT, "7 errors in a row, the last one a failed connect"],
    [HealthReason.ERRORS, TrafficError.TIMEOUT, "7 errors in a row, the last one no answer in time"],
  ])("%i %i: %s", (reason, detail, words) => expect(describeReason(reason, detail, 7, facts)).toBe(words));

  it("of a name is what the resolver said", () => {
    expect(describeReason(HealthReason.UNRESOLVED, 0, 1, { expect: null, unresolved: "name x is odd" })).toBe(
      "name x is odd",
    );
  });
});

describe("news", () => {
  const news = (before: keyof typeof HealthStatus, status: keyof typeof HealthStatus, more = {}) =>
    describeNews({
      before: HealthStatus[before],
      status: HealthStatus[status],
      reason: HealthReason.STATUS,
      why: "it answered 500",
      checkCount: 3,
      ejectionMs: 20_000,
      ...more,
    });

  it.each([
    [news("UP", "DOWN"), "DOWN: it answered 500, 3 checks failed"],
    [news("UP", "DOWN", { checkCount: 1 }), "DOWN: it answered 500, 1 check failed"],
    [news("UP", "DOWN", { reason: HealthReason.ERRORS, why: "9 errors" }), "DOWN: 9 errors"],
    [news("UP", "NOLB"), "NOLB: it answered 500"],
    [news("UP", "EJECTED"), "EJECTED for 20000 ms: it answered 500"],
    [news("DOWN", "UP"), "UP: 3 checks passed"],
    [news("NOLB", "UP", { checkCount: 1 }), "UP: 1 check passed"],
    [news("EJECTED", "UP"), "UP: its ejection is over"],
    [news("MAINT", "UP"), "UP: an administrator said so"],
    [news("UP", "DRAIN"), "DRAIN: an administrator said so"],
    [news("UP", "MAINT"), "MAINT: an administrator said so"],
  ])("%s", (text, words) => expect(text).toBe(words));
});
