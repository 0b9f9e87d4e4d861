/**
 * The keys `redirect` and `code`: an answer that sends the client elsewhere (HAProxy: `redirect scheme`, `prefix`, `location`).
 *
 *     redirect=                       Location                                code
 *     https, https:8443               that scheme (and port), host, path      308 unless written
 *     prefix:https://new.test/a       the text, then path and query           302 unless written
 *     /here, https://new.test/here    the text                                302 unless written
 *
 * May import: config.
 *
 * @module
 */
import { ConfigError } from "./config_error.ts";
import { optionPlace, optionText } from "./item_options.ts";
import type { Item } from "./item_parser.ts";
import type { RedirectConfig } from "./model.ts";
import { formatPathRewrite, readPathRewrite } from "./path_rewrite_value.ts";
import { readChoice } from "./values.ts";

const CODES = ["301", "302", "303", "307", "308"] as const;
const TEXT_CHARS_MAX = 512;
const PORT_MAX = 65_535;
const FORMS = "write https, https:8443, /path, https://host/path or prefix:https://host";

/** What an item's keys say; null when it does not redirect. @throws {ConfigError} */
export function readRedirect(item: Item): RedirectConfig | null {
  const text = optionText(item, "redirect");
  const code = optionText(item, "code");
  if (text === null) {
    if (code === null) return null;
    throw new ConfigError(
      `Cannot use code=${code} in ${item.source}: nothing redirects here; write redirect= too`,
      optionPlace(item, "code"),
    );
  }
  const target = readTarget(item, text);
  const pathRewrite = readPathRewrite((key) => {
    const value = optionText(item, key);
    return value === null ? null : { text: value, place: optionPlace(item, key) };
  });
  if (pathRewrite !== null && target.kind === "location") {
    throw new ConfigError(
      `Cannot change the path with redirect=${text} in ${item.source}: it keeps none; write prefix:`,
      optionPlace(item, "redirect"),
    );
  }
  const codeText = code ?? (target.kind === "scheme" ? "308" : "302");
  return {
    code: Number(readChoice("code", codeText, CODES, optionPlace(item, "code"))),
    ...target,
    pathRewrite,
  };
}

/** Returns the text that would give it. */
export function formatRedirect({ code, kind, text, pathRewrite }: RedirectConfig): string {
  const target = `redirect ${code} ${kind === "prefix" ? "prefix:" : ""}${text}`;
  return [target, ...formatPathRewrite(pathRewrite)].join("  ");
}

function readTarget(item: Item, text: string): Pick<RedirectConfig, "kind" | "text"> {
  const fail = (state: string): never => {
    throw new ConfigError(
      `Cannot use redirect=${text} in ${item.source}: ${state}; ${FORMS}`,
      optionPlace(item, "redirect"),
    );
  };
  if (text.length > TEXT_CHARS_MAX) fail(`it is longer than ${TEXT_CHARS_MAX} characters`);
  if (!/^[\x21-\x7e]+$/.test(text)) fail("it has a space, or a character that no URL has");
  const scheme = /^https?(?::(\d+))?$/.exec(text);
  if (scheme !== null) {
    if (Number(scheme[1] ?? 1) < 1 || Number(scheme[1] ?? 1) > PORT_MAX) {
      fail(`there is no port ${scheme[1]}`);
    }
    return { kind: "scheme", text };
  }
  const isPrefix = text.startsWith("prefix:");
  const url = isPrefix ? text.slice("prefix:".length) : text;
  if (!/^(\/|https?:\/\/[^/?#])/.test(url)) fail("it is neither a scheme, a path nor a URL");
  if (!isPrefix) return { kind: "location", text };
  if (/[?#]/.test(url)) fail("a prefix has no ? or #");
  return { kind: "prefix", text: url.replace(/\/+$/, "") };
}
