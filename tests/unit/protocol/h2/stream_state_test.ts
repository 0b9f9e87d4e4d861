/** The states of a stream: RFC 9113 section 5.1 as sentences, and what holds for every step. @module */
import { describe, expect, it } from "vitest";
import { Fault } from "../../../../src/protocol/h2/fault.ts";
import {
  stateOf,
  stepStream,
  StreamEvent,
  StreamState,
  StreamVerdict,
  verdictFault,
  verdictOf,
} from "../../../../src/protocol/h2/stream_state.ts";

const { IDLE, OPEN, HALF_LOCAL, HALF_REMOTE, ENDED, RESET_BY_US, RESET_BY_PEER } = StreamState;
const E = StreamEvent;
const RECEIVED = [E.RECV_HEADERS, E.RECV_DATA, E.RECV_END, E.RECV_RST, E.RECV_WINDOW_UPDATE];

/** The state after events that must all be in order. */
function walk(...events: number[]): number {
  return events.reduce((state: number, event) => {
    const step = stepStream(state, event);
    expect(verdictOf(step)).toBe(StreamVerdict.OK);
    return stateOf(step);
  }, IDLE);
}

const verdict = (state: number, event: number) => verdictOf(stepStream(state, event));

describe("a stream", () => {
  it("lives through a request and its response, whichever ends first", () => {
    expect(walk(E.RECV_HEADERS)).toBe(OPEN);
    expect(walk(E.RECV_HEADERS, E.RECV_END)).toBe(HALF_REMOTE);
    expect(walk(E.RECV_HEADERS, E.RECV_DATA, E.RECV_END, E.SEND_HEADERS, E.SEND_DATA, E.SEND_END)).toBe(
      ENDED,
    );
    expect(walk(E.RECV_HEADERS, E.SEND_HEADERS, E.SEND_END, E.RECV_DATA)).toBe(HALF_LOCAL);
    expect(walk(E.RECV_HEADERS, E.SEND_HEADERS, E.SEND_END, E.RECV_HEADERS, E.RECV_END)).toBe(ENDED);
    expect(walk(E.SEND_HEADERS, E.SEND_END, E.RECV_HEADERS, E.RECV_HEADERS, E.RECV_END)).toBe(ENDED);
  });

  it("is closed by RST_STREAM of either end", () => {
    for (const events of [[E.RECV_HEADERS], [E.RECV_HEADERS, E.RECV_END], [E.SEND_HEADERS, E.SEND_END]]) {
      expect(walk(...events, E.RECV_RST)).toBe(RESET_BY_PEER);
      expect(walk(...events, E.SEND_RST)).toBe(RESET_BY_US);
    }
  });

  it("idle: anything but HEADERS is an error of the connection", () => {
    for (const event of RECEIVED.slice(1)) {
      expect(verdict(IDLE, event)).toBe(StreamVerdict.FRAME_FOR_IDLE);
    }
  });

  it("half-closed (remote): only WINDOW_UPDATE and RST_STREAM may come", () => {
    for (const event of [E.RECV_HEADERS, E.RECV_DATA]) {
      expect(verdict(HALF_REMOTE, event)).toBe(StreamVerdict.FRAME_AFTER_END);
    }
    expect(verdict(HALF_REMOTE, E.RECV_WINDOW_UPDATE)).toBe(StreamVerdict.OK);
  });

  it("closed: what may still be on its way is ignored after our RST_STREAM, and an error after the end", () => {
    for (const event of RECEIVED) expect(verdict(RESET_BY_US, event)).toBe(StreamVerdict.IGNORE);
    expect(verdict(ENDED, E.RECV_DATA)).toBe(StreamVerdict.FRAME_FOR_CLOSED);
    expect(verdict(ENDED, E.RECV_HEADERS)).toBe(StreamVerdict.FRAME_FOR_CLOSED);
    expect(verdict(ENDED, E.RECV_WINDOW_UPDATE)).toBe(StreamVerdict.OK);
    expect(verdict(ENDED, E.RECV_RST)).toBe(StreamVerdict.OK);
    expect(verdict(RESET_BY_PEER, E.RECV_DATA)).toBe(StreamVerdict.FRAME_AFTER_END);
    expect(verdict(RESET_BY_PEER, E.RECV_WINDOW_UPDATE)).toBe(StreamVerdict.IGNORE);
  });

  it("is never sent on once our side has ended", () => {
    for (const state of [HALF_LOCAL, ENDED, RESET_BY_US, RESET_BY_PEER]) {
      for (const event of [E.SEND_HEADERS, E.SEND_DATA, E.SEND_END]) {
        expect(verdict(state, event)).toBe(StreamVerdict.MISUSE);
      }
    }
  });
});

describe("every step", () => {
  it("leads to a state, and only the peer's frames to faults of the peer", () => {
    for (const state of Object.values(StreamState)) {
      for (const event of Object.values(StreamEvent)) {
        const step = stepStream(state, event);
        expect(Object.values(StreamState)).toContain(stateOf(step));
        expect(Object.values(StreamVerdict)).toContain(verdictOf(step));
        const isReceived = event <= E.RECV_WINDOW_UPDATE;
        if (isReceived) expect(verdictOf(step)).not.toBe(StreamVerdict.MISUSE);
        else expect([StreamVerdict.OK, StreamVerdict.MISUSE]).toContain(verdictOf(step));
        if (verdictOf(step) !== StreamVerdict.OK) expect(stateOf(step)).toBe(state);
      }
    }
  });

  it("of the three faults has a number", () => {
    expect(Object.values(StreamVerdict).map(verdictFault)).toEqual([
      0,
      0,
      Fault.FRAME_FOR_IDLE_STREAM,
      Fault.FRAME_FOR_CLOSED_STREAM,
      Fault.FRAME_AFTER_END,
      0,
    ]);
  });
});
