/** From what was written to the configuration: which item attaches where, which default flows where. Refusals: resolve_refusals_test.ts; the log: resolve_log_test.ts. @module */
import { describe, expect, it } from "vitest";
import { resolveConfig } from "../../../src/config/resolve.ts";
import { Settings } from "../../../src/config/settings.ts";
import { ROUND_ROBIN } from "../../support/balance/farm.ts";
import { DEFAULT_RETRY } from "../../support/config/default_retry.ts";
import { configOf, refusalOf } from "../../support/config/written.ts";

/** Who serves what, one fact a line: "http-8080 any/api -> app2: s1=127.0.0.1:1". */
function outline(line: string): string[] {
  const { listeners, backends } = configOf(line);
  const servers = (name: string) =>
    backends.find((backend) => backend.name === name)!.servers
      .map(({ name, endpoint }) => `${name}=${endpoint.path || `${endpoint.host}:${endpoint.port}`}`)
      .join(" ");
  return listeners.flatMap(({ name, routes, defaultBackend }) => [
    ...routes.map(({ host, pathPrefix, backend }) =>
      `${name} ${host || "any"}${pathPrefix} -> ${backend}: ${servers(backend)}`
    ),
    `${name} -> ${defaultBackend === "" ? "404" : `${defaultBackend}: ${servers(defaultBackend)}`}`,
  ]);
}

describe("the smallest configuration", () => {
  it("is a listener on every address and one server, with every default", () => {
    const timeouts = {
      connectMs: 5_000,
      clientMs: 60_000,
      serverMs: 60_000,
      requestMs: 10_000,
      keepAliveMs: 60_000,
      queueMs: 30_000,
      tunnelMs: 3_600_000,
      clientFinMs: 10_000,
      serverFinMs: 10_000,
      clientHandshakeMs: 5_000,
    };
    const tcp = { keepAlive: null, userTimeoutMs: 0 };
    expect(configOf("hadro 8080 localhost:3000")).toEqual({
      listeners: [{
        name: "http-8080",
        scheme: "http",
        endpoint: { kind: "tcp", host: "", port: 8080, path: "" },
        priority: "normal",
        maxconn: 0,
        ...{ acceptsProxy: false, compress: null, tls: null },
        // What they are by default: limit_values_test.ts.
        limits: expect.objectContaining({ allow: [], deny: [], rates: [], maxBodyBytes: 0 }),
        timeouts,
        tcp,
        routes: [],
        sniRoutes: [],
        poller: "auto",
        defaultBackend: "app",
        redirect: null,
      }],
      backends: [{
        name: "app",
        scheme: "http",
        balance: ROUND_ROBIN,
        ...{ hashBalanceFactor: 0, retries: 3, fullconn: 0, queuePrioHeader: "" },
        retry: DEFAULT_RETRY,
        redispatch: 1,
        stick: { cookie: null, table: null, isPersistent: false, ignoredPaths: [], forcedPaths: [] },
        priority: "normal",
        hostPolicy: { kind: "client" },
        pathRewrite: null,
        timeouts,
        tcp,
        httpReuse: "safe",
        poolPurgeMs: 5_000,
        poolMaxConn: 1_024,
        // What it is by default: health_builder_test.ts.
        health: expect.objectContaining({ check: null, observe: "off", ejectMs: 0 }),
        ...{ abortOnClose: false, maxBodyBytes: null, compress: null },
        servers: [{
          name: "s1",
          endpoint: { kind: "tcp", host: "localhost", port: 3000, path: "" },
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
        }],
      }],
      hasRandomCookieKey: false,
      hasUniqueId: false,
      headersUp: [],
      headersDown: [],
      trust: [],
      log: { format: "json", pattern: "", file: "-", full: "drop" },
      ...{ maxMemBytes: 256 * 1_024 ** 2, compressMemBytes: 0 },
      maxconn: 0,
      drainMs: 30_000,
      poller: "auto",
      resolve: {
        everyMs: 10_000,
        hold: { nxMs: 30_000, refusedMs: 30_000, timeoutMs: 30_000, otherMs: 30_000, obsoleteMs: 0 },
        nameServers: [],
        retries: 3,
        timeoutMs: 1_000,
      },
      spreadChecksPercent: 0,
      threads: 1,
    });
  });
  it("is the same in shorthand, with flags, and in the environment", () => {
    const config = configOf("hadro 8080 localhost:3000");
    expect(configOf("hadro -l http://:8080 -b localhost:3000")).toEqual(config);
    expect(configOf("hadro --listen :8080 --backend http://localhost:3000")).toEqual(config);
    expect(configOf("HADRO_LISTEN=8080 HADRO_BACKEND=localhost:3000 hadro")).toEqual(config);
  });
  it("is data that can be compared and copied to another thread", () => {
    const config = configOf("hadro -l :1 -r a.test/x=:2,name=x -b :3 --header-up X:1 --trust ::1");
    expect(structuredClone(config)).toEqual(config);
  });
});

