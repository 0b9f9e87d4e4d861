/**
 * What TLS of listeners and servers needs from files: read and checked at the start and again when they change (certificate_files.ts),
 * as plain data for every thread.
 *
 * May import: base, config, net, sys.
 *
 * @module
 */
import { X509Certificate } from "node:crypto";
import type { Config, ListenerConfig } from "../config/model.ts";
import type { CertificateFiles, ServerTls } from "../config/model_tls.ts";
import type { TlsPair } from "../sys/tls_context.ts";
import { listFiles, loadCa, loadPair, loadPairs } from "./certificate_files.ts";

/** Of one listener. */
export interface ListenerMaterial {
  /** In the order of their files' names; the first one is the default. */
  readonly pairs: readonly TlsPair[];
  /** PEM; null: clients are not asked for a certificate. */
  readonly clientCaPem: string | null;
  /** Until when each file's certificate is valid, in milliseconds since 1970. */
  readonly expiries: readonly { readonly path: string; readonly untilMs: number }[];
}

/** Of one server. */
export interface ServerMaterial {
  /** PEM; null: those of the system are trusted. */
  readonly caPem: string | null;
  /** hadro's own certificate; null for none. */
  readonly pair: TlsPair | null;
  readonly expiries: ListenerMaterial["expiries"];
}

/** Of all listeners, and of the servers of all backends, in the order of the configuration; null for those without TLS. */
export interface TlsMaterial {
  readonly listeners: readonly (ListenerMaterial | null)[];
  readonly backends: readonly (readonly (ServerMaterial | null)[])[];
  readonly ticketKeys: Uint8Array<ArrayBuffer>;
}

const TICKET_KEY_BYTES = 80;
const DAY_MS = 86_400_000;
/** People are warned so long before a certificate expires. */
const WARN_DAYS = 14;

/** Whether anything is encrypted. */
export function usesTls(config: Config): boolean {
  return config.listeners.some(({ tls }) => tls !== null) || reachesTls(config);
}

/** Whether some server is reached over TLS. */
export function reachesTls({ backends }: Config): boolean {
  return backends.some(({ servers }) => servers.some(({ tls }) => tls !== null));
}

/** What reading needs of its surroundings. */
export interface MaterialSource {
  /** Hears what people should know. */
  readonly tell: (message: string) => void;
  /** Makes a throw-away certificate for this machine. */
  readonly newPair: (nowMs: number) => TlsPair;
}

/**
 * Reads everything. With `before`, throw-away certificates and ticket keys stay as they were.
 *
 * @throws {TlsFileError}
 */
export function loadTlsMaterial(
  config: Config,
  source: MaterialSource,
  before: TlsMaterial | null = null,
): TlsMaterial {
  const nowMs = Date.now();
  return {
    listeners: config.listeners.map((listener, index) => {
      if (listener.tls === null) return null;
      const owner = `listener ${listener.name}`;
      const clientCaPem = loadCa(owner, listener.tls.clientCaPath);
      if (listener.tls.files === null) {
        const known = before?.listeners[index]?.pairs;
        return { pairs: known ?? [newPair(listener, source, nowMs)], clientCaPem, expiries: [] };
      }
      const loaded = loadPairs(owner, listener.tls.files, nowMs);
      return {
        pairs: loaded.map(({ pair }) => pair),
        clientCaPem,
        expiries: loaded.map(({ path, untilMs }) => ({ path, untilMs })),
      };
    }),
    backends: config.backends.map(({ name, servers }) =>
      servers.map((server) =>
        server.tls === null ? null : loadServer(`server ${name}/${server.name}`, server.tls, nowMs)
      )
    ),
    ticketKeys: before?.ticketKeys ?? crypto.getRandomValues(new Uint8Array(TICKET_KEY_BYTES)),
  };
}

function loadServer(owner: string, { caPath, files }: ServerTls, nowMs: number): ServerMaterial {
  const caPem = loadCa(owner, caPath);
  if (files === null) return { caPem, pair: null, expiries: [] };
  const { pair, path, untilMs } = loadPair(owner, files.certPath, files.keyPath, nowMs);
  return { caPem, pair, expiries: [{ path, untilMs }] };
}

/** Tells which certificates expire soon, or have. */
export function tellExpiries(
  config: Config,
  { listeners, backends }: TlsMaterial,
  tell: MaterialSource["tell"],
): void {
  for (const [index, { name }] of config.listeners.entries()) {
    tellOf(`listener ${name}`, listeners[index]?.expiries ?? [], tell);
  }
  for (const [index, { name, servers }] of config.backends.entries()) {
    for (const [at, server] of servers.entries()) {
      tellOf(`server ${name}/${server.name}`, backends[index]?.[at]?.expiries ?? [], tell);
    }
  }
}

function tellOf(owner: string, expiries: ListenerMaterial["expiries"], tell: MaterialSource["tell"]): void {
  for (const { path, untilMs } of expiries) {
    const leftMs = untilMs - Date.now();
    if (leftMs > WARN_DAYS * DAY_MS) continue;
    const date = new Date(untilMs).toISOString();
    const days = Math.floor(leftMs / DAY_MS);
    const state = leftMs <= 0
      ? `expired on ${date}`
      : `expires in ${days} ${days === 1 ? "day" : "days"}, on ${date}`;
    tell(`${owner}: ${path} ${state}`);
  }
}

/** When which file was changed, for who looks for changes; files that are gone count too. */
export function materialStamp(config: Config): string {
  const ofListeners = config.listeners.flatMap(({ tls }) =>
    tls === null ? [] : [...pathsOf(tls.files), tls.clientCaPath]
  );
  const ofServers = config.backends.flatMap(({ servers }) =>
    servers.flatMap(({ tls }) => tls === null ? [] : [...pathsOf(tls.files), tls.caPath])
  );
  const paths = [...ofListeners, ...ofServers];
  return paths.filter((path) => path !== "").map(stampOf).join("\n");
}

function stampOf(path: string): string {
  try {
    const { mtime, size } = Deno.statSync(path);
    return `${path} ${mtime?.getTime()} ${size}`;
  } catch {
    return `${path} gone`;
  }
}

function pathsOf(files: CertificateFiles | null): string[] {
  if (files === null) return [];
  const { certPath, keyPath } = files;
  try {
    return Deno.statSync(certPath).isDirectory ? [certPath, ...listFiles(certPath)] : [certPath, keyPath];
  } catch {
    return [certPath, keyPath];
  }
}

function newPair({ name }: ListenerConfig, { tell, newPair }: MaterialSource, nowMs: number): TlsPair {
  const pair = newPair(nowMs);
  const { fingerprint256 } = new X509Certificate(pair.chainPem);
  tell(`listener ${name}: no cert=; made a certificate for localhost, SHA-256 ${fingerprint256}`);
  return pair;
}
