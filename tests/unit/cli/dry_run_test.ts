/** What --dry-run finds out before anything runs: memory, descriptors and the log's format. @module */
import { describe, expect, it } from "vitest";
import { checkLogFormat, planOrFail, threadCountOf } from "../../../src/cli/dry_run.ts";
import { readFdLimit } from "../../../src/cli/fd_limit.ts";
import { planMemory } from "../../../src/config/memory_plan.ts";
import { configOf, refusalOf } from "../../support/config/written.ts";

describe("planOrFail", () => {
  it("plans with the memory and connections that are configured, and this process's descriptors", () => {
    const config = configOf("hadro 1 :2 --max-mem 64m --maxconn 10");
    expect(planOrFail(config))
      .toEqual(
        planMemory({
          maxMemBytes: 64 * 1_048_576,
          maxconn: 10,
          fdLimit: readFdLimit(),
          threadCount: 1,
          hasPipes: Deno.build.os === "linux",
        }),
      );
  });
  it("refuses what cannot be planned, as any other configuration that cannot be used", () => {
    expect(refusalOf(() => planOrFail(configOf("hadro 1 :2 --max-mem 64k --maxconn 1")))).toBe(
      "Cannot start: max-mem leaves 3 buffers beside 1 connections; it must be at least 1m, or maxconn lower",
    );
  });
});

describe("threadCountOf", () => {
  it("is what is asked for, or one for each processor", () => {
    expect(threadCountOf(configOf("hadro 1 :2"))).toBe(1);
    expect(threadCountOf(configOf("hadro 1 :2 --threads 3"))).toBe(3);
    expect(threadCountOf(configOf("hadro 1 :2 --threads auto"))).toBe(navigator.hardwareConcurrency);
  });
  it("is planned for: every thread has buffers, or hadro does not start", () => {
    expect(refusalOf(() => planOrFail(configOf("hadro 1 :2 --max-mem 2m --maxconn 5 --threads 64")))).toBe(
      "Cannot start: max-mem leaves 123 buffers beside 5 connections for 64 threads; it must be at least 33m, " +
        "or maxconn or threads lower",
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