describe("items", () => {
  it.each<[string, string, string[]]>([
    ["-b belongs to the last -l", "hadro -l :1 -b a:1 -l :2 -b b:2", [
      "http-1 -> app: s1=a:1",
      "http-2 -> app2: s1=b:2",
    ]],
    ["-b takes several words, and another -b adds to them", "hadro -l :1 -b a:1 b:2 --lb first -b c:3", [
      "http-1 -> app: s1=a:1 s2=b:2 s3=c:3",
    ]],
    ["-r belongs to the last -l", "hadro -l :1 -b a:1 -l :2 -r /x=b:2", [
      "http-1 -> app: s1=a:1",
      "http-2 any/x -> app2: s1=b:2",
      "http-2 -> 404",
    ]],
    ["-r before -b keeps the default backend apart", "hadro -l :1 -r /x=b:2 -b a:1", [
      "http-1 any/x -> app2: s1=b:2",
      "http-1 -> app: s1=a:1",
    ]],
    ["the same match again adds a server to its backend", "hadro -l :1 -r X.test/y=a:1 x.test/y=b:2 /y=c:3", [
      "http-1 x.test/y -> app: s1=a:1 s2=b:2",
      "http-1 any/y -> app2: s1=c:3",
      "http-1 -> 404",
    ]],
    ["the same match of another listener is another backend", "hadro -l :1 -r /y=a:1 -l :2 -r /y=b:2", [
      "http-1 any/y -> app: s1=a:1",
      "http-1 -> 404",
      "http-2 any/y -> app2: s1=b:2",
      "http-2 -> 404",
    ]],
    ["a host alone, a suffix, and a path", "hadro -l :1 -r a.test=:2 .b.test=:3 /c=:4", [
      "http-1 a.test -> app: s1=:2",
      "http-1 .b.test -> app2: s1=:3",
      "http-1 any/c -> app3: s1=:4",
      "http-1 -> 404",
    ]],
    ["braces and ports expand, in routes too", "hadro -l :1 -b {a,b}:1-2 -r /x=c{1..2}:3", [
      "http-1 any/x -> app2: s1=c1:3 s2=c2:3",
      "http-1 -> app: s1=a:1 s2=a:2 s3=b:1 s4=b:2",
    ]],
    ["a tcp listener", "hadro -l tcp://:5432 -b db1:5432 tcp://db2:5432,backup", [
      "tcp-5432 -> app: s1=db1:5432 s2=db2:5432",
    ]],
    ["unix sockets on both sides", "hadro -l unix:/run/a -b unix:/run/b -l unix:/run/c -b :1", [
      "http-unix -> app: s1=/run/b",
      "http-unix-2 -> app2: s1=:1",
    ]],
  ])("%s", (_, line, facts) => {
    expect(outline(line)).toEqual(facts);
  });
});

describe("names", () => {
  it("are those of the log: frontends, backends and servers as written, or numbered", () => {
    expect(outline("hadro -l :1,name=web -b a:1,name=blue b:1 -r /x=c:1,name=api /y=d:1")).toEqual([
      "web any/x -> api: s1=c:1",
      "web any/y -> app2: s1=d:1",
      "web -> app: blue=a:1 s2=b:1",
    ]);
  });
  it("of backends skip what is taken", () => {
    const { backends } = configOf("hadro -l :1 -r /x=a:1,name=app -l :2 -b b:1 -l :3 -b c:1");
    expect(backends.map(({ name }) => name)).toEqual(["app", "app2", "app3"]);
  });
  it("of listeners with one port on several addresses are numbered", () => {
    const { listeners } = configOf(
      "hadro -l 127.0.0.1:1 -b :9 -l [::1]:1 -b :9 -l 10.0.0.1:1 -b :9 -l tcp://10.0.0.2:1 -b :9",
    );
    expect(listeners.map(({ name }) => name)).toEqual(["http-1", "http-1-2", "http-1-3", "tcp-1"]);
  });
  it("of listeners whose port the system chooses are numbered, and they may be several", () => {
    const { listeners } = configOf("hadro -l :0 -b :9 -l :0 -b :9 -l :8080 -b :9");
    expect(listeners.map(({ name }) => name)).toEqual(["http-0", "http-0-2", "http-8080"]);
  });
});

