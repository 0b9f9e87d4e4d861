/**
 * What persistence has to remember of one stream between its request and its answer. Reused, stream after stream.
 *
 * May import: nothing.
 *
 * @module
 */

/** See the module's text. */
export class StickState {
  /** Persistence does not concern this request: ignore-persist. */
  isIgnored = false;
  /** Its server is asked for even when it is down, and no other one: force-persist. */
  isForced = false;
  /** The request has the backend's cookie, whatever its value. */
  hasCookie = false;
  /** Dates of the cookie, seconds since 1970; 0: none. */
  lastSeenS = 0;
  firstSeenS = 0;
  /** The table's key; without one nothing is remembered. */
  hasKey = false;
  keyHigh = 0;
  keyLow = 0;

  reset(): void {
    this.isIgnored =
      this.isForced =
      this.hasCookie =
      this.hasKey =
        false;
    this.lastSeenS = this.firstSeenS = 0;
  }
}
