/**
 * The engine's counters: one for each thing it does and for each odd branch it takes.
 *
 * Counters belong to the layer that counts; who shows them reads this object. Nothing resets them.
 *
 * May import: nothing.
 *
 * @module
 */

/** What each counter means; the key is the field of {@linkcode Activity}. */
const ACTIVITY_TEXT = {
  turns: "turns of the loop",
  waits: "waits that could sleep",
  waitsZero: "waits with timeout 0, because work was pending",
  yields: "turns cut short to let the runtime run",
  reports: "directions that the poller reported ready",
  reportsStale: "reports for a slot that was closed or has a new owner (dropped)",
  updatesRequested: "times a state change asked for a poller update",
  updatesQueued: "fds put into the update list",
  updatesApplied: "updates that changed what is polled",
  updatesVoid: "updates that found nothing to change",
  cacheEnter: "entries into the I/O queue",
  cacheLeave: "fds that left the I/O queue without having run",
  ioCalls: "handler calls from the I/O queue",
  ioPasses: "passes over the I/O queue",
  ioPassesCut: "passes ended by their budget with work left",
  accepts: "connections accepted",
  acceptsSameTurn: "accepted connections whose handler ran in the turn that accepted them",
  acceptErrors: "accepts that failed for lack of a resource",
  connects: "connections opened to servers",
  taskCalls: "task runs",
  timersExpired: "timers that expired",
  messages: "messages and signals handled",
  bufferParked: "receives parked for want of a buffer",
  bufferGranted: "parked receives woken with leave to take a buffer",
  bufferGrantsReturned: "grants that were not used and went to the next waiter",
  resetsDowngraded: "resets that could only be sent as an orderly close",
  turnLongestUs: "longest time between two polls, microseconds",
} as const;

/** Every counter, starting at 0. */
export type Activity = { -readonly [K in keyof typeof ACTIVITY_TEXT]: number };

/** Returns a fresh set of counters. */
export function newActivity(): Activity {
  const activity = {} as Record<string, number>;
  for (const key of Object.keys(ACTIVITY_TEXT)) activity[key] = 0;
  return activity as Activity;
}
