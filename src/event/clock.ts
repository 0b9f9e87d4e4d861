/**
 * Time: a monotonic clock for every deadline and duration, a wall clock for logs only.
 *
 * May import: nothing.
 *
 * @module
 */

/** Where the engine reads time; injected, so that a simulation owns it. */
export interface Clock {
  /** Milliseconds, fractions included, from any fixed point; never steps back. */
  monotonicMs(): number;
  /** Milliseconds since 1970; may jump when the system's time is set. */
  wallMs(): number;
}

/** The system's clocks. */
export const systemClock: Clock = {
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
};
