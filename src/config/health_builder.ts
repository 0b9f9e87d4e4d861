/**
 * Builds the health part of a backend's configuration, and refuses keys that would do nothing.
 *
 *     key                                                       needs
 *     inter, fastinter, downinter, rise, fall, timeout-check,
 *     check-port, check-addr                                    a check
 *     expect, check-method, check-host, disable-on-404          a check with a request (http)
 *     observe                                                   a check, or eject
 *     on-error                                                  a check, and observe
 *     error-limit                                               observe or eject
 *     eject                                                     no check
 *
 * A key of an item that lacks what it needs is an error; a flag is the default of every backend, and an error only where it is of
 * use to none.
 *
 * May import: base, config.
 *
 * @module
 */
import { CHECK_METHODS, OBSERVE_LEVELS, ON_ERRORS, ON_MARKED_DOWNS } from "./catalogue_health.ts";
import { readCheck, readCheckAddress, readCheckHeader, readCheckHost, readExpect } from "./check_values.ts";
import { ConfigError } from "./config_error.ts";
import type { BackendConfig, Endpoint, HostPolicy } from "./model.ts";
import type { CheckConfig, CheckRequest, HealthConfig } from "./model_health.ts";
import type { Settings, SettingText } from "./settings.ts";
import { readChoice, readCount, readDurationMs } from "./values.ts";

const RISE_MAX = 1_000;
const ERRORS_MAX = 1_000_000;
const PORT_MAX = 65_535;

const NEEDS_CHECK = [
  "inter",
  "fastinter",
  "downinter",
  "rise",
  "fall",
  "timeout-check",
  "check-port",
  "check-addr",
] as const;
const NEEDS_REQUEST = ["expect", "check-method", "check-host", "disable-on-404"] as const;

/** Finds what the items of a backend say of a key; null when none says anything. */
type FindKey = (key: string) => SettingText | null;

/** See the module's text. @throws {ConfigError} */
export function buildHealth(
  settings: Settings,
  findKey: FindKey,
  scheme: "http" | "tcp",
  hostPolicy: HostPolicy,
): HealthConfig {
  const find = (key: string) => findKey(key) ?? settings.last(key);
  const check = buildCheck(settings, findKey, hostPolicy);
  const observe = find("observe");
  const limit = find("error-limit");
  const onError = find("on-error");
  const onMarkedDown = find("on-marked-down");
  const level = readChoice("observe", observe.text, OBSERVE_LEVELS, observe.place);
  const ejectMs = durationOrOff("eject", find("eject"));
  rejectUselessKeys(findKey, check, level !== "off", ejectMs > 0);
  if (level === "l7" && scheme === "tcp" && findKey("observe") !== null) {
    throw new ConfigError(
      "Cannot use observe=l7: a tcp backend has no answers to look at; write l4",
      observe.place,
    );
  }
  return {
    check,
    // As a flag, l7 is as much as there is to see.
    observe: level === "off" && check === null && ejectMs > 0
      ? defaultLevel(scheme)
      : level === "l7" && scheme === "tcp"
      ? "l4"
      : level,
    errorLimit: readCount("error-limit", limit.text, limit.place, 1, ERRORS_MAX),
    onError: readChoice("on-error", onError.text, ON_ERRORS, onError.place),
    ejectMs: check === null ? ejectMs : 0,
    slowStartMs: durationOrOff("slowstart", find("slowstart")),
    onMarkedDown: readChoice("on-marked-down", onMarkedDown.text, ON_MARKED_DOWNS, onMarkedDown.place),
  };
}

/** Where a server's checks connect to; null: to the server itself. @throws {ConfigError} */
export function buildCheckEndpoint(
  own: Endpoint,
  port: SettingText,
  address: SettingText,
): Endpoint | null {
  const checkPort = readCount("check-port", port.text, port.place, 0, PORT_MAX);
  const host = readCheckAddress("check-addr", address.text, address.place);
  if (checkPort === 0 && host === "") return null;
  if (own.kind === "unix" && (checkPort === 0 || host === "")) {
    const place = host === "" ? port.place : address.place;
    throw new ConfigError(
      "Cannot check a unix socket's server elsewhere with one of check-port and check-addr: write both",
      place,
    );
  }
  return {
    kind: "tcp",
    host: host === "" ? own.host : host,
    port: checkPort === 0 ? own.port : checkPort,
    path: "",
  };
}

