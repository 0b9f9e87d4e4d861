/**
 * What faults and late frames of an HTTP/2 connection lead to: the end of a stream, of the connection, or nothing.
 *
 * May import: protocol, mux.
 *
 * @module
 */
import { describeFault, Fault, faultError, FaultReach, faultReach } from "../protocol/h2/fault.ts";
import { stepStream, verdictFault, verdictOf } from "../protocol/h2/stream_state.ts";
import type { H2Peer } from "./h2_peer.ts";

/** A fault that reaches the connection: it ends. */
export function failByFault(peer: H2Peer, fault: number): void {
  peer.fail(faultError(fault), describeFault(fault));
}

/** A fault that reaches a stream: it is reset, where it is one. */
export function refuseStream(peer: H2Peer, streamId: number, fault: number): void {
  const stream = peer.streams.get(streamId);
  if (stream !== undefined) stream.refuse(faultError(fault), describeFault(fault));
  else if (streamId > peer.lastStreamId) failByFault(peer, Fault.FRAME_FOR_IDLE_STREAM);
  else {
    peer.onGlitch();
    peer.sender.writeReset(streamId, faultError(fault));
  }
}

/** A frame for a stream that is not any more: perhaps on its way when we closed it. */
export function acceptLateFrame(peer: H2Peer, streamId: number, event: number): void {
  const verdict = verdictOf(stepStream(peer.closedStreams.stateOf(streamId), event));
  peer.onGlitch();
  acceptVerdict(peer, streamId, verdict);
}

/** What a `StreamVerdict` on a frame leads to. */
export function acceptVerdict(peer: H2Peer, streamId: number, verdict: number): void {
  const fault = verdictFault(verdict);
  if (fault === Fault.NONE || !peer.isUsable) return;
  if (faultReach(fault) === FaultReach.CONNECTION) failByFault(peer, fault);
  else refuseStream(peer, streamId, fault);
}
