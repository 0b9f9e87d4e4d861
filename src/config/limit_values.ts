/**
 * Values of the flags and keys that limit what clients may do, and the limits of a listener.
 *
 *     allow, deny   off | cidr *( "+" cidr )                      10.0.0.0/8+fd00::/8
 *
 * A listener's key replaces what the flags say; `off` leaves nothing of it. Clients of unix sockets have no address: flags about
 * addresses pass them by, and keys are refused.
 *
 * May import: base, config.
 *
 * @module
 */
import { formatAddressBytes } from "../base/ip_address.ts";
import { ConfigError, type WordPlace } from "./config_error.ts";
import { optionPlace, optionText } from "./item_options.ts";
import type { Item } from "./item_parser.ts";
import type { Cidr, Endpoint, ListenerLimits } from "./model.ts";
import type { Settings, SettingText } from "./settings.ts";
import { readCidr } from "./values.ts";

/** Ranges of one list: each is compared with every new client. */
const RANGES_MAX = 1_024;

/** The limits of a listener: its keys before the flags. @throws {ConfigError} */
export function readListenerLimits(settings: Settings, item: Item, endpoint: Endpoint): ListenerLimits {
  const texts = (key: string) => aboutAddresses(key, item, endpoint, listTexts(settings, item, key));
  return {
    allow: readList("allow", texts("allow"), readCidr, RANGES_MAX),
    deny: readList("deny", texts("deny"), readCidr, RANGES_MAX),
  };
}

/** `10.0.0.0/8`; IPv6 as RFC 5952 writes it. */
export function formatCidr({ bytes, prefixBits }: Cidr): string {
  return `${formatAddressBytes(Uint8Array.from(bytes), 0, bytes.length === 4 ? 4 : 16)}/${prefixBits}`;
}

/** The texts of a list: the parts of the key's value, or those of every flag; each with its place. */
function listTexts(settings: Settings, item: Item, key: string): SettingText[] {
  const text = optionText(item, key);
  if (text === "off") return [];
  const written = text === null ? settings.all(key) : [{ text, place: optionPlace(item, key) }];
  return written.flatMap(splitList);
}

function splitList({ text, place }: SettingText): SettingText[] {
  let column = place.column;
  return text.split("+").map((part) => {
    const own = { text: part, place: { ...place, column } };
    column += part.length + 1;
    return own;
  });
}

/** @throws {ConfigError} for a key about addresses on a unix socket; flags do not concern it. */
function aboutAddresses<T>(key: string, item: Item, endpoint: Endpoint, value: T[]): T[] {
  if (endpoint.kind !== "unix" || value.length === 0) return value;
  const text = optionText(item, key);
  if (text === null) return [];
  throw new ConfigError(
    `Cannot use ${key}=${text} in ${item.source}: clients of a unix socket have no address; leave it out`,
    optionPlace(item, key),
  );
}

function readList<T>(
  what: string,
  texts: readonly SettingText[],
  read: (what: string, text: string, place: WordPlace) => T,
  countMax: number,
): T[] {
  if (texts.length > countMax) {
    throw new ConfigError(
      `Cannot use ${what} with ${texts.length} entries: ${countMax} are the most`,
      texts[countMax]!.place,
    );
  }
  return texts.map(({ text, place }) => read(what, text, place));
}
