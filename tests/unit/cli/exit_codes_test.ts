/** Exit codes: a promise to scripts and to systemd. @module */
import { describe, expect, it } from "vitest";
import { ExitCode } from "../../../src/cli/exit_codes.ts";

describe("ExitCode", () => {
  it("is 0 for fine, 1 for a failure while running, 2 for a wrong call", () => {
    expect(ExitCode).toEqual({ OK: 0, RUNTIME: 1, USAGE: 2 });
  });
});
