/**
 * Idle connections in the order of their rest; the links lie in the connections.
 *
 *     newest <-> … <-> oldest
 *
 * May import: mux.
 *
 * @module
 */
import type { H1Back } from "../mux/h1_back.ts";

/** See the module's text. A connection is in one list at most. */
export class IdleList {
  newest: H1Back | null = null;
  oldest: H1Back | null = null;

  add(back: H1Back): void {
    back.idlePrev = null;
    back.idleNext = this.newest;
    if (this.newest === null) this.oldest = back;
    else this.newest.idlePrev = back;
    this.newest = back;
  }

  remove(back: H1Back): void {
    if (back.idlePrev === null) this.newest = back.idleNext;
    else back.idlePrev.idleNext = back.idleNext;
    if (back.idleNext === null) this.oldest = back.idlePrev;
    else back.idleNext.idlePrev = back.idlePrev;
    back.idleNext = back.idlePrev = null;
  }
}