describe("defaults", () => {
  const everything = "--timeout-connect 1s --timeout-client 2s --timeout-server 3s --timeout-request 4s " +
    "--timeout-keepalive 5s --timeout-queue 6s --timeout-tunnel 7s --timeout-client-fin 8s --timeout-server-fin 9s " +
    "--timeout-client-hs 10s";
  const timeouts = {
    connectMs: 1_000,
    clientMs: 2_000,
    serverMs: 3_000,
    requestMs: 4_000,
    keepAliveMs: 5_000,
    queueMs: 6_000,
    tunnelMs: 7_000,
    clientFinMs: 8_000,
    serverFinMs: 9_000,
    clientHandshakeMs: 10_000,
  };
  it("flow from a flag to every listener and backend, wherever the flag stands", () => {
    const { listeners, backends } = configOf(`hadro -l :1 -b :2 ${everything} --lb first -l :3 -r /x=:4`);
    expect(listeners.map((listener) => listener.timeouts)).toEqual([timeouts, timeouts]);
    expect(backends.map((backend) => backend.timeouts)).toEqual([timeouts, timeouts]);
    expect(backends.map((backend) => backend.balance.algorithm)).toEqual(["first", "first"]);
  });
  it("give way to the keys of a listener, in that listener only", () => {
    const keys =
      "client=20s,request=40s,keepalive=50s,client-fin=80s,client-hs=90s,maxconn=7,prio=high,tcp-ut=3s";
    const { listeners, backends } = configOf(`hadro -l :1,${keys} -b :2 -l :3 -b :4 ${everything}`);
    expect(listeners[0]).toMatchObject({
      priority: "high",
      maxconn: 7,
      tcp: { userTimeoutMs: 3_000 },
      timeouts: {
        ...timeouts,
        clientMs: 20_000,
        requestMs: 40_000,
        keepAliveMs: 50_000,
        clientFinMs: 80_000,
        clientHandshakeMs: 90_000,
      },
    });
    expect(listeners[1]).toMatchObject({
      priority: "normal",
      maxconn: 0,
      tcp: { userTimeoutMs: 0 },
      timeouts,
    });
    expect(backends.map((backend) => backend.timeouts)).toEqual([timeouts, timeouts]);
  });
  it("reach a listener's maxconn only through the limit of the process", () => {
    const { listeners, maxconn } = configOf("hadro -l :1,maxconn=5 -b :2 -l :3 -b :4 --maxconn 9");
    expect([...listeners.map((listener) => listener.maxconn), maxconn]).toEqual([5, 0, 9]);
  });
});

describe("the other flags", () => {
  it("are read each into its own place", () => {
    const config = configOf(
      "hadro 1 :2 --header-up 'X-A: b c' --header-up -X-D --header-down '+X-E: f' --trust 10.0.0.0/8 --trust ::1 " +
        "--log-file /tmp/a.log --log-full block --max-mem 64m --maxconn 10 --drain 1m --poller deno --threads 4 " +
        "--pool-purge-delay 7s --pool-max-conn 8 --http-reuse never --tcp-keepalive on --tcp-ut 5s",
    );
    expect(config).toMatchObject({
      headersUp: [{ action: "set", name: "X-A", value: "b c" }, { action: "delete", name: "X-D", value: "" }],
      headersDown: [{ action: "add", name: "X-E", value: "f" }],
      trust: [{ family: 4, prefixBits: 8 }, { family: 6, prefixBits: 128 }],
      log: { format: "json", pattern: "", file: "/tmp/a.log", full: "block" },
      maxMemBytes: 64 * 1_024 ** 2,
      maxconn: 10,
      drainMs: 60_000,
      poller: "deno",
      threads: 4,
    });
    const tcp = {
      keepAlive: { idleSeconds: 0, intervalSeconds: 0, probeCount: 0 },
      userTimeoutMs: 5_000,
    };
    expect(config.backends[0]).toMatchObject({ poolPurgeMs: 7_000, poolMaxConn: 8, httpReuse: "never", tcp });
    expect(config.listeners[0]).toMatchObject({ tcp });
  });
  it("may leave the number of threads to the machine", () => {
    expect(configOf("hadro 1 :2 --threads auto").threads).toBe(0);
  });
  it("count once: the last one wins", () => {
    expect(configOf("hadro 1 :2 --drain 1s --drain 2s").drainMs).toBe(2_000);
  });
});

describe("settings without items", () => {
  it("are refused before any other fault", () => {
    const settings = new Settings();
    settings.add("drain", "--drain", "x");
    expect(refusalOf(() => resolveConfig(settings, { isStdoutTerminal: false }))).toMatch(/no listener/);
  });
});
