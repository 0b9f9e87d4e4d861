/**
 * Values of the flags and keys that limit what clients may do, and the limits of a listener.
 *
 *     allow, deny                 off | cidr *( "+" cidr )        10.0.0.0/8+fd00::/8
 *     max-body, max-header-size   off | size                      10m (and min-rate)
 *     rate                        off | rate *( "+" rate )        100/s+src@/login:5/m       (rate_values.ts)
 *     conn-rate                   off | rate                      20/s:burst=50
 *     auth                        off | user *( "+" user )        (auth_values.ts)
 *
 * A listener's key replaces what the flags say; `off` leaves nothing of it. Clients of unix sockets have no address: flags about
 * addresses pass them by, and keys are refused. So it is with limits of requests and tcp.
 *
 * May import: base, config.
 *
 * @module
 */
import { formatAddressBytes } from "../base/ip_address.ts";
import { readUser } from "./auth_values.ts";
import { ConfigError, type WordPlace } from "./config_error.ts";
import { optionPlace, optionText } from "./item_options.ts";
import type { Item } from "./item_parser.ts";
import type { Endpoint } from "./model.ts";
import type { Cidr, ListenerLimits, RateConfig, UserConfig } from "./model_limits.ts";
import { readConnRate, readRate } from "./rate_values.ts";
import type { Settings, SettingText } from "./settings.ts";
import { readCidr, readCount, readSizeBytes } from "./values.ts";

/** Ranges of one list: each is compared with every new client. */
const RANGES_MAX = 1_024;
/** As the parser's limit. */
const HEADER_COUNT_MAX = 1_000;
/** The place for a head: HEAD_CAPACITY of mux/h1_end.ts. */
export const HEADER_BYTES_MAX = 15_424;
const HEADER_BYTES_MIN = 256;
/** Rates of one listener: each has a table of a megabyte in each thread. */
const RATES_MAX = 16;
const USERS_MAX = 1_024;
/** Each stream has a record of its own: more of them at once are better had by more connections. */
const H2_STREAMS_MAX = 1_000;
const H2_GLITCHES_MAX = 1_000_000;

/** The limits of a listener: its keys before the flags. @throws {ConfigError} */
export function readListenerLimits(
  settings: Settings,
  item: Item,
  endpoint: Endpoint,
  scheme: "http" | "tcp",
): ListenerLimits {
  const one = (key: string) => {
    const text = optionText(item, key);
    if (text === null) return settings.last(key);
    if (scheme === "tcp") refuseOnTcp(key, text, optionPlace(item, key));
    return { text, place: optionPlace(item, key) };
  };
  const texts = (key: string) => aboutAddresses(key, item, endpoint, listTexts(settings, item, key));
  const isUnix = endpoint.kind === "unix";
  const rates = readRates(settings, item, isUnix, scheme);
  return {
    allow: readList("allow", texts("allow"), readCidr, RANGES_MAX),
    deny: readList("deny", texts("deny"), readCidr, RANGES_MAX),
    maxBodyBytes: readSizeOrOff("max-body", one("max-body")),
    maxHeaderCount: readHeaderCount(one("max-headers")),
    maxHeaderBytes: readHeaderBytes(one("max-header-size")),
    h2StreamMax: readStreamMax(one("h2-streams")),
    h2GlitchMax: readGlitchMax(one("h2-glitches")),
    rates: scheme === "tcp" ? [] : rates,
    connRates: [
      ...(scheme === "tcp" ? rates : []),
      ...readList(
        "conn-rate",
        aboutAddresses("conn-rate", item, endpoint, oneText(settings, item, "conn-rate")),
        readConnRate,
        1,
      ),
    ],
    maxconnPerSrc: readMaxconnPerSrc(settings, item, endpoint),
    users: readUsers(settings, item, scheme),
    minRateBytes: readSizeOrOff("min-rate", one("min-rate")),
  };
}

/** A backend's own limit of bodies; null when none was written. @throws {ConfigError} */
export function readBackendMaxBody(written: SettingText | null, scheme: "http" | "tcp"): number | null {
  if (written === null) return null;
  if (scheme === "tcp") refuseOnTcp("max-body", written.text, written.place);
  return readSizeOrOff("max-body", written);
}

