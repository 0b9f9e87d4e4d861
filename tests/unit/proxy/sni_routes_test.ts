/** Routes of an sni listener: which backend a client hello goes to. @module */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { SniRouteConfig } from "../../../src/config/model_sni.ts";
import { SniRoutes } from "../../../src/proxy/sni_routes.ts";

/** "a.test", ".a.test h2 h3", " h2": a host and protocols; the backend's name is the same text. */
function route(text: string): SniRouteConfig {
  const [host, ...protocols] = text.split(" ");
  return { host: host!, protocols, backend: text };
}

function find(routes: readonly string[], name: string, ...offered: string[]): string | null {
  const table = new SniRoutes(routes.map(route), ({ backend }) => backend);
  const decoder = new TextDecoder();
  return table.find(name, { offers: (protocol) => offered.includes(decoder.decode(protocol)) });
}

describe("routes by name", () => {
  const ROUTES = ["a.test", ".a.test", ".b.a.test", "x.b.a.test", "test"];
  it.each([
    ["a.test", "a.test"],
    ["c.a.test", ".a.test"],
    ["d.c.a.test", ".a.test"],
    ["b.a.test", ".a.test"],
    ["c.b.a.test", ".b.a.test"],
    ["x.b.a.test", "x.b.a.test"],
    ["y.x.b.a.test", ".b.a.test"],
    ["test", "test"],
    ["xa.test", null],
    ["a.test.b", null],
    ["b.test", null],
    ["", null],
  ])("%s goes to %s", (name, backend) => {
    expect(find(ROUTES, name)).toBe(backend);
    expect(find([...ROUTES].reverse(), name)).toBe(backend);
    expect(find(["", ...ROUTES], name)).toBe(backend ?? "");
  });

  it("without any is null", () => expect(find([], "a.test")).toBeNull());
});

describe("routes by protocol", () => {
  const ROUTES = ["a.test", "a.test h2", ".test h2", " acme-tls/1", " h2 h3"];
  it.each<[string, string[], string | null]>([
    ["a.test", ["h2", "http/1.1"], "a.test h2"],
    ["a.test", ["http/1.1"], "a.test"],
    ["a.test", ["acme-tls/1"], "a.test"],
    ["b.test", ["h2"], ".test h2"],
    ["b.test", ["acme-tls/1", "h2"], ".test h2"],
    ["b.test", ["acme-tls/1"], " acme-tls/1"],
    ["b.test", ["h3"], " h2 h3"],
    ["", ["h3"], " h2 h3"],
    ["b.test", [], null],
    ["", [], null],
  ])("%s with %j goes to %s", (name, offered, backend) => {
    expect(find(ROUTES, name, ...offered)).toBe(backend);
  });

  it("of the same kind: the one written earlier", () => {
    expect(find(["a.test h3 h2", "a.test h2"], "a.test", "h2")).toBe("a.test h3 h2");
    expect(find(["a.test h2", "a.test h3 h2"], "a.test", "h2")).toBe("a.test h2");
  });
});

describe("any routes", () => {
  it("give what trying them one by one, the longest first, gives", () => {
    const name = fc.array(fc.constantFrom("a", "b", "test"), { minLength: 1, maxLength: 4 })
      .map((labels) => labels.join("."));
    const host = fc.oneof(name, name.map((text) => `.${text}`), fc.constant(""));
    fc.assert(fc.property(fc.uniqueArray(host, { maxLength: 8 }), name, (routes, asked) => {
      const rank = (text: string) => text.length + (text.startsWith(".") ? 0 : text === "" ? 0 : 1_000);
      const matches = (text: string) =>
        text === "" || text === asked || (text.startsWith(".") && asked.endsWith(text));
      const best = routes.filter(matches).sort((a, b) => rank(b) - rank(a))[0] ?? null;
      expect(find(routes, asked)).toBe(best);
    }));
  });
});
