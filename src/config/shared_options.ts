/**
 * Keys that several items share with one value: of a backend, or of a listener alone.
 *
 * May import: config.
 *
 * @module
 */
import { ConfigError } from "./config_error.ts";
import { optionPlace, optionText } from "./item_options.ts";
import type { Item } from "./item_parser.ts";
import type { TcpConfig, Timeouts } from "./model.ts";
import type { Settings, SettingText } from "./settings.ts";
import { readTcp } from "./socket_values.ts";
import { readDurationMs } from "./values.ts";

/** The timeouts of items: their own keys before the flags. @throws {ConfigError} */
export function readTimeouts(settings: Settings, items: readonly Item[]): Timeouts {
  const read = (key: string) => {
    const { text, place } = sharedOption(items, key) ?? settings.last(`timeout-${key}`);
    return readDurationMs(`timeout ${key}`, text, place);
  };
  return {
    connectMs: read("connect"),
    clientMs: read("client"),
    serverMs: read("server"),
    requestMs: read("request"),
    keepAliveMs: read("keepalive"),
    queueMs: read("queue"),
    tunnelMs: read("tunnel"),
    clientFinMs: read("client-fin"),
    serverFinMs: read("server-fin"),
    clientHandshakeMs: read("client-hs"),
  };
}

/** What items say about TCP: their own keys before the flags. @throws {ConfigError} */
export function readItemTcp(settings: Settings, items: readonly Item[]): TcpConfig {
  const find = (key: string) => sharedOption(items, key) ?? settings.last(key);
  return readTcp(find("tcp-keepalive"), find("tcp-ut"));
}

/** What one item says itself; null when it does not. */
export function writtenOption(item: Item, key: string): SettingText | null {
  const text = optionText(item, key);
  return text === null ? null : { text, place: optionPlace(item, key) };
}

/** The one value of a key over all items; null when none has it. @throws {ConfigError} when two differ. */
export function sharedOption(items: readonly Item[], key: string): SettingText | null {
  let found: SettingText | null = null;
  for (const item of items) {
    const text = optionText(item, key);
    if (text === null) continue;
    const place = optionPlace(item, key);
    if (found !== null && found.text !== text) {
      throw new ConfigError(
        `Cannot use ${key}=${text}: another server of this backend has ${key}=${found.text}`,
        place,
      );
    }
    found = { text, place };
  }
  return found;
}
