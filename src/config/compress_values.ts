/**
 * Values of the flags and keys about compression.
 *
 *     compress            off | on | coding *( "+" coding )      br+gzip, zstd:3+gzip:6; on is zstd+br+gzip
 *     compress-type       pattern *( " " pattern )               "text/ application/json +xml" (text/* is text/)
 *     compress-min-size   size                                   1k
 *     compress-offload    on | off
 *
 * A key holds before the flag of its name. A backend that has any of them has all of its own, in place of its listener's.
 *
 * May import: base, config.
 *
 * @module
 */
import { formatSizeBytes } from "../base/units.ts";
import { defaultText } from "./catalogue.ts";
import { ConfigError, suggest } from "./config_error.ts";
import type { CodingConfig, CompressConfig } from "./model_compress.ts";
import { codingLevelMax } from "./model_compress.ts";
import type { Settings, SettingText } from "./settings.ts";
import { readChoice, readCount, readSizeBytes } from "./values.ts";

const CODINGS = ["gzip", "br", "zstd"] as const;
/** What the words mean without a level; docs/decisions says why. */
const LEVELS: Readonly<Record<CodingConfig["name"], number>> = { gzip: 4, br: 3, zstd: 1 };
const ON = "zstd+br+gzip";
const KEYS = ["compress", "compress-type", "compress-min-size", "compress-offload"] as const;
const PATTERNS_MAX = 64;
/** A token, a slash and another; the last may be a star or nothing; or a suffix. */
const PATTERN = /^(?:\+[\w.-]+|[\w!#$&^.+-]+\/(?:\*|[\w!#$&^.+-]*))$/;

/** What keys say, before flags: null when compression is off. @throws {ConfigError} */
export function readCompress(
  settings: Settings,
  own: (key: string) => SettingText | null,
  scheme: "http" | "tcp",
): CompressConfig | null {
  if (scheme === "tcp") {
    refuseKeys(own, KEYS, "tcp has no responses; it is for http");
    return null;
  }
  const find = (key: (typeof KEYS)[number]) => own(key) ?? settings.last(key);
  const codings = readCodings(find("compress"));
  if (codings.length === 0) {
    refuseKeys(own, KEYS.slice(1), "nothing is compressed there; write compress=gzip too");
    return null;
  }
  const size = find("compress-min-size");
  const offload = find("compress-offload");
  return {
    codings,
    types: readTypes(find("compress-type")),
    minSizeBytes: readSizeBytes("compress-min-size", size.text, size.place),
    offload: readChoice("compress-offload", offload.text, ["on", "off"] as const, offload.place) === "on",
  };
}

/** A backend's own; null: its listener's. @throws {ConfigError} */
export function readBackendCompress(
  settings: Settings,
  own: (key: string) => SettingText | null,
  scheme: "http" | "tcp",
): CompressConfig | "off" | null {
  if (KEYS.every((key) => own(key) === null)) return null;
  return readCompress(settings, own, scheme) ?? "off";
}

/** The configuration in words; nothing when it is off. */
export function explainCompress(compress: CompressConfig | "off" | null): string[] {
  if (compress === null) return [];
  if (compress === "off") return ["compress off"];
  const { codings, types, minSizeBytes, offload } = compress;
  const names = codings.map(({ name, level }) => `${name}:${level}`).join("+");
  const kinds = types.join(" ");
  const what = kinds === defaultText("compress-type") ? "" : ` types ${kinds}`;
  return [`compress ${names} from ${formatSizeBytes(minSizeBytes)}${what}${offload ? " offload" : ""}`];
}

function readCodings({ text, place }: SettingText): CodingConfig[] {
  if (text === "off") return [];
  const codings: CodingConfig[] = [];
  for (const word of (text === "on" ? ON : text).split("+")) {
    const [written = "", level, ...more] = word.split(":");
    const name = CODINGS.find((coding) => coding === written);
    if (name === undefined || more.length > 0) {
      throw new ConfigError(
        `Cannot use compress "${text}": "${word}" is no coding${
          suggest(written, [...CODINGS, "on", "off"])
        }; several are joined by +, a level stands behind a colon (br:4)`,
        place,
      );
    }
    if (codings.some((coding) => coding.name === name)) {
      throw new ConfigError(`Cannot use compress "${text}": ${name} stands there twice`, place);
    }
    const what = `level of ${name}`;
    codings.push({
      name,
      level: level === undefined ? LEVELS[name] : readCount(what, level, place, 1, codingLevelMax(name)),
    });
  }
  return codings;
}

function readTypes({ text, place }: SettingText): string[] {
  const patterns = text.split(" ").filter((pattern) => pattern !== "");
  const wrong = patterns.find((pattern) => !PATTERN.test(pattern));
  if (wrong !== undefined || patterns.length === 0) {
    throw new ConfigError(
      `Cannot use compress-type "${text}": "${
        wrong ?? ""
      }" is no media type; write application/json, text/ for all that begins so, +xml for all that ends so, with spaces between`,
      place,
    );
  }
  if (patterns.length > PATTERNS_MAX) {
    throw new ConfigError(
      `Cannot use compress-type with ${patterns.length} types: ${PATTERNS_MAX} are the most`,
      place,
    );
  }
  return patterns.map((pattern) => pattern.replace(/\/\*$/, "/").toLowerCase());
}

/** @throws {ConfigError} about the first of these keys that was written. */
function refuseKeys(
  own: (key: string) => SettingText | null,
  keys: readonly string[],
  state: string,
): void {
  for (const key of keys) {
    const written = own(key);
    if (written === null) continue;
    const { text, place } = written;
    throw new ConfigError(`Cannot use ${key}=${text} in ${place.source}: ${state}`, place);
  }
}