/** Flags pass by what has neither addresses nor requests; keys are refused. @throws {ConfigError} */
function readRates(settings: Settings, item: Item, isUnix: boolean, scheme: "http" | "tcp"): RateConfig[] {
  const texts = listTexts(settings, item, "rate");
  const isOwn = optionText(item, "rate") !== null;
  const read = isOwn && scheme === "tcp" ? readConnRate : readRate;
  const rates = readList("rate", texts, read, RATES_MAX);
  return rates.filter((rate, i) => {
    if (isUnix && rate.key === "src") {
      if (isOwn) refuseOnUnix("rate", rate.text, texts[i]!.place);
      return false;
    }
    return scheme === "http" || (rate.key === "src" && rate.pathPrefix === "");
  });
}

/** @throws {ConfigError} on tcp as well, for a flag too: it would be open to everyone. */
function readUsers(settings: Settings, item: Item, scheme: "http" | "tcp"): UserConfig[] {
  const texts = listTexts(settings, item, "auth");
  if (scheme === "tcp" && texts.length > 0) {
    throw new ConfigError(
      `Cannot use auth with ${item.source} ${item.word}: tcp has no requests that it could ask; write auth=off there`,
      { source: item.source, word: item.word, column: item.addressColumn },
    );
  }
  return readList("auth", texts, readUser, USERS_MAX);
}

/** @throws {ConfigError} */
function readMaxconnPerSrc(settings: Settings, item: Item, endpoint: Endpoint): number {
  const [written] = aboutAddresses(
    "maxconn-per-src",
    item,
    endpoint,
    oneText(settings, item, "maxconn-per-src"),
  );
  return written === undefined ? 0 : readCount("maxconn-per-src", written.text, written.place);
}

/** The key's text, or the flag's; nothing for `off`. */
function oneText(settings: Settings, item: Item, key: string): SettingText[] {
  const text = optionText(item, key);
  const written = text === null ? settings.last(key) : { text, place: optionPlace(item, key) };
  return written.text === "off" ? [] : [written];
}

function refuseOnTcp(key: string, text: string, place: WordPlace): never {
  throw new ConfigError(
    `Cannot use ${key}=${text} in ${place.source}: tcp has no requests; it is for http`,
    place,
  );
}

/** 0: off. @throws {ConfigError} */
function readSizeOrOff(what: string, { text, place }: SettingText): number {
  if (text === "off") return 0;
  const sizeBytes = readSizeBytes(what, text, place);
  if (sizeBytes > 0) return sizeBytes;
  throw new ConfigError(`Cannot use ${what} "${text}": it must be at least 1; off means no limit`, place);
}

function readHeaderCount({ text, place }: SettingText): number {
  return readCount("max-headers", text, place, 1, HEADER_COUNT_MAX);
}

function readStreamMax({ text, place }: SettingText): number {
  return readCount("h2-streams", text, place, 0, H2_STREAMS_MAX);
}

function readGlitchMax({ text, place }: SettingText): number {
  return readCount("h2-glitches", text, place, 0, H2_GLITCHES_MAX);
}

/** @throws {ConfigError} */
function readHeaderBytes(written: SettingText): number {
  const sizeBytes = readSizeOrOff("max-header-size", written) || HEADER_BYTES_MAX;
  if (sizeBytes >= HEADER_BYTES_MIN && sizeBytes <= HEADER_BYTES_MAX) return sizeBytes;
  throw new ConfigError(
    `Cannot use max-header-size "${written.text}": it must be from ${HEADER_BYTES_MIN} to ${HEADER_BYTES_MAX} bytes, what hadro's buffer holds`,
    written.place,
  );
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
  return refuseOnUnix(key, text, optionPlace(item, key));
}

function refuseOnUnix(key: string, text: string, place: WordPlace): never {
  throw new ConfigError(
    `Cannot use ${key}=${text} in ${place.source}: clients of a unix socket have no address; leave it out`,
    place,
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
