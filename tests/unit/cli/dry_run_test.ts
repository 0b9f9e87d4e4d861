/** What --dry-run finds out before anything runs: memory, descriptors and the log's format. @module */
import { describe, expect, it } from "vitest";
import { checkLogFormat, planOrFail } from "../../../src/cli/dry_run.ts";
import { readFdLimit } from "../../../src/cli/fd_limit.ts";
import { planMemory } from "../../../src/config/memory_plan.ts";
import { configOf, refusalOf } from "../../support/config/written.ts";

describe("planOrFail", () => {
  it("plans with the memory and connections that are configured, and this process's descriptors", () => {
    const config = configOf("hadro 1 :2 --max-mem 64m --maxconn 10");
    expect(planOrFail(config))
      .toEqual(planMemory({ maxMemBytes: 64 * 1_048_576, maxconn: 10, fdLimit: readFdLimit() }));
  });
  it("refuses what cannot be planned, as any other configuration that cannot be used", () => {
    expect(refusalOf(() => planOrFail(configOf("hadro 1 :2 --max-mem 64k --maxconn 1")))).toBe(
      "Cannot start: max-mem leaves 3 buffers beside 1 connections; it must be at least 1m, or maxconn lower",
    );
  });
});

describe("checkLogFormat", () => {
  it.each(["json", "haproxy", "combined", "tty", "off", "auto", "%ci:%cp"])("accepts --log %s", (format) => {
    expect(() => checkLogFormat(configOf(`hadro 1 :2 --log ${format}`))).not.toThrow();
  });
  it("refuses a format of one's own that cannot be compiled", () => {
    expect(refusalOf(() => checkLogFormat(configOf("hadro 1 :2 --log 'a %{zz'"))))
      .toBe('Cannot use log format at column 3: "{" without "}"');
  });
});
