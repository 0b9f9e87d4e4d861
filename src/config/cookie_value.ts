/**
 * The value of `--cookie` and `backend-cookie=`: a cookie's name and what is done with it.
 *
 *     cookie  = "off" | name 1*( ":" option )
 *     option  = "insert" | "rewrite" | "prefix" | "passive"                        exactly one of these
 *             | "indirect" | "nocache" | "postonly" | "preserve" | "httponly" | "secure" | "dynamic" | "sealed"
 *             | "domain=" domain | "maxidle=" duration | "maxlife=" duration | "attr=" attribute
 *
 *     SRV:insert:indirect:nocache      SRV:insert:maxidle=30m:maxlife=8h:attr=SameSite=Lax      JSESSIONID:prefix
 *
 * No character of it means anything to a shell or ends an item's value. HAProxy's own spelling, which needs quotes, is read too and
 * never printed: `SRV insert indirect domain .a.test maxidle 30m`. HAProxy's cookie without a mode is `passive`: it has to be
 * written, since who forgets the mode would get no stickiness and no word about it.
 *
 * May import: base, config.
 *
 * @module
 */
import { formatDurationMs } from "../base/units.ts";
import { ConfigError, suggest, type WordPlace } from "./config_error.ts";
import type { CookieConfig } from "./model_stick.ts";
import { readDurationMs } from "./values.ts";

const MODES = ["insert", "rewrite", "prefix", "passive"] as const;
const SWITCHES = [
  "indirect",
  "nocache",
  "postonly",
  "preserve",
  "httponly",
  "secure",
  "dynamic",
  "sealed",
] as const;
const VALUED = ["domain", "maxidle", "maxlife", "attr"] as const;
const KNOWN: readonly string[] = [...MODES, ...SWITCHES, ...VALUED];
/** What only a cookie that hadro itself gives has. */
const OF_INSERT: readonly string[] = [
  "nocache",
  "postonly",
  "httponly",
  "secure",
  "domain",
  "maxidle",
  "maxlife",
  "attr",
];
/** Room for domains and attributes: a line of the answer's head. */
const ATTRIBUTES_CHARS_MAX = 512;
const NAME_CHARS_MAX = 64;
const EXAMPLE = "SRV:insert:indirect:nocache";

interface Option {
  readonly name: string;
  readonly value: string | null;
  readonly column: number;
}

type Fail = (state: string, column?: number) => never;

/** null when it is off. @throws {ConfigError} */
export function readCookie(what: string, text: string, place: WordPlace): CookieConfig | null {
  if (text === "off") return null;
  const fail: Fail = (state, column = 0) => {
    throw new ConfigError(`Cannot use ${what} "${text}": ${state}`, {
      ...place,
      column: place.column + column,
    });
  };
  const [first, ...options] = split(text);
  const name = first?.name ?? "";
  if (first === undefined || first.value !== null || !/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name)) {
    return fail(`"${name}" is no cookie name; write ${EXAMPLE}`);
  }
  if (name.startsWith("$")) fail("a name that begins with $ is an attribute of cookies");
  if (name.length > NAME_CHARS_MAX) fail(`a name has at most ${NAME_CHARS_MAX} characters`);
  for (const option of options) checkOption(option, options, fail);
  return build(name, options, place, fail);
}

/** Returns the text that would give it. */
export function formatCookie(cookie: CookieConfig): string {
  const duration = (name: string, seconds: number) =>
    seconds === 0 ? [] : [`${name}=${formatDurationMs(seconds * 1_000)}`];
  const words = [
    cookie.name,
    cookie.mode,
    ...(cookie.isIndirect ? ["indirect"] : []),
    ...(cookie.hasNoCache ? ["nocache"] : []),
    ...(cookie.isPostOnly ? ["postonly"] : []),
    ...(cookie.isPreserving ? ["preserve"] : []),
    ...(cookie.isHttpOnly ? ["httponly"] : []),
    ...(cookie.isSecure ? ["secure"] : []),
    ...cookie.domains.map((domain) => `domain=${domain}`),
    ...duration("maxidle", cookie.maxIdleS),
    ...duration("maxlife", cookie.maxLifeS),
    ...(cookie.values === "plain" ? [] : [cookie.values]),
    ...cookie.attributes.map((attribute) => `attr=${attribute}`),
  ];
  return words.join(":");
}

