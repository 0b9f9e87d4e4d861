/**
 * Certificates and keys in PEM files: read, checked, refused in words.
 *
 *     in a file               is
 *     BEGIN CERTIFICATE       first one: the certificate; the others: its chain, each the issuer of the one before it
 *     BEGIN … PRIVATE KEY     its key
 *
 * May import: config, net, sys.
 *
 * @module
 */
import { createPrivateKey, X509Certificate } from "node:crypto";
import type { CertificateFiles } from "../config/model_tls.ts";
import type { TlsPair } from "../sys/tls_context.ts";

/** A file that cannot be used: which, why, and what would be right. */
export class TlsFileError extends Error {
  override name = "TlsFileError";
}

/** A certificate with its key, and where it is from. */
export interface LoadedPair {
  readonly pair: TlsPair;
  readonly path: string;
  readonly untilMs: number;
}

const CERTIFICATES = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;
const KEY = /-----BEGIN ([A-Z ]*)PRIVATE KEY-----[^-]+-----END \1PRIVATE KEY-----/;

/** The files of a directory, in the order of their names. */
export function listFiles(directory: string): string[] {
  return [...Deno.readDirSync(directory)].filter(({ isDirectory, name }) =>
    !isDirectory && !name.startsWith(".")
  ).map(({ name }) => `${directory}/${name}`).sort();
}

/** Reads a certificate, or a directory of them. @throws {TlsFileError} */
export function loadPairs(
  owner: string,
  { certPath, keyPath }: CertificateFiles,
  nowMs: number,
): LoadedPair[] {
  const isDirectory = statOf(owner, "cert", certPath).isDirectory;
  if (isDirectory && keyPath !== "") {
    throw newError(
      owner,
      "key",
      keyPath,
      "cert= is a directory, whose files have their keys in them; leave it out",
    );
  }
  const paths = isDirectory ? listFiles(certPath) : [certPath];
  if (paths.length === 0) {
    throw newError(
      owner,
      "cert",
      certPath,
      "the directory is empty; put PEM files with certificate and key into it",
    );
  }
  return paths.map((path) => loadPair(owner, path, keyPath, nowMs));
}

/** Reads one file. @throws {TlsFileError} */
export function loadPair(
  owner: string,
  path: string,
  keyPath: string,
  nowMs: number,
): LoadedPair {
  const fail = (state: string): never => {
    throw newError(owner, "cert", path, state);
  };
  const text = readFile(owner, "cert", path);
  const chain = parseChain(text, fail);
  const [first] = chain;
  if (first === undefined) {
    return fail("there is no certificate in it; a PEM file is needed (-----BEGIN CERTIFICATE-----)");
  }
  const keyText = keyPath === "" ? text : readFile(owner, "key", keyPath);
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

/** Reads the certificates of authorities; null for the path "". @throws {TlsFileError} */
export function loadCa(owner: string, caPath: string): string | null {
  if (caPath === "") return null;
  const text = readFile(owner, "ca", caPath);
  const all = text.match(CERTIFICATES);
  if (all === null) throw newError(owner, "ca", caPath, "there is no certificate in it");
  return all.join("\n");
}

function readFile(owner: string, key: string, path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    throw newError(owner, key, path, describeFileError(error));
  }
}

function statOf(owner: string, key: string, path: string): Deno.FileInfo {
  try {
    return Deno.statSync(path);
  } catch (error) {
    throw newError(owner, key, path, describeFileError(error));
  }
}

function describeFileError(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "there is no such file";
  if (error instanceof Deno.errors.PermissionDenied) return "it may not be read";
  if (error instanceof Deno.errors.IsADirectory) return "it is a directory";
  return error instanceof Error ? error.message : String(error);
}

function newError(owner: string, key: string, path: string, state: string): TlsFileError {
  return new TlsFileError(`Cannot use ${key}=${path} of ${owner}: ${state}`);
}

function oneLine(name: string): string {
  return name.replaceAll("\n", ", ");
}
