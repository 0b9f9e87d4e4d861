/**
 * How streams were closed that frames may still come for (RFC 9113 section 5.1): of the last ones, those that were reset.
 *
 * May import: protocol.
 *
 * @module
 */
import { StreamState } from "../protocol/h2/stream_state.ts";

const REMEMBERED = 128;

/** Of one connection. */
export class H2ClosedStreams {
  #ids: Int32Array | null = null;
  #states: Uint8Array | null = null;
  #next = 0;

  /** Remembers a stream; one that both sides ended needs no memory. */
  add(streamId: number, state: number): void {
    if (state !== StreamState.RESET_BY_US && state !== StreamState.RESET_BY_PEER) return;
    this.#ids ??= new Int32Array(REMEMBERED);
    this.#states ??= new Uint8Array(REMEMBERED);
    this.#ids[this.#next] = streamId;
    this.#states[this.#next] = state;
    this.#next = (this.#next + 1) % REMEMBERED;
  }

  /** The state in which a closed stream is. */
  stateOf(streamId: number): number {
    const at = this.#ids?.lastIndexOf(streamId) ?? -1;
    return at < 0 ? StreamState.ENDED : this.#states![at]!;
  }
}
