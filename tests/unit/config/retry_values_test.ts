/** `retry-on` and `retry-budget`. What is refused: resolve_refusals_test.ts. @module */
import { describe, expect, it } from "vitest";
import { formatRetry } from "../../../src/config/retry_values.ts";
import { configOf } from "../../support/config/written.ts";
import { DEFAULT_RETRY } from "../../support/config/default_retry.ts";

const retriesOf = (line: string) => configOf(`hadro ${line}`).backends.map(({ retry }) => retry);

describe("retry-on", () => {
  it.each([
    ["conn-failure", {}],
    ["none", { onConnFailure: false }],
    ["503+500+503", { onConnFailure: false, statuses: [500, 503] }],
    ["empty-response", { onConnFailure: false, onEmptyResponse: true }],
    ["conn-failure+junk-response", { onJunkResponse: true }],
    ["conn-failure+response-timeout", { onResponseTimeout: true }],
    ["conn-failure+429+non-idempotent", { statuses: [429], nonIdempotent: true }],
    ["'conn-failure 503'", { statuses: [503] }],
    ["all-retryable-errors", {
      onEmptyResponse: true,
      onJunkResponse: true,
      onResponseTimeout: true,
      statuses: [500, 502, 503, 504],
    }],
    ["all-retryable-errors+429", {
      onEmptyResponse: true,
      onJunkResponse: true,
      onResponseTimeout: true,
      statuses: [429, 500, 502, 503, 504],
    }],
  ])("%s", (text, differs) => {
    expect(retriesOf(`1 :2 --retry-on ${text}`)).toEqual([{ ...DEFAULT_RETRY, ...differs }]);
  });

  it("is a backend's own before the flag, and a route's", () => {
    const line =
      "-l :1 -b :2,retry-on=503 -r /a/=:3,retry-on=empty-response,retry-budget=5%+9/s --retry-on none";
    expect(retriesOf(line)).toMatchObject([
      { statuses: [503], onEmptyResponse: false, budget: DEFAULT_RETRY.budget },
      { statuses: [], onEmptyResponse: true, budget: { percent: 5, perSecond: 9 } },
    ]);
  });

  it("of a flag concerns tcp as far as connects go", () => {
    const line = "-l tcp://:1 -b :2 -l tcp://:3 -b :4,retry-on=conn-failure --retry-on all-retryable-errors";
    expect(retriesOf(line)).toEqual([DEFAULT_RETRY, DEFAULT_RETRY]);
    expect(retriesOf("-l tcp://:1 -b :2 --retry-on 503")).toEqual([{
      ...DEFAULT_RETRY,
      onConnFailure: false,
    }]);
  });
});

describe("retry-budget", () => {
  it.each([
    ["50%", { percent: 50, perSecond: 3 }],
    ["0%+0/s", { percent: 0, perSecond: 0 }],
    ["1000%+100000/s", { percent: 1_000, perSecond: 100_000 }],
  ])("%s", (text, budget) => {
    expect(retriesOf(`1 :2 --retry-budget ${text}`)).toEqual([{ ...DEFAULT_RETRY, budget }]);
  });
});

describe("in words", () => {
  it.each([
    ["conn-failure", []],
    ["none", ["retry-on none"]],
    ["all-retryable-errors+non-idempotent", [
      "retry-on conn-failure+empty-response+junk-response+response-timeout+500+502+503+504+non-idempotent",
      "retry-budget 20%+3/s",
    ]],
  ])("%s", (text, words) => {
    expect(formatRetry(retriesOf(`1 :2 --retry-on ${text}`)[0])).toEqual(words);
  });
});
