/**
 * The flags `--header-up`, `--header-down` and `--unique-id` together: an id is a rule of its own, before those of the user.
 *
 * May import: config.
 *
 * @module
 */
import { ConfigError } from "./config_error.ts";
import type { Config, HeaderRule } from "./model.ts";
import type { Settings } from "./settings.ts";
import { readHeaderRule } from "./values.ts";

/** @throws {ConfigError} */
export function readHeaders(settings: Settings): Pick<Config, "hasUniqueId" | "headersUp" | "headersDown"> {
  const id = settings.last("unique-id");
  const hasUniqueId = id.text !== "off";
  const rules = (flag: string): HeaderRule[] => {
    const replaced = new Set<string>();
    return settings.all(flag).map(({ text, place }) => {
      const rule = readHeaderRule(`--${flag}`, text, place);
      const fail = (state: string): never => {
        throw new ConfigError(`Cannot use --${flag} "${text}": ${state}`, place);
      };
      if (rule.action === "replace") {
        const name = rule.name.toLowerCase();
        if (replaced.has(name)) fail(`another ~${rule.name} stands before it; write one expression for both`);
        replaced.add(name);
      } else if (!hasUniqueId && /(^|[^%])(%%)*%ID/.test(rule.value)) {
        fail("requests have no ids for %ID; add --unique-id X-Request-ID");
      }
      return rule;
    });
  };
  return {
    hasUniqueId,
    headersUp: [...(hasUniqueId ? [readIdRule(id)] : []), ...rules("header-up")],
    headersDown: rules("header-down"),
  };
}

function readIdRule({ text, place }: ReturnType<Settings["last"]>): HeaderRule {
  try {
    return readHeaderRule("--unique-id", `${text}: %ID`, place);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new ConfigError(
      `Cannot use --unique-id "${text}": it is no header that may be set; write X-Request-ID or off`,
      place,
    );
  }
}
