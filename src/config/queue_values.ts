/**
 * Reads what items say about queues: `maxconn`, `minconn` and `maxqueue` of a server, `fullconn` and `queue-prio` of its backend.
 *
 * What would have no effect is refused: it was meant to have one.
 *
 * May import: config.
 *
 * @module
 */
import { isHashing, isKeyName } from "./balance_values.ts";
import { ConfigError } from "./config_error.ts";
import { optionPlace, optionText } from "./item_options.ts";
import type { Item } from "./item_parser.ts";
import type { BalanceAlgorithm } from "./model.ts";
import type { ServerQueueConfig } from "./model_queue.ts";
import type { SettingText } from "./settings.ts";
import { readCount } from "./values.ts";

/** A server's; null when it takes whatever comes. `isSticky`: clients come back to their server. @throws {ConfigError} */
export function readServerQueue(
  item: Item,
  algorithm: BalanceAlgorithm,
  isSticky: boolean,
): ServerQueueConfig | null {
  const read = (key: string): number => {
    const text = optionText(item, key);
    return text === null ? 0 : readCount(key, text, optionPlace(item, key));
  };
  const [maxconn, minconn, maxqueue] = [read("maxconn"), read("minconn"), read("maxqueue")];
  const fail = (key: string, state: string): never => {
    throw new ConfigError(
      `Cannot use ${key}=${optionText(item, key)} in ${item.source}: ${state}`,
      optionPlace(item, key),
    );
  };
  if (maxconn === 0 && minconn > 0) fail("minconn", "it needs a maxconn to grow to; add maxconn=…");
  if (maxconn === 0 && maxqueue > 0) fail("maxqueue", "without a maxconn nobody waits; add maxconn=…");
  if (minconn > maxconn) fail("minconn", `it is more than maxconn=${maxconn}, which it grows to`);
  if (maxqueue > 0 && algorithm !== "leastconn" && !isHashing(algorithm) && !isSticky) {
    fail(
      "maxqueue",
      `with lb ${algorithm} all wait for any server, not for this one; leave it out, or write lb=leastconn, lb=source, backend-cookie= …`,
    );
  }
  return maxconn === 0 ? null : { maxconn, minconn: minconn === 0 ? maxconn : minconn, maxqueue };
}

/** A backend's `fullconn`; 0: a tenth of the connections that may come. @throws {ConfigError} */
export function readFullconn(
  written: SettingText | null,
  queues: readonly (ServerQueueConfig | null)[],
): number {
  if (written === null) return 0;
  const { text, place } = written;
  const fullconn = readCount("fullconn", text, place, 1);
  if (queues.some((queue) => queue !== null && queue.minconn < queue.maxconn)) return fullconn;
  throw new ConfigError(
    `Cannot use fullconn=${text}: no server of this backend has a minconn, which grows with it; add minconn=…, or leave it out`,
    place,
  );
}

/**
 * A backend's `queue-prio`: the header (lower case) that says in which class a request waits; "": none does. The flag is every
 * backend's default, also of those where nobody waits; a key is meant for this one. @throws {ConfigError}
 */
export function readQueuePrio(
  own: SettingText | null,
  flag: SettingText,
  scheme: "http" | "tcp",
  queues: readonly (ServerQueueConfig | null)[],
): string {
  const { text, place } = own ?? flag;
  if (text === "off") return "";
  const name = /^hdr:(.+)$/.exec(text)?.[1] ?? "";
  if (!isKeyName("hdr", name)) {
    const state = text.startsWith("hdr:") ? `"${name}" is no header name` : "no such choice";
    throw new ConfigError(`Cannot use queue-prio "${text}": ${state}; write off, or hdr:x-priority`, place);
  }
  const canWait = queues.some((queue) => queue !== null);
  if (scheme === "http" && canWait) return name.toLowerCase();
  if (own === null) return "";
  const state = scheme === "tcp"
    ? "tcp has no requests, and no headers; it is for http"
    : "no server of this backend has a maxconn, so nobody waits; add maxconn=…, or leave it out";
  throw new ConfigError(`Cannot use queue-prio=${text}: ${state}`, place);
}

/** In words, for explain.ts. */
export function formatServerQueue(queue: ServerQueueConfig | null): string {
  if (queue === null) return "";
  const { maxconn, minconn, maxqueue } = queue;
  return `  maxconn ${minconn < maxconn ? `${minconn} to ` : ""}${maxconn}${
    maxqueue === 0 ? "" : `  maxqueue ${maxqueue}`
  }`;
}
