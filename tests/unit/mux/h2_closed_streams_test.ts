import { expect, it } from "vitest";
import { H2ClosedStreams } from "../../../src/mux/h2_closed_streams.ts";
import { StreamState } from "../../../src/protocol/h2/stream_state.ts";

it("H2ClosedStreams remembers the last 128 that were reset, and takes all others as ended", () => {
  const closed = new H2ClosedStreams();
  expect(closed.stateOf(1)).toBe(StreamState.ENDED);
  closed.add(1, StreamState.RESET_BY_US);
  closed.add(3, StreamState.ENDED);
  closed.add(5, StreamState.RESET_BY_PEER);
  expect([1, 3, 5].map((id) => closed.stateOf(id))).toEqual([
    StreamState.RESET_BY_US,
    StreamState.ENDED,
    StreamState.RESET_BY_PEER,
  ]);
  for (let i = 0; i < 127; i++) closed.add(101 + 2 * i, StreamState.RESET_BY_US);
  expect([1, 5, 101].map((id) => closed.stateOf(id))).toEqual([
    StreamState.ENDED,
    StreamState.RESET_BY_PEER,
    StreamState.RESET_BY_US,
  ]);
});
