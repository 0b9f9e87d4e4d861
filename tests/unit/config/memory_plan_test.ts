/** Where --max-mem goes: the arithmetic, and refusals whose advice works. @module */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BUFFER_SIZE } from "../../../src/buffer/pool.ts";
import {
  CONNECTION_COST_BYTES,
  type MemoryPlan,
  MemoryPlanError,
  type MemoryRequest,
  PLAN_BUFFER_BYTES,
  PLAN_PIPE_BYTES,
  planMemory,
  planOfThread,
} from "../../../src/config/memory_plan.ts";

import { PIPE_BYTES } from "../../../src/sys/kernel_pipes.ts";

const MIB = 1_048_576;
/** The fewest buffers that a thread has. */
const BUFFER_COUNT_MIN = 32;
/** Descriptors that are no connections. */
const FD_RESERVE = 64;
const anyRequest = fc.record({
  maxMemBytes: fc.oneof(fc.nat({ max: 4 * MIB }), fc.integer({ min: 0, max: 8 * 1_024 * MIB })),
  maxconn: fc.oneof(fc.constant(0), fc.nat({ max: 20_000 })),
  fdLimit: fc.oneof(fc.nat({ max: 100 }), fc.nat({ max: 1_048_576 })),
  hasPipes: fc.boolean(),
  threadCount: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 64 })),
});

/** Plans for one thread, unless it says for how many. */
function plan(request: Omit<MemoryRequest, "threadCount"> & { readonly threadCount?: number }): MemoryPlan {
  return planMemory({ threadCount: 1, ...request });
}

/** The plan, or the refusal's words. */
function planOrWords(request: MemoryRequest): MemoryPlan | string {
  try {
    return planMemory(request);
  } catch (error) {
    if (error instanceof MemoryPlanError) return error.message;
    throw error;
  }
}

describe("a plan", () => {
  it("gives half of the memory to connections, and all the rest to buffers", () => {
    expect(plan({ maxMemBytes: 64 * MIB, maxconn: 0, fdLimit: 1_000_000 })).toEqual({
      maxconn: 2_730,
      maxFdCount: 5_524,
      connectionCostBytes: CONNECTION_COST_BYTES,
      connectionBytes: 33_546_240,
      bufferCount: 2_040,
      bufferBytes: 33_553_920,
      pipeCount: 0,
      compressBytes: 0,
    });
  });
  it("gives encoders what was written, or a quarter of what connections leave over; threads divide it", () => {
    const base = { maxMemBytes: 64 * MIB, maxconn: 100, fdLimit: 1_000_000, encoderBytes: 480 * 1_024 };
    expect(plan({ ...base, compressBytes: MIB })).toMatchObject({ compressBytes: MIB });
    const derived = plan({ ...base, compressBytes: 0, threadCount: 4 });
    expect(derived.compressBytes / 1_024).toBe(Math.floor((64 * MIB - derived.connectionBytes) / 4_096));
    expect(derived.bufferBytes + derived.compressBytes + derived.connectionBytes).toBeLessThanOrEqual(
      64 * MIB,
    );
    const part = planOfThread(derived, 4);
    expect([part.compressBytes, part.bufferCount, part.maxconn]).toEqual([
      ...[Math.floor(derived.compressBytes / 4), Math.floor(derived.bufferCount / 4), 100],
    ]);
  });
  it("refuses when not one encoder would fit, or too few buffers are left beside them", () => {
    const base = { maxMemBytes: 4 * MIB, maxconn: 1, fdLimit: 1_000, threadCount: 2, encoderBytes: MIB };
    expect(planOrWords({ ...base, compressBytes: MIB })).toBe(
      "compression has 1024k and needs 2048k for 2 threads; raise compress-mem, or choose a lower level",
    );
    expect(planOrWords({ ...base, compressBytes: 0 })).toBe(
      "compression has 1021k and needs 2048k for 2 threads; raise max-mem, or choose a lower level",
    );
    expect(planOrWords({ ...base, compressBytes: 3 * MIB })).toMatch(
      / beside 1 connections and encoders .* 5m/,
    );
    expect(planOrWords({ ...base, maxMemBytes: 5 * MIB, compressBytes: 3 * MIB })).toBeTypeOf("object");
  });
  it("gives pipes a part of what buffers have, and descriptors that connections would have had", () => {
    expect(plan({ maxMemBytes: 64 * MIB, maxconn: 0, fdLimit: 1_000_000, hasPipes: true })).toMatchObject({
      maxconn: 2_730,
      maxFdCount: 5_524,
      pipeCount: 15,
      bufferCount: 1_801,
    });
    expect(plan({ maxMemBytes: 512 * MIB, maxconn: 0, fdLimit: 1_024, hasPipes: true }))
      .toMatchObject({ maxconn: 448, pipeCount: 32 });
    expect(plan({ maxMemBytes: 512 * MIB, maxconn: 480, fdLimit: 1_024, hasPipes: true }).pipeCount).toBe(0);
    expect(plan({ maxMemBytes: 4_096 * MIB, maxconn: 0, fdLimit: 1_000_000, hasPipes: true }).pipeCount).toBe(
      64,
    );
  });
  it("counts pipes of the size that the kernel is asked for", () => expect(PLAN_PIPE_BYTES).toBe(PIPE_BYTES));
  it("has no more connections than descriptors allow: two for each, and some for hadro", () => {
    expect(plan({ maxMemBytes: 256 * MIB, maxconn: 0, fdLimit: 1_024 }))
      .toMatchObject({ maxconn: 480, maxFdCount: 1_024, connectionBytes: 480 * 2 * CONNECTION_COST_BYTES });
  });
  it("has the connections that are asked for, though they take more than half", () => {
    expect(plan({ maxMemBytes: 16 * MIB, maxconn: 1_000, fdLimit: 20_000 }))
      .toMatchObject({ maxconn: 1_000, connectionBytes: 12_288_000, bufferCount: 272 });
  });
  it("has one connection when that is what is asked for", () => {
    expect(plan({ maxMemBytes: 16 * MIB, maxconn: 1, fdLimit: 20_000 }).maxconn).toBe(1);
  });
  it("leaves each thread its buffers, and has fewer connections instead", () => {
    expect(plan({ maxMemBytes: 36 * MIB, maxconn: 0, fdLimit: 20_000, threadCount: 64 }))
      .toMatchObject({ maxconn: 330, bufferCount: 64 * BUFFER_COUNT_MIN });
  });
  it("works with the least memory of all, which is for one connection", () => {
    const least = 2 * CONNECTION_COST_BYTES + BUFFER_COUNT_MIN * PLAN_BUFFER_BYTES;
    expect(plan({ maxMemBytes: least, maxconn: 1, fdLimit: FD_RESERVE + 2 }))
      .toMatchObject({ maxconn: 1, bufferCount: BUFFER_COUNT_MIN, maxFdCount: FD_RESERVE + 2 });
    expect(planOrWords({ maxMemBytes: least - 1, maxconn: 1, fdLimit: FD_RESERVE + 2, threadCount: 1 })).toBe(
      "max-mem leaves 31 buffers beside 1 connections; it must be at least 1m, or maxconn lower",
    );
  });
  it("counts buffers of the size that the pool gives", () => expect(PLAN_BUFFER_BYTES).toBe(BUFFER_SIZE));

  it("never exceeds the memory or the descriptors, and wastes less than a buffer", () => {
    fc.assert(fc.property(anyRequest, (request) => {
      const planned = planOrWords(request);
      if (typeof planned === "string") return;
      const usedBytes = planned.connectionBytes + planned.bufferBytes + planned.pipeCount * PLAN_PIPE_BYTES;
      expect(usedBytes).toBeLessThanOrEqual(request.maxMemBytes);
      expect(usedBytes + PLAN_BUFFER_BYTES).toBeGreaterThan(request.maxMemBytes);
      expect(planned.connectionBytes).toBe(planned.maxconn * 2 * CONNECTION_COST_BYTES);
      expect(planned.maxFdCount).toBe(planned.maxconn * 2 + FD_RESERVE);
      expect(planned.maxFdCount + planned.pipeCount * 2).toBeLessThanOrEqual(request.fdLimit);
      expect(planned.bufferCount).toBeGreaterThanOrEqual(BUFFER_COUNT_MIN * request.threadCount);
      expect(planned.maxconn).toBeGreaterThan(0);
      if (request.maxconn > 0) expect(planned.maxconn).toBe(request.maxconn);
      else expect(planned.connectionBytes).toBeLessThanOrEqual(request.maxMemBytes / 2);
    }));
  });
});

