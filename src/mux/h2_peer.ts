/**
 * What the receiving half of an HTTP/2 connection needs of it.
 *
 * May import: protocol, mux.
 *
 * @module
 */
import type { Settings } from "../protocol/h2/settings.ts";
import type { H2ClosedStreams } from "./h2_closed_streams.ts";
import type { H2Shared } from "./h2_shared.ts";
import type { H2Carrier } from "./h2_carrier.ts";
import type { H2Stream } from "./h2_stream.ts";

/** See the module's text. */
export interface H2Peer extends H2Carrier {
  readonly shared: H2Shared;
  readonly streams: ReadonlyMap<number, H2Stream>;
  readonly closedStreams: H2ClosedStreams;
  readonly peerSettings: Settings;
  /** Streams at once. */
  readonly streamMax: number;
  /** The highest stream that the client opened. */
  lastStreamId: number;
  /** What the client may still send on the connection. */
  receiveWindow: number;
  /** The connection goes on. */
  readonly isUsable: boolean;
  /** Whether a request on this stream is still taken: a GOAWAY may have said otherwise. */
  admits(streamId: number): boolean;
  /** Makes a stream for a request; the owner of the exchange comes with it. */
  openStream(streamId: number): H2Stream;
  /** The connection breaks: GOAWAY. */
  fail(code: number, words: string): void;
  onGlitch(): void;
  /** The client's settings changed, the first window of its streams by `windowDelta`. */
  onSettings(windowDelta: number): void;
  onPing(bytes: Uint8Array, start: number, isAck: boolean): void;
  /** The client takes no more of an exchange. */
  onStreamReset(stream: H2Stream): void;
}
