/**
 * The stickiness of a backend in words, for explain.ts: what is not as usual.
 *
 * May import: base, config.
 *
 * @module
 */
import { formatCookie } from "./cookie_value.ts";
import type { BackendConfig, Config, ServerConfig } from "./model.ts";
import { formatRedispatch, formatStick } from "./stick_value.ts";

/** The facts, a few words each. */
export function explainStick({ stick, redispatch }: BackendConfig): string[] {
  const { cookie, table, isPersistent, ignoredPaths, forcedPaths } = stick;
  return [
    ...(redispatch === 1 ? [] : [`redispatch ${formatRedispatch(redispatch)}`]),
    ...(cookie === null ? [] : [`cookie ${formatCookie(cookie)}`]),
    ...(table === null ? [] : [`stick ${formatStick(table)}`]),
    ...(isPersistent && (cookie !== null || table !== null) ? ["persist"] : []),
    ...(ignoredPaths.length === 0 ? [] : [`ignore-persist ${ignoredPaths.join("+")}`]),
    ...(forcedPaths.length === 0 ? [] : [`force-persist ${forcedPaths.join("+")}`]),
  ];
}

/** What stands for a server in the cookie, where it is not its name. */
export function explainServerCookie({ stick }: BackendConfig, { name, cookie }: ServerConfig): string {
  if (stick.cookie === null || cookie === name) return "";
  return `  cookie ${cookie ?? "off"}`;
}

/** A line about the key, where it matters. */
export function explainCookieKey({ hasRandomCookieKey }: Config): string[] {
  return hasRandomCookieKey ? [`cookies  ${describeRandomKey()}`] : [];
}

/** What follows from a key that nobody gave. */
export function describeRandomKey(): string {
  return "the cookie key is random: cookies of dynamic or sealed backends are void after a restart, and in other hadros; " +
    "see --cookie-key";
}
