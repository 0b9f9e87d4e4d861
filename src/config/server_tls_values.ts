/**
 * The keys of https:// and tls:// servers.
 *
 *     sni=NAME            whom the server is asked for, and its certificate must be for: its host name unless written
 *     sni=host            the request's Host (http)
 *     ca=PATH             the authorities that are trusted; those of the system unless written
 *     verify=off          whoever answers is believed; required unless written
 *     cert=PATH key=PATH  hadro's own certificate, for servers that ask for one
 *     tls-min=1.2|1.3
 *
 * May import: base, config.
 *
 * @module
 */
import { ConfigError } from "./config_error.ts";
import { optionPlace, optionText } from "./item_options.ts";
import type { Item } from "./item_parser.ts";
import type { CertificateFiles, ServerNameConfig, ServerTls } from "./model_tls.ts";
import type { Endpoint } from "./model.ts";
import { HTTP_PROTOCOLS, isTlsScheme } from "./tls_values.ts";
import { readChoice } from "./values.ts";

const TLS_KEYS = ["sni", "ca", "verify", "cert", "key", "tls-min"] as const;
const NAME = /^[\w.:-]+$/;

/** null without TLS. @throws {ConfigError} */
export function readServerTls(item: Item, endpoint: Endpoint, scheme: "http" | "tcp"): ServerTls | null {
  if (!isTlsScheme(item.scheme)) {
    const key = TLS_KEYS.find((other) => optionText(item, other) !== null);
    if (key === undefined) return null;
    throw new ConfigError(
      `Cannot use ${key} in ${item.source}: ${item.word} is not encrypted; write ${
        scheme === "tcp" ? "tls" : "https"
      }://`,
      optionPlace(item, key),
    );
  }
  const verify = optionText(item, "verify");
  const minVersion = optionText(item, "tls-min");
  const isVerified = verify === null ||
    readChoice("verify", verify, ["required", "off"] as const, optionPlace(item, "verify")) === "required";
  return {
    serverName: readServerName(item, endpoint, scheme, isVerified),
    isVerified,
    caPath: optionText(item, "ca") ?? "",
    files: readFiles(item),
    minVersion: minVersion === null
      ? "1.2"
      : readChoice("tls-min", minVersion, ["1.2", "1.3"] as const, optionPlace(item, "tls-min")),
    alpn: scheme === "http" ? HTTP_PROTOCOLS : [],
  };
}

function readServerName(
  item: Item,
  { kind, host }: Endpoint,
  scheme: "http" | "tcp",
  isVerified: boolean,
): ServerNameConfig {
  const text = optionText(item, "sni");
  const own = kind === "unix" ? "" : host || "localhost";
  const fail = (state: string): never => {
    throw new ConfigError(`Cannot use sni=${text} in ${item.source}: ${state}`, optionPlace(item, "sni"));
  };
  if (text === "host") {
    return scheme === "http" ? { kind: "host", name: own } : fail("only HTTP has a Host; write a name");
  }
  if (text !== null && !NAME.test(text)) return fail("it is no host name; write a name, or host");
  if (text === null && own === "" && isVerified) {
    throw new ConfigError(
      `Cannot use ${item.word}: nobody knows whom its certificate is for; add sni=name, or verify=off`,
      { source: item.source, word: item.word, column: item.addressColumn },
    );
  }
  return { kind: "name", name: (text ?? own).toLowerCase() };
}

function readFiles(item: Item): CertificateFiles | null {
  const certPath = optionText(item, "cert");
  const keyPath = optionText(item, "key");
  if (certPath !== null) return { certPath, keyPath: keyPath ?? "" };
  if (keyPath === null) return null;
  throw new ConfigError(
    `Cannot use key in ${item.source}: its certificate is missing; add cert=`,
    optionPlace(item, "key"),
  );
}
