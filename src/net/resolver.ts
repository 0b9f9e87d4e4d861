/**
 * Names to addresses, off the data path: at the start, and again for ever.
 *
 *     IP literal, unix path     at once, never again
 *     localhost, "" (":port")   127.0.0.1 and ::1, at once, never again
 *     a name                    now; then every intervalMs; after a failure 1 s, 2 s, … up to intervalMs
 *
 * A failure after a success changes nothing: the last good addresses hold. A callback is called at once with what is known,
 * then only when the set of addresses changes, or the first answer is a failure (with the reason in words).
 *
 * 127.0.0.1 comes before ::1: most servers listen there or on both, and a refused connect costs a turn.
 *
 * May import: base, config, event.
 *
 * @module
 */
import { lookup } from "node:dns/promises";
import type { Endpoint } from "../config/model.ts";
import type { SocketAddress } from "../event/poller.ts";
import { canonicalHost, isIpLiteral } from "../base/ip_address.ts";

/** What a watcher is told: addresses, and when there are none why. */
export type ResolveCallback = (addresses: readonly SocketAddress[], reason: string) => void;

export interface NameResolverOptions {
  /** Between two looks at a name. @default {10000} */
  readonly intervalMs?: number;
  /** Returns the IP literals of a name, or throws. @default the system's resolver (getaddrinfo) */
  readonly lookup?: (name: string) => Promise<readonly string[]>;
  /** Calls `run` once after `delayMs`; returns how to take it back. @default setTimeout */
  readonly schedule?: (delayMs: number, run: () => void) => () => void;
}

/** Names looked up at once. */
export const LOOKUPS_MAX = 8;
const RETRY_MS_MIN = 1_000;
const DEFAULT_INTERVAL_MS = 10_000;

interface Watch {
  readonly endpoint: Endpoint;
  readonly callback: ResolveCallback;
  addresses: readonly string[];
  retryMs: number;
  hasAnswered: boolean;
  cancel: () => void;
}

/** See the module's text. */
export class NameResolver {
  readonly #intervalMs: number;
  readonly #lookup: (name: string) => Promise<readonly string[]>;
  readonly #schedule: (delayMs: number, run: () => void) => () => void;
  readonly #watches = new Set<Watch>();
  readonly #waiting: Watch[] = [];
  #running = 0;
  #isClosed = false;

  constructor(options: NameResolverOptions) {
    this.#intervalMs = options.intervalMs ?? DEFAULT_INTERVAL_MS;
    this.#lookup = options.lookup ?? systemLookup;
    this.#schedule = options.schedule ?? systemSchedule;
  }

  /** Tells `callback` the addresses of `endpoint`, now (when no lookup is needed) and whenever they change. */
  watch(endpoint: Endpoint, callback: ResolveCallback): void {
    const fixed = fixedAddresses(endpoint);
    if (fixed !== null) {
      callback(fixed, "");
      return;
    }
    const watch: Watch = {
      endpoint,
      callback,
      addresses: [],
      retryMs: RETRY_MS_MIN,
      hasAnswered: false,
      cancel: () => {},
    };
    this.#watches.add(watch);
    this.#enqueue(watch);
  }

  /** Ends every watch; no callback comes any more. */
  close(): void {
    this.#isClosed = true;
    for (const watch of this.#watches) watch.cancel();
    this.#watches.clear();
    this.#waiting.length = 0;
  }

  #enqueue(watch: Watch): void {
    this.#waiting.push(watch);
    while (this.#running < LOOKUPS_MAX && this.#waiting.length > 0) this.#run(this.#waiting.shift()!);
  }

  #run(watch: Watch): void {
    this.#running++;
    this.#lookup(watch.endpoint.host).then(
      (found) => this.#onFound(watch, found),
      (error) => this.#onFailed(watch, error instanceof Error ? error.message : String(error)),
    ).finally(() => {
      this.#running--;
      const next = this.#waiting.shift();
      if (next !== undefined && !this.#isClosed) this.#run(next);
    });
  }

  #onFound(watch: Watch, found: readonly string[]): void {
    if (this.#isClosed) return;
    const addresses = [...new Set(found.map(canonicalHost))].sort();
    if (addresses.length === 0) {
      this.#onFailed(watch, "no address");
      return;
    }
    watch.retryMs = RETRY_MS_MIN;
    this.#again(watch, this.#intervalMs);
    watch.hasAnswered = true;
    if (addresses.join() === watch.addresses.join()) return;
    watch.addresses = addresses;
    watch.callback(addresses.map((host) => ({ kind: "tcp", host, port: watch.endpoint.port })), "");
  }

  #onFailed(watch: Watch, reason: string): void {
    if (this.#isClosed) return;
    this.#again(watch, Math.min(watch.retryMs, this.#intervalMs));
    watch.retryMs *= 2;
    if (watch.hasAnswered) return;
    watch.hasAnswered = true;
    watch.callback([], `name ${watch.endpoint.host} does not resolve (${reason})`);
  }

  #again(watch: Watch, delayMs: number): void {
    watch.cancel = this.#schedule(delayMs, () => this.#enqueue(watch));
  }
}

function fixedAddresses(endpoint: Endpoint): SocketAddress[] | null {
  const { kind, host, port, path } = endpoint;
  if (kind === "unix") return [{ kind: "unix", path }];
  if (host === "" || host.toLowerCase() === "localhost") {
    return [{ kind: "tcp", host: "127.0.0.1", port }, { kind: "tcp", host: "::1", port }];
  }
  return isIpLiteral(host) ? [{ kind: "tcp", host, port }] : null;
}

async function systemLookup(name: string): Promise<readonly string[]> {
  const found = await lookup(name, { all: true, verbatim: true });
  return found.map((entry) => entry.address);
}

function systemSchedule(delayMs: number, run: () => void): () => void {
  const timer = setTimeout(run, delayMs);
  return () => clearTimeout(timer);
}
