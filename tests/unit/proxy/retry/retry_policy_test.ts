/** `retry-on`, compiled. @module */
import { describe, expect, it } from "vitest";
import { Method } from "../../../../src/protocol/http/method.ts";
import { RetryEvent, RetryPolicy } from "../../../../src/proxy/retry/retry_policy.ts";
import { DEFAULT_RETRY } from "../../../support/config/default_retry.ts";

const { EMPTY_RESPONSE, RESPONSE_TIMEOUT, JUNK_RESPONSE } = RetryEvent;

describe("RetryPolicy", () => {
  it.each([
    ["onEmptyResponse", EMPTY_RESPONSE],
    ["onResponseTimeout", RESPONSE_TIMEOUT],
    ["onJunkResponse", JUNK_RESPONSE],
  ])("%s admits its event alone", (word, event) => {
    const policy = new RetryPolicy({ ...DEFAULT_RETRY, [word]: true }, 1);
    for (const other of Object.values(RetryEvent)) expect(policy.admitsEvent(other)).toBe(other === event);
  });

  it("admits the statuses that are listed", () => {
    const policy = new RetryPolicy({ ...DEFAULT_RETRY, statuses: [429, 503] }, 1);
    const admitted = Array.from({ length: 1_000 }, (_, status) => status).filter((s) =>
      policy.admitsStatus(s)
    );
    expect(admitted).toEqual([429, 503]);
  });

  it("admits methods that are idempotent, or any", () => {
    const admitted = (nonIdempotent: boolean) => {
      const policy = new RetryPolicy({ ...DEFAULT_RETRY, nonIdempotent }, 1);
      return Object.entries(Method).filter(([, id]) => policy.admitsMethod(id)).map(([name]) => name);
    };
    expect(admitted(false)).toEqual(["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"]);
    expect(admitted(true)).toEqual(Object.keys(Method));
  });
});
