/** What a simulated HTTP/2 client is like, and what it knows of its streams. @module */
import type { Field } from "../h2/fields.ts";
import type { SimExchange } from "./sim_http.ts";

/** What a client does that hadro must bear. */
export interface SimH2Options {
  /** Streams at once. */
  readonly streamMax: number;
  /** Of its streams; SETTINGS_INITIAL_WINDOW_SIZE. */
  readonly windowBytes: number;
  /** How often it opens windows, when it looks. */
  readonly openChance: number;
  /** How often it takes back a request. */
  readonly cancelChance: number;
}

/** A stream as its client sees it. */
export interface SimH2Stream {
  readonly id: number;
  readonly exchange: SimExchange;
  readonly body: string;
  sent: number;
  isSent: boolean;
  sendWindow: number;
  /** What hadro may still send. */
  receiveWindow: number;
  unopened: number;
  status: number;
  fields: Field[];
  text: string;
}
