/**
 * How critical a buffer is to the one who asks: what lets a response finish comes before what lets a request begin.
 *
 *     level         who                                             must leave free (normal / prio=high)
 *     SPARE         a poller's big reads and send areas             a quarter of the pool; never waits
 *     REQUEST_HEAD  receive a new request                           reserve + priority reserve / reserve
 *     REQUEST_BODY  receive more of a request                       2/3 reserve + priority reserve / 2/3 reserve
 *     RESPONSE      receive a response                              priority reserve / 0
 *     TRANSMIT      build a response or an error                    0
 *
 * Without a reserve all buffers can fill with requests whose responses have nowhere to go (HAProxy's a24adf079 tells
 * the story of three failed designs); with it a response can always be received, and its end frees buffers.
 *
 * May import: nothing.
 *
 * @module
 */

/** Levels, least critical first (HAProxy: dynbuf-t.h). */
export const Criticality = { REQUEST_HEAD: 0, REQUEST_BODY: 1, RESPONSE: 2, TRANSMIT: 3 } as const;
export const CRITICALITY_COUNT = 4;

/** Buffers kept for responses: one received, one partly sent, and one of each beside them. */
export const RESERVE_COUNT = 4;

/** One buffer in this many is kept for prio=high while any listener or backend has it. */
export const PRIORITY_RESERVE_DIVISOR = 16;

/** How many buffers must stay free after an allocation at each level. */
export function buffersToLeave(
  criticality: number,
  isHigh: boolean,
  reserveCount: number,
  priorityReserveCount: number,
): number {
  if (criticality >= Criticality.TRANSMIT) return 0;
  const forPriority = isHigh ? 0 : priorityReserveCount;
  if (criticality === Criticality.RESPONSE) return forPriority;
  if (criticality === Criticality.REQUEST_BODY) return Math.ceil(reserveCount * 2 / 3) + forPriority;
  return reserveCount + forPriority;
}
