/**
 * What listeners with TLS need from files: read and checked at the start and again when they change, as plain data for every thread.
 *
 *     in a file               is
 *     BEGIN CERTIFICATE       first one: the certificate; the others: its chain, each the issuer of the one before it
 *     BEGIN … PRIVATE KEY     its key
 *
 * May import: base, config, net, sys.
 *
 * @module
 */
import { createPrivateKey, X509Certificate } from "node:crypto";
import type { Config, ListenerConfig } from "../config/model.ts";
import type { ListenerTls } from "../config/model_tls.ts";
import type { TlsPair } from "../sys/tls_context.ts";

/** Of one listener. */
export interface ListenerMaterial {
  /** In the order of their files' names; the first one is the default. */
  readonly pairs: readonly TlsPair[];
  /** PEM; null: clients are not asked for a certificate. */
  readonly clientCaPem: string | null;
  /** Until when each file's certificate is valid, in milliseconds since 1970. */
  readonly expiries: readonly { readonly path: string; readonly untilMs: number }[];
}

/** Of all listeners, in the order of the configuration; null for those without TLS. */
export interface TlsMaterial {
  readonly listeners: readonly (ListenerMaterial | null)[];
  readonly ticketKeys: Uint8Array<ArrayBuffer>;
}

/** A file that cannot be used: which, why, and what would be right. */
export class TlsFileError extends Error {
  override name = "TlsFileError";
}

const CERTIFICATES = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;
const KEY = /-----BEGIN ([A-Z ]*)PRIVATE KEY-----[^-]+-----END \1PRIVATE KEY-----/;
const TICKET_KEY_BYTES = 80;
const DAY_MS = 86_400_000;
/** People are warned so long before a certificate expires. */
const WARN_DAYS = 14;

/** Whether anything is encrypted. */
export function usesTls(config: Config): boolean {
  return config.listeners.some(({ tls }) => tls !== null);
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
      const clientCaPem = loadCa(listener, listener.tls);
      if (listener.tls.files === null) {
        const known = before?.listeners[index]?.pairs;
        return { pairs: known ?? [newPair(listener, source, nowMs)], clientCaPem, expiries: [] };
      }
      const loaded = loadPairs(listener, listener.tls, nowMs);
      return {
        pairs: loaded.map(({ pair }) => pair),
        clientCaPem,
        expiries: loaded.map(({ path, untilMs }) => ({ path, untilMs })),
      };
    }),
    ticketKeys: before?.ticketKeys ?? crypto.getRandomValues(new Uint8Array(TICKET_KEY_BYTES)),
  };
}

/** Tells which certificates expire soon, or have. */
export function tellExpiries(config: Config, { listeners }: TlsMaterial, tell: MaterialSource["tell"]): void {
  const nowMs = Date.now();
  for (const [index, { name }] of config.listeners.entries()) {
    for (const { path, untilMs } of listeners[index]?.expiries ?? []) {
      const leftMs = untilMs - nowMs;
      if (leftMs > WARN_DAYS * DAY_MS) continue;
      const date = new Date(untilMs).toISOString();
      const days = Math.floor(leftMs / DAY_MS);
      tell(
        `listener ${name}: ${path} ${
          leftMs <= 0 ? `expired on ${date}` : `expires in ${days} ${days === 1 ? "day" : "days"}, on ${date}`
        }`,
      );
    }
  }
}

