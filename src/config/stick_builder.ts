/**
 * The stickiness of one backend: keys before flags, and what stands for each server in the cookie.
 *
 *     flag on a backend that cannot have it (a cookie, a key of requests; tcp)     passed by: it is meant for others
 *     the same where no backend could have it, or as a key                         refused
 *
 * May import: config.
 *
 * @module
 */
import { ConfigError } from "./config_error.ts";
import { CookieKey } from "./cookie_secret.ts";
import { readCookie } from "./cookie_value.ts";
import type { BackendConfig, Endpoint } from "./model.ts";
import type { CookieConfig, StickConfig, StickTableConfig } from "./model_stick.ts";
import type { Settings, SettingText } from "./settings.ts";
import { readPaths, readRedispatch, readStick } from "./stick_value.ts";

type FindKey = (key: string) => SettingText | null;
type Scheme = "http" | "tcp";

/** Servers' values: what ends a cookie, or splits its value, cannot be in one. */
const VALUE = /^[!#$%&'*+./0-9:<=>?@A-Z[\]^_`a-z{}()-]{1,64}$/;

/** Reads what a backend has; `findKey` gives the one value of a key over all of its items. @throws {ConfigError} */
export function buildStick(settings: Settings, findKey: FindKey, scheme: Scheme): StickConfig {
  const cookie = readBackendCookie(settings, findKey, scheme);
  const table = readTable(settings, findKey, scheme);
  const persist = findKey("persist");
  const paths = (key: string) => {
    const found = findKey(key);
    if (found === null) return [];
    if (scheme === "tcp") refuse(key, found, "tcp has no requests, and no paths");
    if (cookie === null && table === null) refuse(key, found, NOTHING_STICKS);
    return readPaths(key, found.text, found.place);
  };
  if (persist !== null && cookie === null && table === null) refuse("persist", persist, NOTHING_STICKS);
  return {
    cookie,
    table,
    isPersistent: persist !== null || settings.has("persist"),
    ignoredPaths: paths("ignore-persist"),
    forcedPaths: paths("force-persist"),
  };
}

/** Which retries go elsewhere. @throws {ConfigError} */
export function buildRedispatch(settings: Settings, findKey: FindKey): number {
  const { text, place } = findKey("redispatch") ?? settings.last("redispatch");
  return readRedispatch("redispatch", text, place);
}

/** What stands for a server in the backend's cookie; null: nothing does. @throws {ConfigError} */
export function buildServerCookie(
  cookie: CookieConfig | null,
  key: CookieKey,
  server: { readonly name: string; readonly endpoint: Endpoint },
  written: SettingText | null,
  scheme: Scheme,
): string | null {
  if (written !== null && cookie === null) {
    refuse("cookie", written, scheme === "tcp" ? "tcp has no cookies; use stick=src" : COOKIE_MISSING);
  }
  if (cookie === null || written?.text === "off") return null;
  if (written !== null && !VALUE.test(written.text)) {
    refuse("cookie", written, "it has a quote, space, comma, ; \\ | or ~, or more than 64 characters");
  }
  return key.valueOf(cookie, server.endpoint, server.name, written?.text ?? null);
}

/** Flags that no backend follows. @throws {ConfigError} */
export function rejectUselessStick(settings: Settings, backends: readonly BackendConfig[]): void {
  const reject = (name: string, isUseful: boolean, what: string) => {
    const { text, place } = settings.last(name);
    if (isUseful || !settings.has(name) || text === "off") return;
    // A key is not shown; a switch has nothing to show.
    const shown = name === "cookie-key" ? { ...place, word: "*".repeat(text.length) } : place;
    throw new ConfigError(`Cannot use --${name}: ${what}`, text === "" ? null : shown);
  };
  const sticks = backends.map(({ stick }) => stick);
  const hasHttp = backends.some(({ scheme }) => scheme === "http");
  const hasCookie = sticks.some(({ cookie }) => cookie !== null);
  reject("cookie", hasHttp, "tcp has no cookies; use --stick src");
  reject("cookie-key", sticks.some(({ cookie }) => (cookie?.values ?? "plain") !== "plain"), KEY_USELESS);
  const { text } = settings.last("cookie-key");
  const isGuessable = text !== "random" && text.length < KEY_CHARS_MIN;
  reject(
    "cookie-key",
    !isGuessable || sticks.every(({ cookie }) => cookie?.values !== "sealed"),
    KEY_GUESSABLE,
  );
  reject(
    "stick",
    hasHttp || sticks.some(({ table }) => table !== null),
    "tcp has no requests; use --stick src",
  );
  reject("persist", hasCookie || sticks.some(({ table }) => table !== null), NOTHING_STICKS);
}

const NOTHING_STICKS = "nothing brings clients back; add --cookie or --stick";
/** Keys that people choose: short ones can be guessed, and then all values. */
const KEY_CHARS_MIN = 16;
const KEY_GUESSABLE = `sealed needs at least ${KEY_CHARS_MIN} characters that nobody can guess; put what ` +
  "openssl rand -hex 32 says in HADRO_COOKIE_KEY";
const COOKIE_MISSING =
  "its backend has no cookie; add --cookie SRV:insert:indirect:nocache, or backend-cookie=";
const KEY_USELESS = "no backend has a cookie with dynamic or sealed";

function readBackendCookie(settings: Settings, findKey: FindKey, scheme: Scheme): CookieConfig | null {
  const own = findKey("backend-cookie");
  const { text, place } = own ?? settings.last("cookie");
  const cookie = readCookie(own === null ? "--cookie" : "backend-cookie", text, place);
  if (scheme === "http" || cookie === null) return cookie;
  return own === null ? null : refuse("backend-cookie", own, "tcp has no cookies; use stick=src");
}

function readTable(settings: Settings, findKey: FindKey, scheme: Scheme): StickTableConfig | null {
  const own = findKey("stick");
  const { text, place } = own ?? settings.last("stick");
  const table = readStick(own === null ? "--stick" : "stick", text, place);
  if (scheme === "http" || table === null || table.key === "src") return table;
  return own === null ? null : refuse("stick", own, "tcp has no requests; use stick=src");
}

function refuse(key: string, { text, place }: SettingText, state: string): never {
  throw new ConfigError(`Cannot use ${key}${text === "" ? "" : `=${text}`}: ${state}`, place);
}
