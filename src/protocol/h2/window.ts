/**
 * The arithmetic of flow control windows (RFC 9113 section 6.9): sums that never leave their limits unseen.
 *
 * A window is what may still be sent, in bytes. It may be below 0: a smaller SETTINGS_INITIAL_WINDOW_SIZE takes back what was given.
 *
 * May import: protocol/h2.
 *
 * @module
 */

import { MAX_WINDOW_BYTES } from "./settings.ts";

/** Returned when a window would pass 2^31-1: a flow control error of the stream or of the connection. */
export const WINDOW_OVERFLOWN: number = -MAX_WINDOW_BYTES - 1;

/** Returns the window after WINDOW_UPDATE by `increment`, or after a change of its initial size; or {@linkcode WINDOW_OVERFLOWN}. */
export function growWindow(windowBytes: number, increment: number): number {
  const sum = windowBytes + increment;
  return sum > MAX_WINDOW_BYTES ? WINDOW_OVERFLOWN : sum;
}

/**
 * Returns by how much to open a receive window again, 0 while it does not pay: when at least half of `fullBytes` has been used up.
 * `leftBytes` is what the peer may still send, `heldBytes` what was received and has found no way out yet.
 */
export function windowCredit(fullBytes: number, leftBytes: number, heldBytes: number): number {
  const credit = fullBytes - leftBytes - heldBytes;
  return credit * 2 >= fullBytes ? credit : 0;
}