describe("what cannot be planned", () => {
  it.each([
    [
      "too few descriptors",
      { maxMemBytes: 64 * MIB, maxconn: 0, fdLimit: 65 },
      "the descriptor limit 65 is too low; at least 66 are needed",
    ],
    [
      "more connections than descriptors",
      { maxMemBytes: 64 * MIB, maxconn: 500, fdLimit: 1_024 },
      "maxconn 500 needs 1064 descriptors and the limit is 1024; raise it (ulimit -n) or use at most 480",
    ],
    [
      "no memory",
      { maxMemBytes: 0, maxconn: 0, fdLimit: 1_024 },
      "max-mem leaves 0 buffers beside 1 connections; it must be at least 1m, or maxconn lower",
    ],
    [
      "more connections than memory",
      { maxMemBytes: 8 * MIB, maxconn: 1_000, fdLimit: 20_000 },
      "max-mem leaves 0 buffers beside 1000 connections; it must be at least 13m, or maxconn lower",
    ],
    [
      "too little memory beside the connections",
      { maxMemBytes: 12 * MIB, maxconn: 1_000, fdLimit: 20_000 },
      "max-mem leaves 17 buffers beside 1000 connections; it must be at least 13m, or maxconn lower",
    ],
  ])("is said in words: %s", (_, request, words) => {
    expect(planOrWords({ threadCount: 1, ...request })).toBe(words);
  });

  it("is said for all threads together", () => {
    expect(planOrWords({ maxMemBytes: 2 * MIB, maxconn: 5, fdLimit: 1_024, threadCount: 64 })).toBe(
      "max-mem leaves 123 buffers beside 5 connections for 64 threads; it must be at least 33m, " +
        "or maxconn or threads lower",
    );
  });
  it("says what would do: whoever follows the advice is not told the same again", () => {
    fc.assert(fc.property(anyRequest, (request) => {
      const words = planOrWords(request);
      if (typeof words !== "string") return;
      const [, mebibytes] = /at least (\d+)m,/.exec(words) ?? [];
      const [, maxconn] = /at most (\d+)$/.exec(words) ?? [];
      const [, fdLimit] = /at least (\d+) are needed$/.exec(words) ?? [];
      const followed = {
        maxMemBytes: mebibytes === undefined ? request.maxMemBytes : Number(mebibytes) * MIB,
        maxconn: maxconn === undefined ? request.maxconn : Number(maxconn),
        fdLimit: fdLimit === undefined ? request.fdLimit : Number(fdLimit),
        threadCount: request.threadCount,
      };
      expect(followed).not.toEqual(request);
      const then = planOrWords(followed);
      if (mebibytes !== undefined) expect(then).toBeTypeOf("object");
      else if (maxconn !== undefined) expect(String(then)).not.toMatch(/descriptor/);
      else expect(String(then)).not.toMatch(/descriptor limit/);
    }));
  });
});
