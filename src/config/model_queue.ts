/**
 * The part of the configuration that concerns queues: how much a server does at once.
 *
 * May import: nothing.
 *
 * @module
 */

/** HAProxy's `maxconn`, `minconn` and `maxqueue` of a server. */
export interface ServerQueueConfig {
  /** Streams at once, of all threads together; more of them wait. */
  readonly maxconn: number;
  /** What that is while the backend has next to nothing to do; it grows to `maxconn` as the backend fills. At most `maxconn`. */
  readonly minconn: number;
  /** How many may wait for this very server; 0: any number, or none where the algorithm does not care which server it is. */
  readonly maxqueue: number;
}
