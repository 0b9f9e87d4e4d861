/**
 * The part of the configuration that concerns limits: who may come, how often, how much.
 *
 * May import: nothing.
 *
 * @module
 */

/** An address range: `--trust 10.0.0.0/8`. */
export interface Cidr {
  readonly family: 4 | 6;
  /** An address of the range, as written: 4 or 16 numbers from 0 to 255. */
  readonly bytes: readonly number[];
  readonly prefixBits: number;
}

/** How many requests (or connections) in which time: `--rate`, `--conn-rate`. */
export interface RateConfig {
  /** As written. */
  readonly text: string;
  /** Whose: each client's, each value's of a header, or everybody's together. */
  readonly key: "src" | "hdr" | "path";
  /** Lower case; "" unless `key` is `hdr`. */
  readonly header: string;
  /** Only requests under it; "" for all. */
  readonly pathPrefix: string;
  readonly count: number;
  readonly periodMs: number;
  /** At once; 1 or more. */
  readonly burst: number;
}

/** Who may come in by HTTP Basic authentication. */
export interface UserConfig {
  readonly name: string;
  /** bcrypt's, as written. */
  readonly hash: string;
}

/** What clients of a listener may do. */
export interface ListenerLimits {
  /** With any, clients outside of them are refused. */
  readonly allow: readonly Cidr[];
  /** Clients in one of them are refused, whatever `allow` says. */
  readonly deny: readonly Cidr[];
  /** Of a request's body; 0: no limit. */
  readonly maxBodyBytes: number;
  /** Fields of a request's head. */
  readonly maxHeaderCount: number;
  /** Of a request's head, its first line and last empty line included. */
  readonly maxHeaderBytes: number;
  /** Streams at once of an HTTP/2 connection; 0: HTTP/2 is not spoken. */
  readonly h2StreamMax: number;
  /** What an HTTP/2 connection may do without sense before it is ended; 0: no limit. */
  readonly h2GlitchMax: number;
  /** Of requests; empty for `tcp`. */
  readonly rates: readonly RateConfig[];
  /** Of connections, of each client. */
  readonly connRates: readonly RateConfig[];
  /** Connections at once of one client; 0: no limit. */
  readonly maxconnPerSrc: number;
  /** Empty: nobody is asked. */
  readonly users: readonly UserConfig[];
  /** Bytes a second of a request's body, or of an answer that waits for its client; 0: no limit. */
  readonly minRateBytes: number;
}
