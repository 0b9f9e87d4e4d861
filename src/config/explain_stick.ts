/**
 * The stickiness of a backend in words, for explain.ts: what is not as usual.
 *
 * May import: base, config.
 *
 * @module
 */
import { formatCookie } from "./cookie_value.ts";
import { formatEndpoint } from "./item_parser.ts";
import type { BackendConfig, Config, ListenerConfig, ServerConfig } from "./model.ts";
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

/** What is to be known about cookies, a line each: a key that nobody gave, backends that take each other's clients away. */
export function describeCookies(config: Config): string[] {
  return [
    ...(config.hasRandomCookieKey
      ? [
        "the cookie key is random: cookies of dynamic or sealed backends are void after a restart, and in other hadros; " +
        "see --cookie-key",
      ]
      : []),
    ...new Set(config.listeners.flatMap((listener) => describeShared(listener, config.backends))),
  ];
}

/** A client has one cookie of a name for a host: backends of other servers overwrite each other's. */
function describeShared(listener: ListenerConfig, backends: readonly BackendConfig[]): string[] {
  const places = [...listener.routes, { host: "", backend: listener.defaultBackend }].flatMap((place) => {
    const backend = backends.find(({ name }) => name === place.backend);
    return backend === undefined || backend.stick.cookie === null ? [] : [{ host: place.host, backend }];
  });
  return places.flatMap((one, i) =>
    places.slice(i + 1).filter((other) =>
      one.backend !== other.backend && (one.host === other.host || one.host === "" || other.host === "") &&
      one.backend.stick.cookie!.name === other.backend.stick.cookie!.name &&
      valuesOf(one.backend) !== valuesOf(other.backend)
    ).map(({ backend: { name, stick } }) =>
      `backends ${one.backend.name} and ${name} have the cookie ${
        stick.cookie!.name
      } for other servers: a client of both loses ` +
      "its server at each change; give one of them backend-cookie= with another name, or off"
    )
  );
}

function valuesOf({ servers }: BackendConfig): string {
  return servers.map(({ cookie, endpoint }) => `${cookie} ${formatEndpoint(endpoint)}`).sort().join();
}
