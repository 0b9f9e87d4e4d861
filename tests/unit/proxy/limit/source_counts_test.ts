/** Connections of each address. @module */
import { expect, it } from "vitest";
import { SourceCounts } from "../../../../src/proxy/limit/source_counts.ts";

it("counts each address up to its limit, and forgets those that have none", () => {
  const counts = new SourceCounts();
  expect([counts.add(1, -1, 2), counts.add(1, -1, 2), counts.add(1, -1, 2), counts.add(2, -1, 2)]).toEqual([
    ...[true, true, false, true],
  ]);
  expect(counts.size).toBe(2);
  counts.remove(1, -1);
  expect([counts.add(1, -1, 2), counts.size]).toEqual([true, 2]);
  counts.remove(1, -1);
  counts.remove(1, -1);
  counts.remove(2, -1);
  expect(counts.size).toBe(0);
});
