/**
 * The keys of https:// and tls:// listeners.
 *
 *     cert=PATH         a PEM file, certificate first, then its chain; or a directory of such files, each with its key
 *     key=PATH          the key's PEM file; in the certificate's when left out
 *     ca=PATH           certificates that sign those of clients
 *     verify=required   clients without a certificate are refused (when there is ca=, the default); optional: they are not
 *     strict-sni        names that no certificate is for are refused
 *     tls-min=1.2|1.3
 *
 * A loopback address needs no cert=: one is made at the start.
 *
 * May import: base, config.
 *
 * @module
 */
import { ConfigError } from "./config_error.ts";
import { optionPlace, optionText } from "./item_options.ts";
import { type Item, parseEndpoint } from "./item_parser.ts";
import type { RedirectConfig } from "./model.ts";
import type { CertificateFiles, ListenerTls } from "./model_tls.ts";
import { readChoice } from "./values.ts";

/** Keys that only TLS has. */
const TLS_KEYS = ["cert", "key", "ca", "verify", "strict-sni", "tls-min"] as const;
const TLS_SCHEMES: readonly string[] = ["https", "tls"];
/** What is offered by ALPN where HTTP is spoken, the preferred one first: to servers, to clients without HTTP/2, and to clients. */
export const HTTP_PROTOCOLS = ["http/1.1"] as const;
const CLIENT_PROTOCOLS = ["h2", ...HTTP_PROTOCOLS] as const;

/** Whether a scheme is one with TLS. */
export function isTlsScheme(scheme: string): boolean {
  return TLS_SCHEMES.includes(scheme);
}

/** null without TLS. @throws {ConfigError} */
export function readListenerTls(item: Item, speaksHttp2: boolean): ListenerTls | null {
  if (!isTlsScheme(item.scheme)) {
    const key = TLS_KEYS.find((other) => optionText(item, other) !== null);
    if (key === undefined) return null;
    const better = item.scheme === "tcp" ? "tls" : "https";
    throw new ConfigError(
      `Cannot use ${key} in ${item.source}: ${item.scheme || "http"}:// is not encrypted; write ${better}://`,
      optionPlace(item, key),
    );
  }
  if (optionText(item, "poller") === "deno") {
    throw new ConfigError(
      `Cannot use poller=deno in ${item.source}: TLS needs the kernel's own sockets; leave it out`,
      optionPlace(item, "poller"),
    );
  }
  const ca = optionText(item, "ca");
  const verify = optionText(item, "verify");
  if (verify !== null && ca === null) {
    throw new ConfigError(
      `Cannot use verify in ${item.source}: nobody is trusted; add ca=, the certificates that sign those of clients`,
      optionPlace(item, "verify"),
    );
  }
  const isClientRequired = verify === null ||
    readChoice("verify", verify, ["required", "optional"] as const, optionPlace(item, "verify")) ===
      "required";
  const minVersion = optionText(item, "tls-min");
  return {
    files: readFiles(item),
    isStrict: optionText(item, "strict-sni") !== null,
    minVersion: minVersion === null
      ? "1.2"
      : readChoice("tls-min", minVersion, ["1.2", "1.3"] as const, optionPlace(item, "tls-min")),
    clientCaPath: ca ?? "",
    isClientRequired: ca !== null && isClientRequired,
    alpn: item.scheme !== "https" ? [] : speaksHttp2 ? CLIENT_PROTOCOLS : HTTP_PROTOCOLS,
  };
}

/** @throws {ConfigError} where clients of an https:// listener would be sent to it again and again. */
export function refuseTlsLoop(item: Item, redirect: RedirectConfig | null): void {
  if (!isTlsScheme(item.scheme) || redirect?.kind !== "scheme" || redirect.text !== "https") return;
  throw new ConfigError(
    `Cannot use redirect=https in ${item.source}: ${item.word} is https already; write it in the http:// listener`,
    optionPlace(item, "redirect"),
  );
}

function readFiles(item: Item): CertificateFiles | null {
  const certPath = optionText(item, "cert");
  const keyPath = optionText(item, "key");
  if (certPath !== null) return { certPath, keyPath: keyPath ?? "" };
  if (keyPath !== null) {
    throw new ConfigError(
      `Cannot use key in ${item.source}: its certificate is missing; add cert=`,
      optionPlace(item, "key"),
    );
  }
  const endpoint = parseEndpoint(item, true);
  const isLoopback = endpoint.kind === "unix" || /^(localhost|127\.\d+\.\d+\.\d+|::1)$/.test(endpoint.host);
  if (isLoopback) return null;
  throw new ConfigError(
    `Cannot listen on ${item.word}: it has no certificate; add cert=file.pem (and key=), or listen on localhost, where one is made`,
    { source: item.source, word: item.word, column: item.addressColumn },
  );
}
