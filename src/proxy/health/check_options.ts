/**
 * What a server's check is given.
 *
 * May import: base, config, event, proxy.
 *
 * @module
 */
import type { Prng } from "../../base/prng.ts";
import type { Slab } from "../../base/slab.ts";
import type { CheckConfig } from "../../config/model_health.ts";
import type { ConnectOptions, SocketAddress } from "../../event/poller.ts";
import type { CheckBuffers } from "./check_buffers.ts";
import type { CheckTls } from "./check_tls.ts";

/** Where a check connects to. */
export interface CheckTarget {
  readonly addressCount: number;
  address(attempt: number): SocketAddress;
  /** null: no source of that family. */
  connectOptions(attempt: number): ConnectOptions | null;
}

/** Whose check it is. */
export interface CheckOwner {
  /** What came of it, with the reason when it is not PASSED; {@linkcode CheckOwner.interMs} is asked for next. */
  onChecked(verdict: number, reason: number, detail: number): void;
  /** Pause before the next check. */
  interMs(): number;
}

export interface ServerCheckOptions {
  readonly config: CheckConfig;
  readonly connectMs: number;
  readonly spreadPercent: number;
  readonly target: CheckTarget;
  /** What is sent; null when a connect is enough. */
  readonly request: Slab | null;
  /** null: it is not encrypted. */
  readonly tls: CheckTls | null;
  readonly buffers: CheckBuffers;
  readonly prng: Prng;
  readonly owner: CheckOwner;
}
