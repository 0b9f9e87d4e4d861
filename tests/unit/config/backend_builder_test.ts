/** One backend from its items: shared keys, servers, names, timeouts. Refusals: tests/fixtures/config/refusals.md. @module */
import { describe, expect, it } from "vitest";
import { AssertionError } from "../../../src/base/assert.ts";
import { CookieKey } from "../../../src/config/cookie_secret.ts";
import { BackendBuilder } from "../../../src/config/backend_builder.ts";
import { parseItem } from "../../../src/config/item_parser.ts";
import type { BackendConfig } from "../../../src/config/model.ts";
import { readTimeouts } from "../../../src/config/shared_options.ts";
import { Settings } from "../../../src/config/settings.ts";

/** Builds a backend from words; `flags` are given as `name=text`. */
function build(
  words: readonly string[],
  options: { flags?: string[]; isRoute?: boolean; taken?: string[] } = {},
) {
  const settings = new Settings();
  for (const flag of options.flags ?? []) {
    const [name, text] = flag.split("=") as [string, string];
    settings.add(name, `--${name}`, text);
  }
  const builder = new BackendBuilder(settings, "http");
  for (const word of words) builder.addServer(parseItem("-b", word), "http", options.isRoute ?? false);
  return builder.build(new Set(options.taken), new CookieKey("random"));
}

/** What of a backend its keys decide. */
function keysOf(backend: BackendConfig): unknown[] {
  const { balance, retries, priority, hostPolicy, httpReuse, timeouts, tcp } = backend;
  const { connectMs, serverMs, tunnelMs, serverFinMs } = timeouts;
  const times = [connectMs, serverMs, tunnelMs, serverFinMs, tcp.userTimeoutMs];
  return [balance.algorithm, retries, priority, hostPolicy, httpReuse, tcp.keepAlive?.idleSeconds, ...times];
}

describe("keys of the whole backend", () => {
  const keys = [
    "lb=random",
    "retries=7",
    "prio=low",
    "host=a.test",
    "http-reuse=always",
    "tcp-keepalive=9s",
    "connect=1s",
    "server=2s",
    "tunnel=3s",
    "server-fin=4s",
    "tcp-ut=5s",
  ];
  const host = { kind: "name", name: "a.test" };
  const values = ["random", 7, "low", host, "always", 9, 1_000, 2_000, 3_000, 4_000, 5_000];

  it("may all stand on one item", () => {
    expect(keysOf(build([":1", `:2,${keys.join(",")}`]))).toEqual(values);
  });
  it("may stand on any of its items", () => {
    expect(keysOf(build(keys.map((key, i) => `:${i + 1},${key}`)))).toEqual(values);
  });
  it("may be repeated with the same value", () => {
    expect(build([":1,lb=first", ":2,lb=first"]).balance.algorithm).toBe("first");
  });
  it("come before the flags", () => {
    const flags = ["lb=leastconn", "retries=1", "host=backend", "timeout-connect=9s", "timeout-tunnel=9s"];
    flags.push("http-reuse=never", "tcp-keepalive=8s", "tcp-ut=7s");
    expect(keysOf(build([`:1,${keys.join(",")}`], { flags }))).toEqual(values);
    const host = { kind: "backend" };
    const times = [9_000, 60_000, 9_000, 10_000, 7_000];
    expect(keysOf(build([":1"], { flags }))).toEqual(["leastconn", 1, "normal", host, "never", 8, ...times]);
  });
  it("may switch off what the flags switch on", () => {
    const flags = ["tcp-keepalive=8s", "tcp-ut=7s"];
    expect(build([":1,tcp-keepalive=off,tcp-ut=off"], { flags }).tcp)
      .toEqual({ keepAlive: null, userTimeoutMs: 0 });
  });
});

describe("servers", () => {
  it("are in the order written, each with its weight and whether it is a backup", () => {
    const { servers } = build([":1,weight=0", "[::1]:2,weight=256,backup", "unix:/run/x"]);
    expect(servers).toEqual([
      {
        name: "s1",
        endpoint: { kind: "tcp", host: "", port: 1, path: "" },
        weight: 0,
        backup: false,
        source: null,
        proxyOut: null,
        tls: null,
        checkEndpoint: null,
        cookie: null,
        queue: null,
        resolvePrefer: "ipv4",
        template: null,
        slot: 0,
      },
      {
        name: "s2",
        endpoint: { kind: "tcp", host: "::1", port: 2, path: "" },
        weight: 256,
        backup: true,
        source: null,
        proxyOut: null,
        tls: null,
        checkEndpoint: null,
        cookie: null,
        queue: null,
        resolvePrefer: "ipv4",
        template: null,
        slot: 0,
      },
      {
        name: "s3",
        endpoint: { kind: "unix", host: "", port: 0, path: "/run/x" },
        weight: 1,
        backup: false,
        source: null,
        proxyOut: null,
        tls: null,
        checkEndpoint: null,
        cookie: null,
        queue: null,
        resolvePrefer: "ipv4",
        template: null,
        slot: 0,
      },
    ]);
  });
  it("have each a source of their own", () => {
    const { servers } = build([":1,source=10.0.0.5", ":2,source=[fd00::5]:4000", ":3"]);
    expect(servers.map(({ source }) => source)).toEqual([
      { interfaceName: "", hosts: ["10.0.0.5"], port: 0 },
      { interfaceName: "", hosts: ["fd00::5"], port: 4_000 },
      null,
    ]);
  });
  it("have the name that is written; in a route the name is the backend's", () => {
    expect(build([":1,name=a", ":2"])).toMatchObject({
      name: "app",
      servers: [{ name: "a" }, { name: "s2" }],
    });
    expect(build([":1,name=a", ":2"], { isRoute: true }))
      .toMatchObject({ name: "a", servers: [{ name: "s1" }, { name: "s2" }] });
  });
});

describe("a backend's name", () => {
  it.each([[[], "app"], [["app"], "app2"], [["app", "app2", "app4"], "app3"]])(
    "beside %j is %s",
    (taken, name) => {
      expect(build([":1"], { taken }).name).toBe(name);
    },
  );
  it("is taken from then on", () => {
    const taken = new Set<string>();
    const builder = new BackendBuilder(new Settings(), "tcp");
    builder.addServer(parseItem("-b", ":1"), "tcp");
    expect(builder.build(taken, new CookieKey("random"))).toMatchObject({ name: "app", scheme: "tcp" });
    expect([builder.name, [...taken]]).toEqual(["app", ["app"]]);
  });
  it("is not known before it is built, and asking is a bug of ours", () => {
    expect(() => new BackendBuilder(new Settings(), "http").name).toThrow(AssertionError);
  });
});

describe("readTimeouts", () => {
  it("gives each timeout its own key, and each key its own flag", () => {
    const names = [
      "connect",
      "client",
      "server",
      "request",
      "keepalive",
      "queue",
      "tunnel",
      "client-fin",
      "server-fin",
      "client-hs",
    ];
    const settings = new Settings();
    for (const [i, name] of names.entries()) settings.add(`timeout-${name}`, "--x", `${i + 1}s`);
    expect(Object.values(readTimeouts(settings, []))).toEqual(names.map((_, i) => (i + 1) * 1_000));
    const item = parseItem("-l", `:1,${names.map((name, i) => `${name}=${i + 1}m`).join(",")}`);
    expect(Object.values(readTimeouts(settings, [item]))).toEqual(names.map((_, i) => (i + 1) * 60_000));
  });
});