/** When which file was changed, for who looks for changes; files that are gone count too. */
export function materialStamp(config: Config): string {
  const paths = config.listeners.flatMap(({ tls }) =>
    tls === null ? [] : [...(tls.files === null ? [] : pathsOf(tls)), tls.clientCaPath]
  );
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

function pathsOf({ files }: ListenerTls): string[] {
  const { certPath, keyPath } = files!;
  try {
    return Deno.statSync(certPath).isDirectory ? [certPath, ...listFiles(certPath)] : [certPath, keyPath];
  } catch {
    return [certPath, keyPath];
  }
}

function listFiles(directory: string): string[] {
  return [...Deno.readDirSync(directory)].filter(({ isDirectory, name }) =>
    !isDirectory && !name.startsWith(".")
  ).map(({ name }) => `${directory}/${name}`).sort();
}

interface LoadedPair {
  readonly pair: TlsPair;
  readonly path: string;
  readonly untilMs: number;
}

function newPair({ name }: ListenerConfig, { tell, newPair }: MaterialSource, nowMs: number): TlsPair {
  const pair = newPair(nowMs);
  const { fingerprint256 } = new X509Certificate(pair.chainPem);
  tell(`listener ${name}: no cert=; made a certificate for localhost, SHA-256 ${fingerprint256}`);
  return pair;
}

function loadPairs(
  listener: ListenerConfig,
  { files }: ListenerTls,
  nowMs: number,
): LoadedPair[] {
  const { certPath, keyPath } = files!;
  const isDirectory = statOf(listener, "cert", certPath).isDirectory;
  if (isDirectory && keyPath !== "") {
    throw newError(
      listener,
      "key",
      keyPath,
      "cert= is a directory, whose files have their keys in them; leave it out",
    );
  }
  const paths = isDirectory ? listFiles(certPath) : [certPath];
  if (paths.length === 0) {
    throw newError(
      listener,
      "cert",
      certPath,
      "the directory is empty; put PEM files with certificate and key into it",
    );
  }
  return paths.map((path) => loadPair(listener, path, keyPath, nowMs));
}

function loadPair(
  listener: ListenerConfig,
  path: string,
  keyPath: string,
  nowMs: number,
): LoadedPair {
  const fail = (state: string): never => {
    throw newError(listener, "cert", path, state);
  };
  const text = readFile(listener, "cert", path);
  const chain = parseChain(text, fail);
  const [first] = chain;
  if (first === undefined) {
    return fail("there is no certificate in it; a PEM file is needed (-----BEGIN CERTIFICATE-----)");
  }
  const keyText = keyPath === "" ? text : readFile(listener, "key", keyPath);
  const keyPem = KEY.exec(keyText)?.[0];
  if (keyPem === undefined) {
    return keyPath === ""
      ? fail("there is no private key in it; add it, or write key=")
      : fail(`there is no private key in ${keyPath}`);
  }
  if (!fits(first, keyPem, fail)) return fail(`the key in ${keyPath || path} does not fit the certificate`);
  for (const [index, issuer] of chain.slice(1).entries()) {
    if (chain[index]!.issuer === issuer.subject) continue;
    return fail(
      `its chain is in the wrong order: certificate ${index + 2} (${
        oneLine(issuer.subject)
      }) did not sign the one before it ` +
        `(whose issuer is ${oneLine(chain[index]!.issuer)}); write the certificate first, then each issuer`,
    );
  }
  const untilMs = Date.parse(first.validTo);
  if (untilMs <= nowMs) return fail(`it expired on ${first.validTo}`);
  if (Date.parse(first.validFrom) > nowMs) return fail(`it is not valid before ${first.validFrom}`);
  const pair = { names: namesOf(first), chainPem: chain.map(String).join(""), keyPem };
  return { pair, path, untilMs };
}

function parseChain(text: string, fail: (state: string) => never): X509Certificate[] {
  return (text.match(CERTIFICATES) ?? []).map((pem, index) => {
    try {
      return new X509Certificate(pem);
    } catch {
      return fail(`certificate ${index + 1} in it cannot be read`);
    }
  });
}

function fits(first: X509Certificate, keyPem: string, fail: (state: string) => never): boolean {
  try {
    return first.checkPrivateKey(createPrivateKey(keyPem));
  } catch (error) {
    const isEncrypted = keyPem.includes("ENCRYPTED");
    return fail(
      isEncrypted
        ? "its key has a password; write it without one (openssl pkey)"
        : `its key cannot be read (${error instanceof Error ? error.message : error})`,
    );
  }
}

/** The names that a certificate is for: those of subjectAltName, else the common name. */
function namesOf({ subjectAltName, subject }: X509Certificate): string[] {
  const names = (subjectAltName ?? "").split(/,\s*/).flatMap((part) => /^DNS:(.+)$/.exec(part)?.[1] ?? []);
  const common = /^CN=(.+)$/m.exec(subject)?.[1];
  const all = names.length > 0 || common === undefined ? names : [common];
  return all.map((name) => name.toLowerCase());
}

function loadCa(listener: ListenerConfig, { clientCaPath }: ListenerTls): string | null {
  if (clientCaPath === "") return null;
  const text = readFile(listener, "ca", clientCaPath);
  const all = text.match(CERTIFICATES);
  if (all === null) throw newError(listener, "ca", clientCaPath, "there is no certificate in it");
  return all.join("\n");
}

function readFile(listener: ListenerConfig, key: string, path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    throw newError(listener, key, path, describeFileError(error));
  }
}

function statOf(listener: ListenerConfig, key: string, path: string): Deno.FileInfo {
  try {
    return Deno.statSync(path);
  } catch (error) {
    throw newError(listener, key, path, describeFileError(error));
  }
}

function describeFileError(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "there is no such file";
  if (error instanceof Deno.errors.PermissionDenied) return "it may not be read";
  if (error instanceof Deno.errors.IsADirectory) return "it is a directory";
  return error instanceof Error ? error.message : String(error);
}

function newError({ name }: ListenerConfig, key: string, path: string, state: string): TlsFileError {
  return new TlsFileError(`Cannot use ${key}=${path} of listener ${name}: ${state}`);
}

function oneLine(name: string): string {
  return name.replaceAll("\n", ", ");
}