/** Refuses flags that no backend has a use for. @throws {ConfigError} */
export function rejectUselessFlags(settings: Settings, backends: readonly BackendConfig[]): void {
  const checks = backends.map(({ health }) => health.check).filter((check) => check !== null);
  const reject = (names: readonly string[], isUseful: boolean, what: string) => {
    const name = isUseful ? undefined : names.find((other) => settings.has(other));
    if (name !== undefined) {
      throw new ConfigError(`Cannot use --${name}: no backend has ${what}`, settings.last(name).place);
    }
  };
  reject([...NEEDS_CHECK, "spread-checks"], checks.length > 0, "a check; add --check tcp or --check /path");
  reject(
    [...NEEDS_REQUEST, "check-header"],
    checks.some(({ request }) => request !== null),
    "an http check; add --check /path",
  );
  const isObserved = backends.some(({ health }) => health.observe !== "off");
  reject(["observe"], !backends.every(isObserveIdle), "a check or eject; add --check tcp or --eject 10s");
  reject(["error-limit"], isObserved, "observe or eject; add --observe l4 or --eject 10s");
  reject(["on-error"], isObserved && checks.length > 0, "observe and a check; add --observe l4");
  reject(["eject"], backends.some(({ health }) => health.ejectMs > 0), "no check; use --observe l4 with it");
}

/** Errors are counted, and nothing would come of it. */
function isObserveIdle({ health }: BackendConfig): boolean {
  return health.observe !== "off" && health.check === null && health.ejectMs === 0;
}

function defaultLevel(scheme: "http" | "tcp"): "l4" | "l7" {
  return scheme === "http" ? "l7" : "l4";
}

function buildCheck(settings: Settings, findKey: FindKey, hostPolicy: HostPolicy): CheckConfig | null {
  const find = (key: string) => findKey(key) ?? settings.last(key);
  const check = find("check");
  const path = readCheck("check", check.text, check.place);
  if (path === null) return null;
  const inter = find("inter");
  const rise = find("rise");
  const fall = find("fall");
  return {
    request: path === "" ? null : buildRequest(settings, findKey, path, hostPolicy),
    interMs: readDurationMs("inter", inter.text, inter.place),
    fastInterMs: durationOrOff("fastinter", find("fastinter")),
    downInterMs: durationOrOff("downinter", find("downinter")),
    rise: readCount("rise", rise.text, rise.place, 1, RISE_MAX),
    fall: readCount("fall", fall.text, fall.place, 1, RISE_MAX),
    timeoutMs: durationOrOff("timeout-check", find("timeout-check")),
  };
}

function buildRequest(
  settings: Settings,
  findKey: FindKey,
  path: string,
  hostPolicy: HostPolicy,
): CheckRequest {
  const find = (key: string) => findKey(key) ?? settings.last(key);
  const method = find("check-method");
  const host = find("check-host");
  const expectText = find("expect");
  const expect = readExpect("expect", expectText.text, expectText.place);
  const methodName = readChoice("check-method", method.text, CHECK_METHODS, method.place);
  if (expect.kind === "body" && methodName === "HEAD") {
    throw new ConfigError(
      "Cannot use expect body: with check-method HEAD: its answers have no body; write GET",
      {
        ...expectText.place,
      },
    );
  }
  const policyHost = hostPolicy.kind === "name" ? hostPolicy.name : "";
  return {
    method: methodName,
    path,
    host: readCheckHost("check-host", host.text, host.place) || policyHost,
    headers: settings.all("check-header").map(({ text, place }) =>
      readCheckHeader("--check-header", text, place)
    ),
    expect,
    disableOn404: findKey("disable-on-404") !== null || settings.has("disable-on-404"),
  };
}

function rejectUselessKeys(
  findKey: FindKey,
  check: CheckConfig | null,
  isObserved: boolean,
  isEjecting: boolean,
): void {
  const reject = (keys: readonly string[], isUseful: boolean, what: string) => {
    for (const key of isUseful ? [] : keys) {
      const found = findKey(key);
      if (found !== null) throw new ConfigError(`Cannot use ${key}: ${what}`, found.place);
    }
  };
  const hasCheck = check !== null;
  reject(NEEDS_CHECK, hasCheck, "this backend has no check; add check=tcp or check=/path");
  reject(
    NEEDS_REQUEST,
    check !== null && check.request !== null,
    "this backend has no http check; add check=/path",
  );
  reject(["eject"], !hasCheck, "this backend has a check; observe= and on-error= go with it");
  reject(["observe"], !isObserved || hasCheck || isEjecting, "it needs check=, or eject=10s");
  reject(["on-error"], hasCheck && isObserved, "it needs a check and observe=l4 or l7");
  reject(["error-limit"], isObserved || isEjecting, "it needs observe=l4 or l7, or eject=10s");
}

function durationOrOff(what: string, { text, place }: SettingText): number {
  return text === "off" ? 0 : readDurationMs(what, text, place);
}
