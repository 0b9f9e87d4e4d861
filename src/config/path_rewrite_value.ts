/**
 * The keys that change a request's path, in the order in which they act:
 *
 *     strip-prefix=/api               whole segments; a path without it stays as it is
 *     replace-path="^/v(\d+)/ /$1-"   a regular expression of JavaScript, a space, the replacement ($1, $&, $$); the first match
 *     add-prefix=/v1
 *
 * The query is never touched.
 *
 * May import: config.
 *
 * @module
 */
import { ConfigError } from "./config_error.ts";
import { readExpression } from "./expression_value.ts";
import type { PathRewriteConfig } from "./model.ts";
import type { SettingText } from "./settings.ts";

const TEXT_CHARS_MAX = 512;

/** null when nothing is to be changed. @throws {ConfigError} */
export function readPathRewrite(find: (key: string) => SettingText | null): PathRewriteConfig | null {
  const strip = find("strip-prefix");
  const replace = find("replace-path");
  const add = find("add-prefix");
  if (strip === null && replace === null && add === null) return null;
  return {
    stripPrefix: strip === null ? "" : readPrefix("strip-prefix", strip),
    ...(replace === null ? { pattern: "", replacement: "" } : readReplacement(replace)),
    addPrefix: add === null ? "" : readPrefix("add-prefix", add),
  };
}

/** Returns what is changed, as it could be written. */
export function formatPathRewrite(config: PathRewriteConfig | null): string[] {
  if (config === null) return [];
  const { stripPrefix, pattern, replacement, addPrefix } = config;
  return [
    ...(stripPrefix === "" ? [] : [`strip-prefix=${stripPrefix}`]),
    ...(pattern === "" ? [] : [`replace-path="${pattern} ${replacement}"`]),
    ...(addPrefix === "" ? [] : [`add-prefix=${addPrefix}`]),
  ];
}

/** Without the slash at its end. */
function readPrefix(key: string, { text, place }: SettingText): string {
  const fail = (state: string): never => {
    throw new ConfigError(`Cannot use ${key}=${text}: ${state}; write a path, as ${key}=/api`, place);
  };
  if (!text.startsWith("/")) fail("it does not begin with a slash");
  if (text.startsWith("//")) fail("it begins with two slashes");
  if (!/^[\x21-\x7e]+$/.test(text) || /[?#]/.test(text)) {
    fail("a path has no ?, #, space or other than ASCII");
  }
  if (text.length > TEXT_CHARS_MAX) fail(`it is longer than ${TEXT_CHARS_MAX} characters`);
  const path = text.replace(/\/+$/, "");
  return path === "" ? fail("it is every path's beginning") : path;
}

function readReplacement({ text, place }: SettingText): Pick<PathRewriteConfig, "pattern" | "replacement"> {
  const fail = (state: string): never => {
    throw new ConfigError(
      `Cannot use replace-path=${text}: ${state}; write '…,replace-path="^/old/(.*) /new/$1"'`,
      place,
    );
  };
  const read = readExpression(text, fail);
  if (/[?#]/.test(read.replacement)) fail("the replacement is a path, without ? and #");
  return read;
}
