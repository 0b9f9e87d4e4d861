/** What flags and keys say about names; what they refuse is in resolve_refusals_test.ts. @module */
import { describe, expect, it } from "vitest";
import { explainConfig } from "../../../src/config/explain.ts";
import type { Config } from "../../../src/config/model.ts";
import { SLOTS_MAX, SRV_SLOTS } from "../../../src/config/name_values.ts";
import { configOf } from "../../support/config/written.ts";

function servers(words: string) {
  return configOf(`hadro -l :8080 -b ${words}`).backends[0]!.servers;
}

function names(words: string): string {
  return servers(words).map(({ name }) => name).join(" ");
}

/** What --dry-run says of servers and names. */
function explained(config: Config): string[] {
  const plan = {
    maxconn: 1,
    bufferCount: 1,
    bufferBytes: 1,
    pipeCount: 0,
    maxFdCount: 1,
    connectionCostBytes: 1,
    connectionBytes: 1,
    compressBytes: 0,
  };
  return explainConfig(config, plan).filter((line) => /^(server|names)/.test(line));
}

describe("slots", () => {
  it.each([
    ["3*app.service:80", "app1 app2 app3"],
    ["app.service:80,slots=2", "app1 app2"],
    ["2*app.service:80,name=web", "web1 web2"],
    ["2*srv://_http._tcp.app.service", "app1 app2"],
    ["2*srv://_http._tcp", "srv1 srv2"],
    [":1 2*app.service:80 :2", "s1 app1 app2 s3"],
    ["1*app:80", "app1"],
  ])("of %s are servers %s", (words, expected) => expect(names(words)).toBe(expected));
  it("are numbered, and share their template", () => {
    const [first, second] = servers("2*app.service:80,weight=3,backup");
    expect(first).toMatchObject({ slot: 0, weight: 3, backup: true });
    expect(second).toMatchObject({ slot: 1, weight: 3, backup: true });
    expect(first!.template).toEqual(second!.template);
    expect(first!.template).toEqual({
      kind: "address",
      host: "app.service",
      port: 80,
      prefix: "app",
      slotCount: 2,
      prefer: "ipv4",
      checkPort: 0,
    });
  });
  it("are so many, and with SRV records so many when nothing is said", () => {
    expect(servers(`${SLOTS_MAX}*app:80`)).toHaveLength(SLOTS_MAX);
    expect(servers("srv://_http._tcp.app")).toHaveLength(SRV_SLOTS);
  });
  it("of a route are named after the name, not after the backend", () => {
    const { backends } = configOf("hadro -l :8080 -r /api/=2*app.service:80,name=api");
    expect(backends.map(({ name, servers }) => [name, servers.map((server) => server.name)])).toEqual([
      ["api", ["app1", "app2"]],
    ]);
  });
  it("are checked at their own addresses, at another port if need be; at another address when that is said", () => {
    const [slot] = servers("1*app:80,check=tcp,check-port=9");
    expect([slot!.checkEndpoint, slot!.template!.checkPort]).toEqual([null, 9]);
    expect(servers("1*app:80,check=tcp,check-addr=10.0.0.1")[0]!.checkEndpoint).toMatchObject({ port: 80 });
  });
});

describe("flags", () => {
  it("are read each into its place, parts of hold one by one", () => {
    const flags =
      "--resolve-every 5s --hold nx=1m,obsolete=2s --hold other=0 --resolve-retries 0 --timeout-resolve 50ms " +
      "--nameserver 10.0.0.53 --nameserver [fd00::53]:54 --nameserver fd00::1 --resolve-prefer ipv6";
    const { resolve, backends } = configOf(`hadro 8080 app.test:80 ${flags}`);
    expect(resolve).toEqual({
      everyMs: 5_000,
      hold: { obsoleteMs: 2_000, nxMs: 60_000, refusedMs: 30_000, timeoutMs: 30_000, otherMs: 0 },
      retries: 0,
      timeoutMs: 50,
      nameServers: [
        { host: "10.0.0.53", port: 53 },
        { host: "fd00::53", port: 54 },
        { host: "fd00::1", port: 53 },
      ],
    });
    expect(backends[0]!.servers[0]!.resolvePrefer).toBe("ipv6");
  });
});

describe("--dry-run", () => {
  it.each([
    ["2*app.test:80 --nameserver 10.0.0.53", [
      "server   app/app1 to app/app2  http://app.test:80  2 slots  weight 1",
      "names    every 10s from 10.0.0.53:53, 1s a query, 3 retries  hold nx 30s refused 30s timeout 30s other 30s obsolete 0",
    ]],
    ["srv://_http._tcp.app.test,slots=1 --hold obsolete=1m", [
      "server   app/app1  srv://_http._tcp.app.test  1 slot  weight of its SRV record",
      "names    every 10s from the system's resolver, SRV records from /etc/resolv.conf, 1s a query, 3 retries  " +
      "hold nx 30s refused 30s timeout 30s other 30s obsolete 1m",
    ]],
    ["app.test:80,resolve-prefer=ipv6", [
      "server   app/s1  http://app.test:80  weight 1  resolve-prefer ipv6",
      "names    every 10s from the system's resolver  hold nx 30s refused 30s timeout 30s other 30s obsolete 0",
    ]],
    ["10.0.0.1:80 localhost:3000", [
      "server   app/s1  http://10.0.0.1:80  weight 1",
      "server   app/s2  http://localhost:3000  weight 1",
    ]],
  ])(
    "of %s",
    (words, expected) => expect(explained(configOf(`hadro -l :8080 -b ${words}`))).toEqual(expected),
  );
});
