/**
 * Values of the keys that concern sockets: TCP keep-alive, TCP's user timeout, the source of connections.
 *
 *     tcp-keepalive   off | on | idle[":"interval[":"count]]      60s:10s:3; on, and what is left out: the system's
 *     tcp-ut          off | duration                              5s
 *     source          (address | interface) [":"port]             10.0.0.5 · [fd00::5]:4000 · fd00::5 · eth1
 *
 * An interface stands for the addresses that it has now, the first of each family; link-local ones are none.
 *
 * May import: base, config.
 *
 * @module
 */
import { canonicalHost, isIpLiteral } from "../base/ip_address.ts";
import { formatDurationMs, parseDurationMs, UnitError } from "../base/units.ts";
import { ConfigError, suggest, type WordPlace } from "./config_error.ts";
import type { SourceConfig, TcpConfig, TcpKeepAlive } from "./model.ts";
import type { SettingText } from "./settings.ts";
import { readDurationMs } from "./values.ts";

/** Linux's limits: MAX_TCP_KEEPIDLE and MAX_TCP_KEEPINTVL, MAX_TCP_KEEPCNT (net/tcp.h). */
const KEEP_SECONDS_MAX = 32_767;
const KEEP_COUNT_MAX = 127;
const PORT_MAX = 65_535;

/** @throws {ConfigError} */
export function readTcp(keepAlive: SettingText, userTimeout: SettingText): TcpConfig {
  return {
    keepAlive: readTcpKeepAlive("tcp-keepalive", keepAlive.text, keepAlive.place),
    userTimeoutMs: userTimeout.text === "off"
      ? 0
      : readDurationMs("tcp-ut", userTimeout.text, userTimeout.place),
  };
}

/** null: off. @throws {ConfigError} */
export function readTcpKeepAlive(what: string, text: string, place: WordPlace): TcpKeepAlive | null {
  const fail = (state: string): never => {
    throw new ConfigError(
      `Cannot use ${what} "${text}": ${state}; write off, on, or idle[:interval[:count]], as 60s:10s:3`,
      place,
    );
  };
  if (text === "off") return null;
  if (text === "on") return { idleSeconds: 0, intervalSeconds: 0, probeCount: 0 };
  const [idle, interval, count, ...more] = text.split(":");
  if (more.length > 0) fail("it has more than three parts");
  const seconds = (name: string, part: string): number => {
    try {
      const value = parseDurationMs(part) / 1_000;
      if (Number.isInteger(value) && value >= 1 && value <= KEEP_SECONDS_MAX) return value;
    } catch (error) {
      if (!(error instanceof UnitError)) throw error;
      return fail(error.message.split(";")[0]);
    }
    return fail(`the ${name} must be whole seconds from 1s to ${KEEP_SECONDS_MAX}s`);
  };
  const probeCount = count === undefined ? 0 : /^\d{1,3}$/.test(count) ? Number(count) : -1;
  if (count !== undefined && (probeCount < 1 || probeCount > KEEP_COUNT_MAX)) {
    fail(`the count must be a whole number from 1 to ${KEEP_COUNT_MAX}`);
  }
  return {
    idleSeconds: seconds("idle time", idle),
    intervalSeconds: interval === undefined ? 0 : seconds("interval", interval),
    probeCount,
  };
}

/** Returns the text that would give it. */
export function formatTcpKeepAlive(keepAlive: TcpKeepAlive | null): string {
  if (keepAlive === null) return "off";
  const { idleSeconds, intervalSeconds, probeCount } = keepAlive;
  if (idleSeconds === 0) return "on";
  const parts = [formatDurationMs(idleSeconds * 1_000)];
  if (intervalSeconds > 0) parts.push(formatDurationMs(intervalSeconds * 1_000));
  if (probeCount > 0) parts.push(String(probeCount));
  return parts.join(":");
}

/** @throws {ConfigError} when it is no address, nor the name of an interface that has one. */
export function readSource(what: string, text: string, place: WordPlace): SourceConfig {
  const match = isIpLiteral(text)
    ? ["", text]
    : /^\[([^\]]*)\](?::(\d{1,6}))?$/.exec(text) ?? /^([^:[\]]+)(?::(\d{1,6}))?$/.exec(text);
  const fail = (state: string): never => {
    throw new ConfigError(
      `Cannot use ${what} "${text}": ${state}; write 10.0.0.5, fd00::5, [fd00::5]:4000 or eth1`,
      place,
    );
  };
  if (match === null) return fail("it is malformed");
  const [, host = "", portText] = match;
  const port = Number(portText ?? 0);
  if (port > PORT_MAX) fail(`port ${portText} is above ${PORT_MAX}`);
  if (isIpLiteral(host)) return { interfaceName: "", hosts: [canonicalHost(host)], port };
  if (text.startsWith("[") || /^[0-9.]+$/.test(host)) return fail(`"${host}" is no IP address`);
  return { interfaceName: host, hosts: interfaceHosts(host, fail), port };
}

function interfaceHosts(name: string, fail: (state: string) => never): string[] {
  const all = Deno.networkInterfaces();
  const own = all.filter((one) => one.name === name);
  if (own.length === 0) {
    const names = [...new Set(all.map((one) => one.name))];
    return fail(`it is no IP address, and this machine has no such interface${suggest(name, names)}`);
  }
  const first = (family: "IPv4" | "IPv6") =>
    own.filter((one) => one.family === family && !/^fe[89ab]/i.test(one.address)).slice(0, 1);
  const hosts = [...first("IPv4"), ...first("IPv6")].map((one) => canonicalHost(one.address));
  return hosts.length === 0 ? fail(`the interface ${name} has no address`) : hosts;
}
