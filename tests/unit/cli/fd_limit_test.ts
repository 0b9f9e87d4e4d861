/** The descriptor limit: the one that the system tells. @module */
import { describe, expect, it } from "vitest";
import { readFdLimit } from "../../../src/cli/fd_limit.ts";
import { runSource } from "../../support/cli/run_source.ts";

describe("readFdLimit", () => {
  it("is a whole number that a program can live with", () => {
    expect(Number.isInteger(readFdLimit())).toBe(true);
    expect(readFdLimit()).toBeGreaterThan(0);
  });
  it.runIf(Deno.build.os === "linux")("is what ulimit says: 200 descriptors are 68 connections", async () => {
    const { stdout } = await runSource(["8080", ":3000", "--dry-run"], { fdLimit: 200 });
    expect(stdout).toMatch(/^limits {3}maxconn 68 {3}/m);
  });
  it.runIf(Deno.build.os === "linux")("may be too low", async () => {
    const outcome = await runSource(["8080", ":3000", "--dry-run", "--maxconn", "69"], { fdLimit: 200 });
    expect(outcome).toEqual({
      code: 2,
      stdout: "",
      stderr: "hadro: Cannot start: maxconn 69 needs 202 descriptors and the limit is 200; " +
        "raise it (ulimit -n) or use at most 68\n",
    });
  });
});
