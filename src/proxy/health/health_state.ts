/**
 * The state machine of a server's health: what is known about it packed into one integer, so that all threads can change it by
 * compare-and-exchange. Pure.
 *
 *     status    when                                        new traffic   what runs   checks
 *     MAINT     an administrator said so                    no            goes on     no
 *     DOWN      health below rise                           no            on-marked-down   yes
 *     EJECTED   too many errors of traffic, no checks       no            goes on     (none)
 *     DRAIN     an administrator said so                    no            goes on     yes
 *     NOLB      health at rise or above, last answer a 404  no            goes on     yes
 *     UP        health at rise or above                     yes           goes on     yes
 *
 * The first line that applies counts. `health` is HAProxy's: 0 to rise+fall-1, and at the start it is rise: UP, but the first failed
 * check is enough to be DOWN.
 *
 *     event             health                                            else
 *     PASS              + 1; from rise on at once rise+fall-1             no longer NOLB when that is UP
 *     CONDITIONAL       the same while UP, else as FAIL                   NOLB
 *     FAIL              - 1; below rise at once 0                         no longer NOLB when that is DOWN
 *     SUDDEN_DEATH      rise+1 at most, then as FAIL: the next one kills
 *     MARK_DOWN         rise, then as FAIL: DOWN
 *     EJECT                                                               EJECTED, penalty + 1 (10 at most)
 *     RETURN                                                              no longer EJECTED
 *     FORGIVE                                                             penalty - 1, when not EJECTED
 *     MAINT, DRAIN                                                        what they say; MAINT ignores all events but READY
 *     READY             from MAINT: rise, as at the start                 neither MAINT nor DRAIN; from MAINT nothing else either
 *
 * May import: nothing.
 *
 * @module
 */

/** See the module's text. Those up to DRAIN may have the clients that they had before. */
export const HealthStatus = { UP: 0, NOLB: 1, DRAIN: 2, EJECTED: 3, DOWN: 4, MAINT: 5 } as const;

const STATUS_NAMES: readonly string[] = Object.keys(HealthStatus);

/** See the module's text. */
export const HealthEvent = {
  PASS: 0,
  CONDITIONAL: 1,
  FAIL: 2,
  SUDDEN_DEATH: 3,
  MARK_DOWN: 4,
  EJECT: 5,
  RETURN: 6,
  FORGIVE: 7,
  MAINT: 8,
  DRAIN: 9,
  READY: 10,
} as const;

/** Of a backend: {@linkcode CheckConfig}. A server without checks has 1 and 1. */
export interface HealthRules {
  readonly rise: number;
  readonly fall: number;
}

/** Steps of a weight that grows: HAProxy's BE_WEIGHT_SCALE. */
export const WEIGHT_SCALE = 16;

const HEALTH_MASK = 0xfff;
const NOLB = 1 << 12;
const EJECTED = 1 << 13;
const PENALTY_SHIFT = 14;
const PENALTY_MASK = 0xf << PENALTY_SHIFT;
const DRAIN = 1 << 18;
const MAINT = 1 << 19;
/** In every state: shared memory begins as 0, which is none. */
const KNOWN = 1 << 20;

/** Ejections in a row that each last longer than the one before. */
const PENALTY_MAX = 10;

/** The state at the start; never 0. */
export function initialState(rules: HealthRules): number {
  return KNOWN | rules.rise;
}

/** HAProxy's health: 0 to rise+fall-1. */
export function healthOf(state: number): number {
  return state & HEALTH_MASK;
}

/** How many ejections it is being punished for. */
export function penaltyOf(state: number): number {
  return (state & PENALTY_MASK) >> PENALTY_SHIFT;
}

/** Returns a {@linkcode HealthStatus}. */
export function statusOf(state: number, { rise }: HealthRules): number {
  if ((state & MAINT) !== 0) return HealthStatus.MAINT;
  if (healthOf(state) < rise) return HealthStatus.DOWN;
  if ((state & EJECTED) !== 0) return HealthStatus.EJECTED;
  if ((state & DRAIN) !== 0) return HealthStatus.DRAIN;
  return (state & NOLB) === 0 ? HealthStatus.UP : HealthStatus.NOLB;
}

/** The name of a {@linkcode HealthStatus}. */
export function statusName(status: number): string {
  return STATUS_NAMES[status]!;
}

/** Returns the state after a {@linkcode HealthEvent}. */
export function nextState(state: number, event: number, rules: HealthRules): number {
  if ((state & MAINT) !== 0) return event === HealthEvent.READY ? initialState(rules) : state;
  switch (event) {
    case HealthEvent.PASS:
      return pass(state, rules);
    case HealthEvent.CONDITIONAL:
      return healthOf(state) < rules.rise ? fail(state, rules) : pass(state, rules) | NOLB;
    case HealthEvent.FAIL:
      return fail(state, rules);
    case HealthEvent.SUDDEN_DEATH:
      return fail(withHealth(state, Math.min(healthOf(state), rules.rise + 1)), rules);
    case HealthEvent.MARK_DOWN:
      return fail(withHealth(state, Math.min(healthOf(state), rules.rise)), rules);
    case HealthEvent.EJECT:
      return withPenalty(state, Math.min(penaltyOf(state) + 1, PENALTY_MAX)) | EJECTED;
    case HealthEvent.RETURN:
      return state & ~EJECTED;
    case HealthEvent.FORGIVE:
      return (state & EJECTED) === 0 ? withPenalty(state, Math.max(penaltyOf(state) - 1, 0)) : state;
    case HealthEvent.MAINT:
      return state | MAINT;
    case HealthEvent.DRAIN:
      return state | DRAIN;
    default:
      return state & ~DRAIN;
  }
}

function pass(state: number, { rise, fall }: HealthRules): number {
  const health = healthOf(state) + 1;
  return health < rise ? withHealth(state, health) : withHealth(state & ~NOLB, rise + fall - 1);
}

function fail(state: number, { rise }: HealthRules): number {
  const health = healthOf(state) - 1;
  return health < rise ? withHealth(state & ~NOLB, 0) : withHealth(state, health);
}

function withHealth(state: number, health: number): number {
  return (state & ~HEALTH_MASK) | health;
}

function withPenalty(state: number, penalty: number): number {
  return (state & ~PENALTY_MASK) | (penalty << PENALTY_SHIFT);
}
