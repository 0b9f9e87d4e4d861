/**
 * The keys of an item, looked up and checked against the catalogue.
 *
 * May import: config.
 *
 * @module
 */
import { ITEM_KEYS } from "./catalogue_items.ts";
import { ConfigError, suggest, type WordPlace } from "./config_error.ts";
import type { Item } from "./item_parser.ts";

/** What stands in log lines unquoted: HAProxy's names. */
const NAME = /^[A-Za-z0-9_.:-]{1,64}$/;

/** Refuses keys that items of this kind do not have, keys without a value, and switches with one. @throws {ConfigError} */
export function rejectUnknownKeys(item: Item, kind: "listen" | "backend" | "route"): void {
  const known = ITEM_KEYS.filter((key) => key.items.includes(kind));
  for (const { key, keyColumn, value } of item.options) {
    const place = { source: item.source, word: item.word, column: keyColumn };
    const found = known.find((other) => other.name === key);
    if (found === undefined) {
      const where = ITEM_KEYS.find((other) => other.name === key)?.items[0];
      const state = where === undefined
        ? `no such key${suggest(key, known.map((other) => other.name))}`
        : `it belongs to a ${where} item`;
      throw new ConfigError(
        `Cannot use key "${key}" in ${item.source} at column ${keyColumn + 1}: ${state}`,
        place,
      );
    }
    if (found.type === "switch" && value !== null) {
      throw new ConfigError(
        `Cannot use ${key}=${value} in ${item.source}: ${key} has no value; write just ${key}`,
        place,
      );
    }
    const mayLackValue = found.type === "switch" || (found.type === "proxy" && kind === "listen");
    if (value === "" || (value === null && !mayLackValue)) {
      throw new ConfigError(`Cannot use ${key} in ${item.source}: it needs a value; write ${key}=…`, place);
    }
    if (key === "name" && !NAME.test(value!)) {
      throw new ConfigError(
        `Cannot use name "${value}" in ${item.source}: it has other than letters, digits and _ . : -, or more than 64`,
        place,
      );
    }
    if (found.isRepeatable !== true && item.options.filter((other) => other.key === key).length > 1) {
      throw new ConfigError(`Cannot use ${key} twice in ${item.source} ${item.word}`, place);
    }
  }
}

/** The value of a key; null when it was not written; "" for a switch that was. */
export function optionText(item: Item, key: string): string | null {
  const option = item.options.find((other) => other.key === key);
  return option === undefined ? null : option.value ?? "";
}

/** Every value of a key that may be repeated, with its place. */
export function optionTexts(item: Item, key: string): { readonly text: string; readonly place: WordPlace }[] {
  return item.options.filter((other) => other.key === key).map(({ value, valueColumn }) => ({
    text: value ?? "",
    place: { source: item.source, word: item.word, column: valueColumn },
  }));
}

/** Where a key's value is, for messages. */
export function optionPlace(item: Item, key: string): WordPlace {
  const option = item.options.find((other) => other.key === key);
  return { source: item.source, word: item.word, column: option?.valueColumn ?? 0 };
}
