/**
 * What is known about each direction of each fd: three bits, both directions in one byte.
 *
 *     bit   7   6    5    4    3   2    1    0       A  active: the owner wants I/O in this direction
 *         [ 0 | PW | RW | AW | 0 | PR | RR | AR ]    R  ready:  no EAGAIN since the last report
 *                                                    P  polled: the poller will report this direction
 *
 *     P R A   name       meaning                                     in the event cache   needs an update
 *     0 0 0   disabled   nothing wanted, nothing known               no                   no
 *     0 0 1   mustpoll   wanted, must be registered                  no                   yes
 *     0 1 0   stopped    ready, and nobody wants it                  no                   no
 *     0 1 1   active     wanted and ready, never polled              yes                  no
 *     1 0 0   abort      polled, no longer wanted                    no                   yes, where it can be undone
 *     1 0 1   polled     wanted, the poller watches                  no                   no
 *     1 1 0   paused     polled and ready, not wanted (buffer full)  no                   yes, where it can be undone
 *     1 1 1   ready      wanted, ready, still registered             yes                  no
 *
 *     verb   effect   called by                     want, stop: the owner's
 *     want   A := 1   the owner                     may, cant:  about the kernel
 *     stop   A := 0   the owner
 *     may    R := 1   the poller, on a report
 *     cant   R := 0   the owner, after EAGAIN
 *
 * When the poller applies an update it computes P anew: not active: off; active and not ready: on; active and ready: as
 * it is. That last rule is why a connection that alternates between EAGAIN and readiness costs one update in its life.
 *
 * May import: nothing. The verbs themselves are in fd_table.ts.
 *
 * @module
 */

/** Bits of the state byte. */
export const FdState = {
  ACTIVE_R: 0x01,
  READY_R: 0x02,
  POLLED_R: 0x04,
  ACTIVE_W: 0x10,
  READY_W: 0x20,
  POLLED_W: 0x40,
} as const;

/** Directions, as bits: what a handler is told is ready, and how far the state byte is shifted for each. */
export const Direction = { RECV: 1, SEND: 2 } as const;

/** Bits of the flag byte: what outlives a single report. */
export const FdFlag = {
  /** An error was reported: remembered until close, survives `cant`. */
  ERROR: 0x01,
  /** The peer hung up or shut its sending side: remembered until close. */
  HANGUP: 0x02,
  /** Waits for a buffer in that direction: out of the I/O queue though active and ready. */
  PARKED_R: 0x04,
  PARKED_W: 0x08,
  /** May take one buffer without queueing: the wait queue woke it. */
  GRANTED_R: 0x10,
  GRANTED_W: 0x20,
  /** Has an entry in the update list. Belongs to the slot, not to its owner: it survives close. */
  UPDATED: 0x40,
  /** The slot has an owner. */
  OPEN: 0x80,
} as const;

/** Returns the state byte of a direction shifted so that A, R, P are bits 0, 1, 2. */
function directionBits(state: number, direction: number): number {
  return (direction === Direction.RECV ? state : state >> 4) & 7;
}

/** Returns whether either direction is both active and ready: the rule of the event cache. */
export function isRunnable(state: number): boolean {
  return (state & (state >> 1) & (FdState.ACTIVE_R | FdState.ACTIVE_W)) !== 0;
}

/** Returns the polled bits as they must be after the poller looked at `state`. */
export function polledAfterUpdate(state: number): number {
  let polled = 0;
  const r = state & 7;
  if ((r & 1) !== 0 && ((r & 2) === 0 || (r & 4) !== 0)) polled |= FdState.POLLED_R;
  const w = (state >> 4) & 7;
  if ((w & 1) !== 0 && ((w & 2) === 0 || (w & 4) !== 0)) polled |= FdState.POLLED_W;
  return polled;
}

const STATE_NAMES = [
  "disabled",
  "mustpoll",
  "stopped",
  "active",
  "abort",
  "polled",
  "paused",
  "ready",
] as const;

/** Returns a state byte in words, for people: `"r=ready w=stopped"`. */
export function formatFdState(state: number): string {
  return `r=${STATE_NAMES[directionBits(state, Direction.RECV)]} w=${
    STATE_NAMES[directionBits(state, Direction.SEND)]
  }`;
}

/** Returns the names of the flags that are set, joined by `|`; `"-"` for none. */
export function formatFdFlags(flags: number): string {
  const names = Object.entries(FdFlag).filter(([, bit]) => (flags & bit) !== 0).map(([name]) => name);
  return names.length === 0 ? "-" : names.join("|");
}
