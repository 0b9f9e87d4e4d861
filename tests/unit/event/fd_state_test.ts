/** The state byte: its eight states a direction, its two rules, its words. @module */
import { describe, expect, it } from "vitest";
import {
  Direction,
  FdFlag,
  FdState,
  formatFdFlags,
  formatFdState,
  isRunnable,
  polledAfterUpdate,
} from "../../../src/event/fd_state.ts";

/** Every state byte: A, R, P of both directions. */
const EVERY_STATE = Array.from({ length: 64 }, (_, i) => (i & 7) | ((i >> 3) << 4));

interface Bits {
  readonly active: boolean;
  readonly ready: boolean;
  readonly polled: boolean;
}

function receiveBits(state: number): Bits {
  return {
    active: (state & FdState.ACTIVE_R) !== 0,
    ready: (state & FdState.READY_R) !== 0,
    polled: (state & FdState.POLLED_R) !== 0,
  };
}

function sendBits(state: number): Bits {
  return {
    active: (state & FdState.ACTIVE_W) !== 0,
    ready: (state & FdState.READY_W) !== 0,
    polled: (state & FdState.POLLED_W) !== 0,
  };
}

/** The sync rule of engine-history 1.2, word for word. */
function mustBePolled({ active, ready, polled }: Bits): boolean {
  if (!active) return false;
  return ready ? polled : true;
}

describe("the state byte", () => {
  it("has six different bits, those of send four places above those of receive", () => {
    const { ACTIVE_R, READY_R, POLLED_R, ACTIVE_W, READY_W, POLLED_W } = FdState;
    expect([ACTIVE_W, READY_W, POLLED_W]).toEqual([ACTIVE_R << 4, READY_R << 4, POLLED_R << 4]);
    expect(new Set(Object.values(FdState)).size).toBe(6);
    expect(Direction.RECV | Direction.SEND).toBe(3);
  });

  it("belongs in the event cache exactly when one direction is active and ready (I3)", () => {
    for (const state of EVERY_STATE) {
      const expected = [receiveBits(state), sendBits(state)].some(({ active, ready }) => active && ready);
      expect(isRunnable(state), formatFdState(state)).toBe(expected);
    }
  });

  it("is polled after an update when wanted and not ready; wanted and ready it stays as it is (I4)", () => {
    for (const state of EVERY_STATE) {
      const polled = polledAfterUpdate(state);
      expect((polled & FdState.POLLED_R) !== 0, formatFdState(state)).toBe(mustBePolled(receiveBits(state)));
      expect((polled & FdState.POLLED_W) !== 0, formatFdState(state)).toBe(mustBePolled(sendBits(state)));
      expect(polled & ~(FdState.POLLED_R | FdState.POLLED_W)).toBe(0);
    }
  });

  it("needs no second update: what the update left is what it would leave again (I5)", () => {
    for (const state of EVERY_STATE) {
      const polled = polledAfterUpdate(state);
      const after = (state & ~(FdState.POLLED_R | FdState.POLLED_W)) | polled;
      expect(polledAfterUpdate(after), formatFdState(state)).toBe(polled);
    }
  });
});

describe("states and flags in words", () => {
  it.each([
    [0, "disabled"],
    [1, "mustpoll"],
    [2, "stopped"],
    [3, "active"],
    [4, "abort"],
    [5, "polled"],
    [6, "paused"],
    [7, "ready"],
  ])("%i is called %s, in either direction", (bits, name) => {
    expect(formatFdState(bits)).toBe(`r=${name} w=disabled`);
    expect(formatFdState(bits << 4)).toBe(`r=disabled w=${name}`);
  });

  it("names the flags that are set, and says - for none", () => {
    expect(formatFdFlags(0)).toBe("-");
    expect(formatFdFlags(FdFlag.HANGUP | FdFlag.OPEN)).toBe("HANGUP|OPEN");
    expect(formatFdFlags(0xff).split("|").length).toBe(8);
  });
});