/** The name, then the options, in either spelling. */
function split(text: string): Option[] {
  if (!/\s/.test(text)) {
    let column = 0;
    return text.split(":").map((part) => {
      const equals = part.indexOf("=");
      const option = {
        name: equals < 0 ? part : part.slice(0, equals),
        value: equals < 0 ? null : part.slice(equals + 1),
        column,
      };
      column += part.length + 1;
      return option;
    });
  }
  const words = [...text.matchAll(/\S+/g)];
  const options: Option[] = [];
  for (let i = 0; i < words.length; i++) {
    const { 0: name, index } = words[i]!;
    const isValued = i > 0 && VALUED.some((other) => other === name);
    options.push({ name, value: isValued ? words[++i]?.[0] ?? "" : null, column: index });
  }
  return options;
}

function checkOption({ name, value, column }: Option, all: readonly Option[], fail: Fail): void {
  if (!KNOWN.includes(name)) {
    return fail(name === "" ? "an option is missing" : `no such option${suggest(name, KNOWN)}`, column);
  }
  const isValued = VALUED.some((other) => other === name);
  if (isValued && (value === null || value === "")) {
    const example = { domain: ".example.com", maxidle: "30m", maxlife: "8h", attr: "SameSite=Lax" }[name];
    fail(`${name} needs a value; write ${name}=${example}`, column);
  }
  if (!isValued && value !== null) fail(`${name} has no value; write just ${name}`, column);
  const isOnce = name !== "domain" && name !== "attr";
  if (isOnce && all.find((other) => other.name === name)!.column !== column) {
    fail(`${name} is there twice`, column);
  }
}

function build(name: string, options: readonly Option[], place: WordPlace, fail: Fail): CookieConfig {
  const has = (option: string) => options.some((other) => other.name === option);
  const modes = options.filter((option) => MODES.some((mode) => mode === option.name));
  if (modes.length === 0) {
    fail(
      `it does not say who gives the cookie: write ${name}:insert:indirect:nocache for hadro, ${name}:rewrite or ` +
        `${name}:prefix to change the server's, ${name}:passive to read it only`,
    );
  }
  if (modes.length > 1) fail(`${modes[0]!.name} and ${modes[1]!.name} exclude each other`, modes[1]!.column);
  const mode = modes[0]!.name as CookieConfig["mode"];
  rejectUseless(mode, options, fail);
  if (has("dynamic") && has("sealed")) {
    fail("dynamic and sealed exclude each other", options.find((option) => option.name === "sealed")!.column);
  }
  return {
    name,
    mode,
    isIndirect: has("indirect"),
    hasNoCache: has("nocache"),
    isPostOnly: has("postonly"),
    isPreserving: has("preserve"),
    isHttpOnly: has("httponly"),
    isSecure: has("secure"),
    domains: readAttributes("domain", options, fail),
    attributes: readAttributes("attr", options, fail),
    maxIdleS: readSeconds("maxidle", options, place),
    maxLifeS: readSeconds("maxlife", options, place),
    values: has("dynamic") ? "dynamic" : has("sealed") ? "sealed" : "plain",
  };
}

function rejectUseless(mode: CookieConfig["mode"], options: readonly Option[], fail: Fail): void {
  if (mode === "insert") return;
  for (const { name, column } of options) {
    if (OF_INSERT.includes(name)) {
      fail(`${name} goes with insert: with ${mode} the server sets the cookie`, column);
    }
    if (name === "indirect" && mode !== "passive") {
      fail(`indirect and ${mode} exclude each other: the server needs the cookie`, column);
    }
    if (name === "preserve" && !options.some((option) => option.name === "indirect")) {
      fail("preserve goes with insert or indirect: only these take the server's cookie away", column);
    }
  }
}

/** They end up in a header, as they are. */
function readAttributes(name: string, options: readonly Option[], fail: Fail): string[] {
  const found = options.filter((option) => option.name === name);
  for (const { value, column } of found) {
    const isGood = name === "domain"
      ? /^\.?[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*$/.test(value!)
      : /^[\x21-\x7e]+$/.test(value!) && !value!.includes(";");
    const what = name === "domain" ? "domain" : "attribute of a cookie";
    if (!isGood) fail(`"${value}" is no ${what}`, column);
  }
  const chars = found.reduce((sum, { value }) => sum + value!.length, 0);
  if (chars > ATTRIBUTES_CHARS_MAX) fail(`${name} has more than ${ATTRIBUTES_CHARS_MAX} characters in all`);
  return found.map(({ value }) => value!);
}

/** Rounded up: the cookie's dates count in steps of four seconds. */
function readSeconds(name: string, options: readonly Option[], place: WordPlace): number {
  const option = options.find((other) => other.name === name);
  if (option === undefined) return 0;
  const at = { ...place, column: place.column + option.column };
  return Math.ceil(readDurationMs(name, option.value!, at) / 1_000);
}
