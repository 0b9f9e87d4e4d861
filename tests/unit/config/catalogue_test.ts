/** The catalogue: every flag has one name, one variable, one default that can be read, and every key is a flag's. @module */
import { describe, expect, it } from "vitest";
import {
  ALGORITHMS,
  defaultText,
  environmentName,
  type Flag,
  FLAGS,
  HTTP_REUSES,
  LOG_FORMATS,
  SECTIONS,
} from "../../../src/config/catalogue.ts";
import {
  readChoice,
  readCount,
  readDurationMs,
  readHostPolicy,
  readSizeBytes,
} from "../../../src/config/values.ts";
import { readTcpKeepAlive } from "../../../src/config/socket_values.ts";
import { configOf } from "../../support/config/written.ts";
import { ITEM_KEYS } from "../../../src/config/catalogue_items.ts";

const everyFlag = FLAGS.map((flag) => [flag.name, flag] as const);
const everyKey = ITEM_KEYS.map((key) => [key.name, key] as const);

/** Reads a default as the flag's own type would be read. */
function readDefault(flag: Flag, text: string): unknown {
  const place = { source: flag.name, word: text, column: 0 };
  switch (flag.type) {
    case "duration":
      return readDurationMs(flag.name, text, place);
    case "size":
      return readSizeBytes(flag.name, text, place);
    case "count":
      return readCount(flag.name, text, place);
    case "choice":
      return readChoice(flag.name, text, flag.choices!, place);
    case "host":
      return readHostPolicy(flag.name, text, place);
    case "keepalive":
      return readTcpKeepAlive(flag.name, text, place);
    case "log":
      return readChoice(flag.name, text, LOG_FORMATS, place);
    default:
      return text;
  }
}

describe("flags", () => {
  it("have names, letters and variables that no other flag has", () => {
    const names = FLAGS.flatMap(({ name, short }) => short === undefined ? [name] : [name, short]);
    expect(new Set([...names, "help", "h", "version", "V"]).size).toBe(names.length + 4);
    expect(new Set(FLAGS.map(environmentName)).size).toBe(FLAGS.length);
  });
  it.each(everyFlag)("%s has a variable of its own name", (name, flag) => {
    expect(environmentName(flag)).toMatch(/^HADRO_[A-Z][A-Z0-9]*(_[A-Z0-9]+)*$/);
    expect(environmentName(flag).slice("HADRO_".length).toLowerCase().replaceAll("_", "-")).toBe(name);
  });
  it.each(everyFlag)("%s states its default, or is one of those that have none", (_, flag) => {
    const hasNone = flag.isRepeatable === true || flag.type === "switch";
    expect(flag.default === undefined).toBe(hasNone);
    expect(defaultText(flag.name)).toBe(flag.default ?? "");
    if (flag.default !== undefined) expect(() => readDefault(flag, flag.default!)).not.toThrow();
  });
  it.each(everyFlag)("%s says in one sentence what it does, in a section of help", (name, flag) => {
    expect(name).toMatch(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/);
    expect(flag.text).toMatch(/^[A-Z].*\.$/);
    expect(SECTIONS).toContain(flag.section);
  });
  it.each(everyFlag)(
    "%s has a word for its value unless it is a switch, and choices where it has some",
    (_, flag) => {
      expect(flag.value === "").toBe(flag.type === "switch");
      expect(flag.choices !== undefined).toBe(flag.type === "choice");
    },
  );
  it("of one section stand together, in the order of the sections", () => {
    const places = FLAGS.map(({ section }) => SECTIONS.indexOf(section));
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(new Set(places).size).toBe(SECTIONS.length);
  });
  it("have examples that work", () => {
    const example = (name: string) => FLAGS.find((flag) => flag.name === name)!.example!;
    const line = `hadro -l ${example("listen")} -b ${example("backend")} -r ${example("route")} ` +
      `--trust ${example("trust")}`;
    expect(configOf(line)).toMatchObject({
      listeners: [{ name: "http-8080", routes: [{ host: "", pathPrefix: "/api/" }] }],
      backends: [{ servers: [{ weight: 2 }, { backup: true }] }, {}],
      trust: [{ prefixBits: 8 }],
    });
  });
  it("that have no entry have no default", () => expect(defaultText("nothing")).toBe(""));
});

describe("keys of items", () => {
  it("have names that no other key has", () => {
    expect(new Set(ITEM_KEYS.map(({ name }) => name)).size).toBe(ITEM_KEYS.length);
  });
  it.each(everyKey)("%s says in one sentence what it does", (name, key) => {
    expect(name).toMatch(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/);
    expect(key.text).toMatch(/^[A-Z].*\.$/);
    expect(key.items.length).toBeGreaterThan(0);
    expect(key.choices !== undefined).toBe(key.type === "choice");
  });
  it.each(everyKey.filter(([, key]) => key.flag !== undefined))(
    "%s is read as the flag that is its default is",
    (_, key) => {
      const flag = FLAGS.find(({ name }) => name === key.flag)!;
      expect([flag.type, flag.choices]).toEqual([key.type, key.choices]);
    },
  );
  it("of servers are keys of routes, too", () => {
    for (const { name, items } of ITEM_KEYS.filter((key) => key.items.includes("backend"))) {
      expect(items, name).toContain("route");
    }
  });
});

describe("choices", () => {
  it.each(ALGORITHMS)("--lb %s is one that a backend can have", (algorithm) => {
    const name = ["hdr", "cookie", "url_param"].includes(algorithm) ? ":x" : "";
    const listen = algorithm === "sni" ? "sni://:1" : "1";
    expect(configOf(`hadro ${listen} :2 --lb ${algorithm}${name}`).backends[0]!.balance.algorithm).toBe(
      algorithm,
    );
    expect(FLAGS.find(({ name }) => name === "lb")!.text).toContain(algorithm);
  });
  it.each(HTTP_REUSES)("--http-reuse %s is one that a backend can have", (reuse) => {
    expect(configOf(`hadro 1 :2 --http-reuse ${reuse}`).backends[0]!.httpReuse).toBe(reuse);
  });
  it.each(["auto", "deno", "epoll"])("--poller %s is one that the engine can have", (poller) => {
    expect(configOf(`hadro 1 :2 --poller ${poller}`).poller).toBe(poller);
  });
});
