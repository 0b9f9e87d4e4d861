/** Words with their sources: the last of a flag, the default of none, and what the environment adds. @module */
import { describe, expect, it } from "vitest";
import { defaultText, environmentName, FLAGS } from "../../../src/config/catalogue.ts";
import { addEnvironment, Settings } from "../../../src/config/settings.ts";

function fromEnvironment(environment: Readonly<Record<string, string>>, settings = new Settings()): Settings {
  addEnvironment(settings, (name) => environment[name]);
  return settings;
}

/** Items as "kind source word". */
function items(settings: Settings): string[] {
  return settings.items.map(({ kind, source, word }) => `${kind} ${source} ${word}`);
}

function texts(settings: Settings, name: string): string[] {
  return settings.all(name).map(({ text }) => text);
}

describe("Settings", () => {
  it("keep items in the order written, of whatever kind", () => {
    const settings = new Settings();
    settings.addItem("listen", "-l", ":1");
    settings.addItem("backend", "-b", ":2");
    settings.addItem("listen", "--listen", ":3");
    expect(items(settings)).toEqual(["listen -l :1", "backend -b :2", "listen --listen :3"]);
  });
  it("know the last value of a flag, and all of them, with their places", () => {
    const settings = new Settings();
    settings.add("trust", "--trust", "10.0.0.0/8");
    settings.add("trust", "--trust", "::1");
    expect(settings.last("trust"))
      .toEqual({ text: "::1", place: { source: "--trust", word: "::1", column: 0 } });
    expect(texts(settings, "trust")).toEqual(["10.0.0.0/8", "::1"]);
    expect(settings.has("trust")).toBe(true);
  });
  it("give the catalogue's default for a flag that was not written", () => {
    const settings = new Settings();
    expect(settings.last("drain"))
      .toEqual({ text: "30s", place: { source: "--drain", word: "30s", column: 0 } });
    expect([settings.has("drain"), settings.all("drain")]).toEqual([false, []]);
    for (const flag of FLAGS) expect(settings.last(flag.name).text).toBe(defaultText(flag.name));
  });
});

describe("the environment", () => {
  it.each(FLAGS.filter(({ type }) => type !== "item" && type !== "switch").map(({ name }) => name))(
    "gives a value to --%s under its variable's name, which a flag beats",
    (name) => {
      const source = environmentName(FLAGS.find((flag) => flag.name === name)!);
      const settings = fromEnvironment({ [source]: "fromEnv" });
      expect(settings.all(name)).toEqual([
        { text: "fromEnv", place: { source, word: "fromEnv", column: 0 } },
      ]);
      const flagged = new Settings();
      flagged.add(name, `--${name}`, "fromFlag");
      expect(texts(fromEnvironment({ [source]: "fromEnv" }, flagged), name)).toEqual(["fromFlag"]);
    },
  );
  it("gives items, split at any white space, listeners first", () => {
    const settings = fromEnvironment({
      HADRO_BACKEND: " :3000,weight=2\n\t:3001 ",
      HADRO_ROUTE: "/a=:1 /b=:2",
      HADRO_LISTEN: ":8080",
    });
    expect(items(settings)).toEqual([
      "listen HADRO_LISTEN :8080",
      "backend HADRO_BACKEND :3000,weight=2",
      "backend HADRO_BACKEND :3001",
      "route HADRO_ROUTE /a=:1",
      "route HADRO_ROUTE /b=:2",
    ]);
  });
  it.each(["listen", "backend", "route"] as const)(
    "gives no item at all beside one %s on the command line",
    (kind) => {
      const settings = new Settings();
      settings.addItem(kind, "-x", ":1");
      fromEnvironment({ HADRO_LISTEN: ":8080", HADRO_BACKEND: ":3000", HADRO_ROUTE: "/a=:2" }, settings);
      expect(items(settings)).toEqual([`${kind} -x :1`]);
    },
  );
  it("keeps what stands in quotes in one word, spaces too, and an open quote to its end", () => {
    const settings = fromEnvironment({
      HADRO_ROUTE: '/a=:1,replace-path="^/a /b",weight=2 /b=:2',
      HADRO_BACKEND: ':3,name="x y',
    });
    expect(items(settings).sort()).toEqual([
      'backend HADRO_BACKEND :3,name="x y',
      "route HADRO_ROUTE /b=:2",
      'route HADRO_ROUTE /a=:1,replace-path="^/a /b",weight=2',
    ].sort());
  });
  it("still gives its other flags beside items on the command line", () => {
    const settings = new Settings();
    settings.addItem("listen", "-l", ":1");
    fromEnvironment({ HADRO_LISTEN: ":8080", HADRO_LB: "first" }, settings);
    expect(settings.last("lb").text).toBe("first");
  });
  it("splits repeatable flags at white space, but headers at line ends, for their values have spaces", () => {
    const settings = fromEnvironment({
      HADRO_TRUST: "10.0.0.0/8  ::1",
      HADRO_HEADER_UP: "X-A: b c\n-X-D\n",
      HADRO_LOG: "%ci %ST",
    });
    expect(texts(settings, "trust")).toEqual(["10.0.0.0/8", "::1"]);
    expect(texts(settings, "header-up")).toEqual(["X-A: b c", "-X-D"]);
    expect(texts(settings, "log")).toEqual(["%ci %ST"]);
  });
  it("replaces a repeatable flag as a whole, never adds to it", () => {
    const settings = new Settings();
    settings.add("trust", "--trust", "::1");
    expect(texts(fromEnvironment({ HADRO_TRUST: "10.0.0.0/8" }, settings), "trust")).toEqual(["::1"]);
  });
  it("says nothing where a variable is empty, as compose files write it", () => {
    const settings = fromEnvironment({ HADRO_LISTEN: "", HADRO_LB: "", HADRO_TRUST: "", HADRO_DRY_RUN: "" });
    expect([settings.items, settings.has("lb"), settings.has("trust"), settings.has("dry-run")])
      .toEqual([[], false, false, false]);
  });
  it.each([
    ["1", true],
    ["true", true],
    ["10", true],
    ["none", true],
    ["falsehood", true],
    ["yes", true],
    ["0", false],
    ["false", false],
    ["False", false],
    [
      "no",
      false,
    ],
    ["off", false],
  ])("HADRO_DRY_RUN=%s: %s", (value, isOn) => {
    expect(fromEnvironment({ HADRO_DRY_RUN: value }).has("dry-run")).toBe(isOn);
  });
  it("is asked for every flag, and for nothing else", () => {
    const asked: string[] = [];
    addEnvironment(new Settings(), (name) => {
      asked.push(name);
      return undefined;
    });
    expect(asked).toEqual(FLAGS.map(environmentName));
  });
});
