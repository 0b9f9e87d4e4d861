/** How both pollers together sleep: the table in poller_joint.ts, row by row. @module */
import { describe, expect, it } from "vitest";
import { chooseWay, SleepWay } from "../../../src/event/poller_joint.ts";

const { GO_ON, YIELD, BLOCK, PARK } = SleepWay;

describe("the way to sleep", () => {
  it.each([
    ["work is pending", true, false, 0, 0, GO_ON],
    ["work is pending, and Deno had no turn for long", true, true, 0, 0, YIELD],
    ["work is pending, whatever Deno's sockets do", true, false, 0, 1_000, GO_ON],
    ["nothing is there, but Deno's sockets were just used", false, false, 0, 0, YIELD],
    ["the same for the second time", false, false, 1, 9, YIELD],
    ["the same once more", false, false, 2, 9, PARK],
    ["nothing is there, and Deno's sockets rest", false, false, 0, 10, BLOCK],
    ["the same even if Deno had no turn for long", false, true, 0, 10, BLOCK],
    ["nothing came in a block", false, false, 1, 10, PARK],
    ["nothing has come for long", false, true, 1_000, 1_000, PARK],
  ])("when %s", (_, isPending, isSliceOver, idleTurns, quietMs, way) => {
    expect(chooseWay(isPending, isSliceOver, idleTurns, quietMs)).toBe(way);
  });
});
