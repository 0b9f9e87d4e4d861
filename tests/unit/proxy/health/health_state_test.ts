/** The state machine of a server's health: every event in every state, as HAProxy. @module */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  HealthEvent,
  healthOf,
  HealthStatus,
  initialState,
  nextState,
  penaltyOf,
  statusName,
  statusOf,
} from "../../../../src/proxy/health/health_state.ts";

const RULES = { rise: 2, fall: 3 };

type EventName = keyof typeof HealthEvent;
const LETTERS: Readonly<Record<string, EventName>> = {
  p: "PASS",
  c: "CONDITIONAL",
  f: "FAIL",
  s: "SUDDEN_DEATH",
  k: "MARK_DOWN",
  e: "EJECT",
  r: "RETURN",
  g: "FORGIVE",
  M: "MAINT",
  D: "DRAIN",
  R: "READY",
};

function after(events: string, rules = RULES): number {
  return [...events].reduce(
    (state, letter) => nextState(state, HealthEvent[LETTERS[letter]!], rules),
    initialState(rules),
  );
}

/** "UP 4": status and health. */
function shown(events: string, rules = RULES): string {
  const state = after(events, rules);
  return `${statusName(statusOf(state, rules))} ${healthOf(state)}`;
}

describe("health of 2/3, from the start, after p(ass), f(ail), c(onditional), s(udden death), k(ill)", () => {
  it.each([
    ["", "UP 2"],
    ["f", "DOWN 0"],
    ["p", "UP 4"],
    ["pp", "UP 4"],
    ["pf", "UP 3"],
    ["pff", "UP 2"],
    ["pfff", "DOWN 0"],
    ["pffp", "UP 4"],
    ["pffpff", "UP 2"],
    ["ff", "DOWN 0"],
    ["fp", "DOWN 1"],
    ["fpf", "DOWN 0"],
    ["fpp", "UP 4"],
    ["fppff", "UP 2"],
    // 404 with disable-on-404
    ["c", "NOLB 4"],
    ["pc", "NOLB 4"],
    ["pcp", "UP 4"],
    ["pcf", "NOLB 3"],
    ["pcfff", "DOWN 0"],
    ["pcfffpp", "UP 4"],
    ["fc", "DOWN 0"],
    ["fpc", "DOWN 0"],
    // on-error
    ["ps", "UP 2"],
    ["pss", "DOWN 0"],
    ["psp", "UP 4"],
    ["s", "DOWN 0"],
    ["pfs", "UP 2"],
    ["pk", "DOWN 0"],
    ["fk", "DOWN 0"],
    ["fpk", "DOWN 0"],
    // administrative
    ["M", "MAINT 2"],
    ["Mfff", "MAINT 2"],
    ["fMR", "UP 2"],
    ["pMRf", "DOWN 0"],
    ["D", "DRAIN 2"],
    ["Df", "DOWN 0"],
    ["Dfpp", "DRAIN 4"],
    ["DR", "UP 2"],
    ["fDR", "DOWN 0"],
    ["pDM", "MAINT 4"],
    ["pDMR", "UP 2"],
    ["pcD", "DRAIN 4"],
  ])('"%s" is %s', (events, expected) => expect(shown(events)).toBe(expected));

  it("of 1/1 follows every check", () => {
    const rules = { rise: 1, fall: 1 };
    expect(["", "f", "fp", "fpf"].map((events) => shown(events, rules))).toEqual([
      "UP 1",
      "DOWN 0",
      "UP 1",
      "DOWN 0",
    ]);
  });
});

describe("ejection", () => {
  const rules = { rise: 1, fall: 1 };
  it.each([
    ["e", "EJECTED", 1],
    ["er", "UP", 1],
    ["ere", "EJECTED", 2],
    ["erere", "EJECTED", 3],
    ["erg", "UP", 0],
    ["ergg", "UP", 0],
    ["eg", "EJECTED", 1],
    ["ererg", "UP", 1],
    ["er".repeat(12), "UP", 10],
    ["eM", "MAINT", 1],
    ["eMR", "UP", 0],
  ])('after "%s" is %s with penalty %i', (events, status, penalty) => {
    const state = after(events, rules);
    expect([statusName(statusOf(state, rules)), penaltyOf(state)]).toEqual([status, penalty]);
  });
});

describe("any events", () => {
  const arbitrary = fc.record({
    rise: fc.integer({ min: 1, max: 1_000 }),
    fall: fc.integer({ min: 1, max: 1_000 }),
    events: fc.array(fc.integer({ min: 0, max: 10 }), { maxLength: 200 }),
  });

  it("keep the health within 0 and rise+fall-1, the state from being 0 before the first, and DOWN at 0 or rising", () => {
    fc.assert(fc.property(arbitrary, ({ events, ...rules }) => {
      let state = initialState(rules);
      expect(state).not.toBe(0);
      for (const event of events) {
        state = nextState(state, event, rules);
        expect(healthOf(state)).toBeLessThanOrEqual(rules.rise + rules.fall - 1);
        expect(penaltyOf(state)).toBeLessThanOrEqual(10);
        if (event === HealthEvent.MARK_DOWN && statusOf(state, rules) !== HealthStatus.MAINT) {
          expect(statusOf(state, rules)).toBe(HealthStatus.DOWN);
        }
      }
    }));
  });

  it("then rise passes make UP of anything that no administrator and no ejection keeps away", () => {
    fc.assert(fc.property(arbitrary, ({ events, ...rules }) => {
      let state = events.reduce((before, event) => nextState(before, event, rules), initialState(rules));
      state = nextState(nextState(state, HealthEvent.READY, rules), HealthEvent.RETURN, rules);
      for (let i = 0; i < rules.rise; i++) state = nextState(state, HealthEvent.PASS, rules);
      expect(statusName(statusOf(state, rules))).toBe("UP");
    }));
  });
});
