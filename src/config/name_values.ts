/**
 * Values that concern names: how long what they had is held, who is asked, how many slots they have.
 *
 * May import: base, config.
 *
 * @module
 */
import { isIpLiteral } from "../base/ip_address.ts";
import { parseDurationMs, UnitError } from "../base/units.ts";
import { ConfigError, suggest, type WordPlace } from "./config_error.ts";
import type { HoldConfig, NameServerConfig, ResolveConfig } from "./model_names.ts";
import type { Settings } from "./settings.ts";
import { readCount, readDurationMs } from "./values.ts";

/** Slots of one template at most. */
export const SLOTS_MAX = 1_024;
/** Of `srv://` when nothing else is said. */
export const SRV_SLOTS = 16;
const RETRIES_MAX = 100;
const NAME_SERVERS_MAX = 8;
const DNS_PORT = 53;
const PORT_MAX = 65_535;

/** HAProxy's defaults. */
const HOLD: HoldConfig = {
  obsoleteMs: 0,
  nxMs: 30_000,
  refusedMs: 30_000,
  timeoutMs: 30_000,
  otherMs: 30_000,
};
const HOLD_STATES = ["nx", "obsolete", "other", "refused", "timeout"] as const;

/** What the flags say about names. @throws {ConfigError} */
export function readResolve(settings: Settings): ResolveConfig {
  const every = settings.last("resolve-every");
  const retries = settings.last("resolve-retries");
  const timeout = settings.last("timeout-resolve");
  const servers = settings.all("nameserver");
  if (servers.length > NAME_SERVERS_MAX) {
    throw new ConfigError(
      `Cannot use --nameserver ${servers.length} times: ${NAME_SERVERS_MAX} at most`,
      servers[NAME_SERVERS_MAX]!.place,
    );
  }
  const hold = { ...HOLD };
  for (const { text, place } of settings.all("hold")) readHold(text, place, hold);
  return {
    everyMs: readDurationMs("--resolve-every", every.text, every.place),
    hold,
    retries: readCount("--resolve-retries", retries.text, retries.place, 0, RETRIES_MAX),
    timeoutMs: readDurationMs("--timeout-resolve", timeout.text, timeout.place),
    nameServers: servers.map(({ text, place }) => readNameServer(text, place)),
  };
}

/** `nx=30s,obsolete=0` into `hold`. */
function readHold(text: string, place: WordPlace, hold: { -readonly [K in keyof HoldConfig]: number }): void {
  let column = place.column;
  for (const part of text.split(",")) {
    const fail = (state: string): never => {
      throw new ConfigError(`Cannot use --hold "${part}": ${state}`, { ...place, column });
    };
    const [name, duration, ...more] = part.split("=");
    const state = HOLD_STATES.find((other) => other === name);
    if (name === "valid") fail("how often a name is looked up is --resolve-every");
    if (duration === undefined || more.length > 0) fail("write a state and a duration, as nx=30s");
    if (state === undefined) fail(`no such state${suggest(name!, HOLD_STATES)}`);
    try {
      hold[`${state!}Ms`] = parseDurationMs(duration!);
    } catch (error) {
      if (!(error instanceof UnitError)) throw error;
      fail(error.message);
    }
    column += part.length + 1;
  }
}

/** An IP literal, with `:port` if need be. @throws {ConfigError} */
function readNameServer(text: string, place: WordPlace): NameServerConfig {
  const fail = (state: string): never => {
    throw new ConfigError(
      `Cannot use --nameserver "${text}": ${state}; write 10.0.0.53, 10.0.0.53:5353 or [fd00::53]:53`,
      place,
    );
  };
  const match = isIpLiteral(text) ? [text, text] : /^(?:\[(.*)\]|([^:]*))(?::(\d{1,5}))?$/.exec(text);
  if (match === null) return fail("it is malformed");
  const host = match[1] ?? match[2] ?? "";
  if (!isIpLiteral(host)) return fail("it is no IP address");
  const port = match[3] === undefined ? DNS_PORT : Number(match[3]);
  if (port === 0 || port > PORT_MAX) return fail(`a port is 1 to ${PORT_MAX}`);
  return { host, port };
}
