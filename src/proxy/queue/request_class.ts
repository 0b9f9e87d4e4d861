/**
 * What class a request says it is of while it waits for a server (HAProxy: http-request set-priority-class).
 *
 *     first value of the header, in any case     class
 *     high, normal, low                          so
 *     anything else, empty; no such header       none: it waits as its connection would
 *
 * Who leaves a queue first is all that it decides: connections keep their class. Allocates nothing.
 *
 * May import: event, protocol, proxy.
 *
 * @module
 */
import { IoClass } from "../../event/io_queue.ts";
import type { HeadParser } from "../../protocol/h1/head_parser.ts";
import { asciiBytes, equalIgnoringCase } from "../../protocol/http/octet.ts";
import { KeyReader } from "../key_reader.ts";

/** The request says no class. */
export const NO_CLASS = -1;

/** See the module's text. One per backend. */
export class RequestClass {
  readonly #header: KeyReader;
  readonly #high = asciiBytes("high");
  readonly #normal = asciiBytes("normal");
  readonly #low = asciiBytes("low");

  /** @param header Its name. */
  constructor(header: string) {
    this.#header = new KeyReader({
      algorithm: "hdr",
      keyName: header,
      uriLengthMax: 0,
      uriDepthMax: 0,
      uriWhole: false,
    });
  }

  /** The I/O class that stands for what a parsed request says, whose first byte is at `base`; NO_CLASS when it says none. */
  of(head: HeadParser, bytes: Uint8Array, base: number): number {
    if (!this.#header.findValue(head, bytes, base)) return NO_CLASS;
    if (this.#says(this.#high, bytes)) return IoClass.INTERACTIVE;
    if (this.#says(this.#normal, bytes)) return IoClass.NORMAL;
    return this.#says(this.#low, bytes) ? IoClass.BULK : NO_CLASS;
  }

  #says(word: Uint8Array, bytes: Uint8Array): boolean {
    const { valueStart, valueEnd } = this.#header;
    return equalIgnoringCase(bytes, valueStart, valueEnd, word, 0, word.length);
  }
}
