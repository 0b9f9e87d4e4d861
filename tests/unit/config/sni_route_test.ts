/** Words of --route behind an sni listener. Refusals: tests/fixtures/config/refusals.md. @module */
import { describe, expect, it } from "vitest";
import { isServerName } from "../../../src/config/sni_route.ts";
import { configOf } from "../../support/config/written.ts";

/** The routes of one listener: host, protocols, backend. */
function routesOf(words: string): [string, readonly string[], string][] {
  const { sniRoutes } = configOf(`hadro -l sni://:443 -r ${words}`).listeners[0]!;
  return sniRoutes.map(({ host, protocols, backend }) => [host, protocols, backend]);
}

describe("a route of an sni listener", () => {
  it.each<[string, [string, string[]]]>([
    ["app.test=:1", ["app.test", []]],
    ["APP.Test=:1", ["app.test", []]],
    ["app.test.=:1", ["app.test", []]],
    [".app.test=:1", [".app.test", []]],
    ["*.app.test=:1", [".app.test", []]],
    ["*=:1", ["", []]],
    ["localhost=unix:/run/a", ["localhost", []]],
    ["_a-b.test=tcp://:1,weight=2", ["_a-b.test", []]],
    ["a.test=:1,alpn=h2", ["a.test", ["h2"]]],
    ["*=:1,alpn=acme-tls/1+h2+h2", ["", ["acme-tls/1", "h2"]]],
  ])("%s", (word, [host, protocols]) => expect(routesOf(word)).toEqual([[host, protocols, "app"]]));

  it("has a server more when the same match is written again, whatever the order of its protocols", () => {
    const words = "a.test=:1 *.a.test=:2 A.test.=:3 .a.test=:4 a.test=:5,alpn=h2+h3 a.test=:6,alpn=h3+h2";
    const { listeners, backends } = configOf(`hadro -l sni://:443 -r ${words}`);
    expect(listeners[0]!.sniRoutes.map(({ backend }) => backend)).toEqual(["app", "app2", "app3"]);
    expect(backends.map(({ servers }) => servers.map(({ endpoint }) => endpoint.port))).toEqual([
      [1, 3],
      [2, 4],
      [5, 6],
    ]);
  });

  it("leads to a tcp backend, beside the default one", () => {
    const { listeners, backends } = configOf(
      "hadro -l sni://:443 -r a.test=:1,name=a,lb=sni -b :2 -l :80 -b :3",
    );
    expect(listeners[0]).toMatchObject({
      name: "sni-443",
      scheme: "sni",
      routes: [],
      sniRoutes: [{ host: "a.test", protocols: [], backend: "a" }],
      defaultBackend: "app",
    });
    expect(listeners[1]!.sniRoutes).toEqual([]);
    expect(backends.map(({ name, scheme, balance }) => [name, scheme, balance.algorithm])).toEqual([
      ["app", "tcp", "roundrobin"],
      ["a", "tcp", "sni"],
      ["app2", "http", "roundrobin"],
    ]);
  });

  it("needs no default, and a default needs no route", () => {
    expect(configOf("hadro -l sni://:443 -r a.test=:1").listeners[0]!.defaultBackend).toBe("");
    expect(configOf("hadro -l sni://:443 -b :1").listeners[0]).toMatchObject({
      sniRoutes: [],
      defaultBackend: "app",
    });
  });
});

describe("isServerName", () => {
  it("asks for labels of one byte to 63, and 253 in all", () => {
    const longest = Array.from({ length: 127 }, () => "a").join(".");
    expect(["a", "a.b", "1.2", "a".repeat(63), longest].map(isServerName)).toEqual([
      true,
      true,
      true,
      true,
      true,
    ]);
    expect(["", ".", "a.", ".a", "a..b", "A", "a b", "ä", "a".repeat(64), `${longest}.a`].map(isServerName))
      .toEqual(Array.from({ length: 10 }, () => false));
  });
});
