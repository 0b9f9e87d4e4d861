/**
 * The states of a stream (RFC 9113 section 5.1) as one table: state and event to the next state, or to what is wrong.
 *
 * Streams are opened by the client only: there is no state "reserved". "Closed" is four states, because it matters how it came:
 *
 *     state          recv HEADERS  DATA   RST_STREAM    WINDOW_UPDATE   a receiver's answer to what must not come
 *     IDLE           OPEN          idle   idle          idle            connection error PROTOCOL_ERROR
 *     OPEN           OPEN          OPEN   RESET_BY_PEER OPEN
 *     HALF_LOCAL     HALF_LOCAL    same   RESET_BY_PEER HALF_LOCAL                         we have sent END_STREAM
 *     HALF_REMOTE    after end     same   RESET_BY_PEER HALF_REMOTE     stream error STREAM_CLOSED
 *     ENDED          closed        same   ENDED         ENDED           connection error STREAM_CLOSED
 *     RESET_BY_US    ignored       same   ignored       ignored         it may have been on its way
 *     RESET_BY_PEER  after end     same   ignored       ignored         stream error STREAM_CLOSED
 *
 * RECV_END and SEND_END are the END_STREAM of a HEADERS or DATA frame, applied after the frame itself. Fields that are ignored are still
 * decoded, and DATA that is ignored still counts for the connection's window.
 *
 * May import: protocol/h2.
 *
 * @module
 */

import { Fault } from "./fault.ts";

/** See the module's text. */
export const StreamState = {
  IDLE: 0,
  OPEN: 1,
  HALF_LOCAL: 2,
  HALF_REMOTE: 3,
  ENDED: 4,
  RESET_BY_US: 5,
  RESET_BY_PEER: 6,
} as const;

/** What happens to a stream. */
export const StreamEvent = {
  RECV_HEADERS: 0,
  RECV_DATA: 1,
  RECV_END: 2,
  RECV_RST: 3,
  RECV_WINDOW_UPDATE: 4,
  SEND_HEADERS: 5,
  SEND_DATA: 6,
  SEND_END: 7,
  SEND_RST: 8,
} as const;

/** What {@linkcode verdictOf} says of a step. */
export const StreamVerdict = {
  OK: 0,
  /** Drop the frame, without a word. */
  IGNORE: 1,
  /** Connection error PROTOCOL_ERROR. */
  FRAME_FOR_IDLE: 2,
  /** Connection error STREAM_CLOSED. */
  FRAME_FOR_CLOSED: 3,
  /** Stream error STREAM_CLOSED. */
  FRAME_AFTER_END: 4,
  /** We were about to send what we may not: our own mistake. */
  MISUSE: 5,
} as const;

const EVENT_COUNT = 9;
const VERDICT_SHIFT = 4;

/** A row per state, one letter per event: a digit is the next state, a letter a verdict that leaves the state as it is. */
const ROWS: readonly string[] = [
  "1iiii1mmm", // IDLE
  "113611125", // OPEN
  "22462mmm5", // HALF_LOCAL
  "aaa633345", // HALF_REMOTE
  "ccc44mmm4", // ENDED: RST_STREAM and WINDOW_UPDATE may still come, and ours would be of no use
  "-----mmm5", // RESET_BY_US
  "aaa--mmm6", // RESET_BY_PEER
];
const LETTERS = "-icam";

const STEPS = buildSteps();

/** Returns a step, state and verdict packed: what `event` does to a stream in `state`. */
export function stepStream(state: number, event: number): number {
  return STEPS[state * EVENT_COUNT + event];
}

/** Returns the state after a step: a value of {@linkcode StreamState}. */
export function stateOf(step: number): number {
  return step & (1 << VERDICT_SHIFT) - 1;
}

/** Returns the {@linkcode StreamVerdict} of a step. */
export function verdictOf(step: number): number {
  return step >> VERDICT_SHIFT;
}

/** Returns the `Fault` that a verdict on a received frame is, 0 for none. */
export function verdictFault(verdict: number): number {
  switch (verdict) {
    case StreamVerdict.FRAME_FOR_IDLE:
      return Fault.FRAME_FOR_IDLE_STREAM;
    case StreamVerdict.FRAME_FOR_CLOSED:
      return Fault.FRAME_FOR_CLOSED_STREAM;
    case StreamVerdict.FRAME_AFTER_END:
      return Fault.FRAME_AFTER_END;
    default:
      return Fault.NONE;
  }
}

function buildSteps(): Uint8Array {
  const steps = new Uint8Array(ROWS.length * EVENT_COUNT);
  for (const [state, row] of ROWS.entries()) {
    for (let event = 0; event < EVENT_COUNT; event++) {
      const letter = LETTERS.indexOf(row[event]!) + 1;
      steps[state * EVENT_COUNT + event] = letter > 0 ? letter << VERDICT_SHIFT | state : Number(row[event]);
    }
  }
  return steps;
}
