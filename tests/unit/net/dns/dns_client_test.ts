/** Asking name servers, over a DNS server that does as told: retries, other servers, TCP, and each way to fail. @module */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ResolveConfig } from "../../../../src/config/model_names.ts";
import { newAsker } from "../../../../src/net/asker.ts";
import type { NameAnswer, QuestionType } from "../../../../src/net/name_answer.ts";
import { DnsServer, type Zone } from "../../../support/dns/dns_server.ts";

const HOLD = { obsoleteMs: 0, nxMs: 0, refusedMs: 0, timeoutMs: 0, otherMs: 0 };

let servers: DnsServer[] = [];

beforeEach(async () => {
  servers = [await DnsServer.start(), await DnsServer.start()];
});
afterEach(() => servers.forEach((server) => server.stop()));

function ask(
  name: string,
  type: QuestionType,
  { count = 1, retries = 1, timeoutMs = 2_000 } = {},
): Promise<NameAnswer> {
  const config: ResolveConfig = {
    everyMs: 1_000,
    hold: HOLD,
    retries,
    timeoutMs,
    nameServers: servers.slice(0, count).map(({ port }) => ({ host: "127.0.0.1", port })),
  };
  return new Promise((resolve) => newAsker(config)(name, type, resolve));
}

describe("a name server", () => {
  it("gives A, AAAA and SRV records", async () => {
    const [server] = servers;
    server!.set("app.test A", ["10.0.0.2", "10.0.0.1"]);
    server!.set("app.test AAAA", ["fd00::7"]);
    server!.set("_http._tcp.app.test SRV", ["1 5 8080 web-1.app.test"]);
    expect(await ask("APP.test", "A")).toMatchObject({
      status: "valid",
      addresses: ["10.0.0.2", "10.0.0.1"],
    });
    expect(await ask("app.test", "AAAA")).toMatchObject({ status: "valid", addresses: ["fd00::7"] });
    expect(await ask("_http._tcp.app.test", "SRV")).toMatchObject({
      status: "valid",
      services: [{ priority: 1, weight: 5, port: 8080, target: "web-1.app.test" }],
    });
    expect(server!.asked).toEqual(["app.test A", "app.test AAAA", "_http._tcp.app.test SRV"]);
  });

  it.each<[Zone, string, string]>([
    ["NXDOMAIN", "nx", "NXDOMAIN"],
    [[], "nx", "no address"],
    ["SERVFAIL", "other", "SERVFAIL"],
    ["REFUSED", "refused", "REFUSED"],
    ["GARBAGE", "other", "a malformed answer"],
  ])("that says %j is asked once, and means %s", async (zone, status, detail) => {
    servers[0]!.set("app.test", zone);
    expect(await ask("app.test", "A", { retries: 3 })).toMatchObject({ status, detail, addresses: [] });
    expect(servers[0]!.asked).toHaveLength(1);
  });

  it("that says nothing is asked again, resolve-retries times", async () => {
    servers[0]!.set("app.test", "SILENCE");
    const { status, detail } = await ask("app.test", "A", { retries: 2, timeoutMs: 50 });
    expect([status, detail]).toEqual([
      "timeout",
      `127.0.0.1 port ${servers[0]!.port} did not answer within 50 ms`,
    ]);
    expect(servers[0]!.asked).toHaveLength(3);
  });

  it("is asked over TCP when its answer does not fit a datagram", async () => {
    const addresses = Array.from({ length: 300 }, (_, i) => `10.0.${i >> 8}.${i & 255}`);
    servers[0]!.set("many.test", addresses);
    expect((await ask("many.test", "A")).addresses).toEqual(addresses);
    expect(servers[0]!.asked).toEqual(["many.test A", "many.test A tcp"]);
  });

  it("is asked for no name that DNS cannot have", async () => {
    expect(await ask("a..b", "A")).toMatchObject({ status: "other", detail: "no name is like that" });
    expect(servers[0]!.asked).toEqual([]);
  });
});

describe("two name servers", () => {
  it.each<Zone>(["SERVFAIL", "REFUSED", "GARBAGE"])("are both asked when the first says %s", async (zone) => {
    servers[0]!.set("app.test", zone);
    servers[1]!.set("app.test A", ["10.0.0.9"]);
    expect((await ask("app.test", "A", { count: 2 })).addresses).toEqual(["10.0.0.9"]);
    expect(servers.map(({ asked }) => asked.length)).toEqual([1, 1]);
  });
  it("are both asked when the first says nothing, and the second failed for all of them", async () => {
    servers[0]!.set("app.test", "SILENCE");
    servers[1]!.set("app.test", "SERVFAIL");
    const { status } = await ask("app.test", "A", { count: 2, retries: 2, timeoutMs: 50 });
    expect(status).toBe("other");
    expect(servers.map(({ asked }) => asked.length)).toEqual([2, 1]);
  });
  it("are not both asked for what the first says does not exist", async () => {
    servers[1]!.set("app.test A", ["10.0.0.9"]);
    expect((await ask("app.test", "A", { count: 2 })).status).toBe("nx");
    expect(servers[1]!.asked).toEqual([]);
  });
  it("are both asked when nobody listens at the first", async () => {
    servers[1]!.set("app.test A", ["10.0.0.9"]);
    const nobody = await DnsServer.start();
    const { port } = nobody;
    nobody.stop();
    const nameServers = [{ host: "127.0.0.1", port }, { host: "127.0.0.1", port: servers[1]!.port }];
    const ask = newAsker({ everyMs: 1_000, hold: HOLD, retries: 1, timeoutMs: 300, nameServers });
    const answer = await new Promise<NameAnswer>((resolve) => ask("app.test", "A", resolve));
    expect(answer.addresses).toEqual(["10.0.0.9"]);
  });
});
