/**
 * What a stream of an HTTP/2 connection needs of those around it: of its connection, and of who has its exchange.
 *
 * May import: mux.
 *
 * @module
 */
import type { FrontOwner } from "./front.ts";
import type { H2Sender, SendingStream } from "./h2_sender.ts";

/** Who has an exchange. */
export interface H2StreamOwner extends FrontOwner {
  /** The client broke the protocol on this stream, in words: it is reset. */
  onRefused(words: string): void;
}

/** What a stream needs of its connection, beside what it sends. */
export interface H2Carrier {
  readonly fd: number;
  readonly sender: H2Sender;
  /** Why the connection failed, in words; "" while it has not. */
  readonly failure: string;
  /** Streams whose response waits in a buffer for a window to open. */
  readonly stalledCount: number;
  /** A window that is smaller than need be made a frame small. */
  onTinyFrame(): void;
  /** Payload is kept, or found its way out. */
  onHeld(count: number): void;
  onReleased(count: number): void;
  /** Memory that is not the pool's was taken, or (below 0) given back. */
  onOwnMemory(sizeBytes: number): void;
  /** The stream is closed, and its owner has gone. */
  onClosed(stream: SendingStream & { readonly state: number }): void;
}
