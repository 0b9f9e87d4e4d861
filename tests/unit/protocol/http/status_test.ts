import { describe, expect, it } from "vitest";
import { isInterimStatus, reasonPhrase } from "../../../../src/protocol/http/status.ts";

describe("reasonPhrase", () => {
  it.each([[200, "OK"], [404, "Not Found"], [503, "Service Unavailable"], [299, "Success"], [
    599,
    "Server Error",
  ], [700, "Unknown"]])(
    "%i: %s",
    (status, reason) => expect(reasonPhrase(status)).toBe(reason),
  );
});

describe("isInterimStatus", () => {
  it.each([[99, false], [100, true], [101, false], [103, true], [199, true], [200, false]])(
    "%i: %s",
    (status, isInterim) => {
      expect(isInterimStatus(status)).toBe(isInterim);
    },
  );
});
