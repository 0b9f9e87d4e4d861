/** Routes of a listener: which backend a parsed request goes to. @module */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { RouteConfig } from "../../../src/config/model.ts";
import { HeadParser, ParseStatus } from "../../../src/protocol/h1/head_parser.ts";
import { asciiBytes } from "../../../src/protocol/http/octet.ts";
import { RouteTable } from "../../../src/proxy/route_table.ts";

const BASE = 7;
/** "example.com/api", ".example.com", "/api": as written with -r; the backend's name is the same text. */
function parseRoute(text: string): RouteConfig {
  const slash = text.indexOf("/");
  const [host, pathPrefix] = slash < 0 ? [text, ""] : [text.slice(0, slash), text.slice(slash)];
  return { host, pathPrefix, isExact: false, methods: [], headers: [], backend: text, redirect: null };
}

function newTable(routes: readonly string[], hasFallback = true): RouteTable<string> {
  return new RouteTable(routes.map(parseRoute), hasFallback ? "fallback" : null, (route) => route.backend);
}

/** The name of the backend that a request goes to; null when there is none. */
function find(table: RouteTable<string>, target: string, ...fields: string[]): string | null {
  const version = fields.length === 0 ? "HTTP/1.0" : "HTTP/1.1";
  const method = target === "*" ? "OPTIONS" : "GET";
  const lines = [`${method} ${target} ${version}`, ...fields, "", ""].join("\r\n");
  const bytes = asciiBytes("#".repeat(BASE) + lines);
  const parser = new HeadParser("request");
  expect(parser.parse(bytes, BASE, bytes.length)).toBe(ParseStatus.DONE);
  return table.find(parser, bytes, BASE);
}

describe("a table without routes", () => {
  it("gives the default backend to every request", () => {
    expect(find(newTable([]), "/a", "Host: any")).toBe("fallback");
    expect(find(newTable([]), "/a")).toBe("fallback");
  });
});

describe("routes by path", () => {
  const table = newTable(["/api", "/api/v2/", "/files/"]);

  it.each([
    ["/api", "/api"],
    ["/api/", "/api"],
    ["/api?x=/files/", "/api"],
    ["/api/v1", "/api"],
    ["/api/v2/x", "/api/v2/"],
    ["/api/v2", "/api"],
    ["/apix", "fallback"],
    ["/API", "fallback"],
    ["/files", "fallback"],
    ["/files/a", "/files/"],
    ["/x/api", "fallback"],
    ["/", "fallback"],
    ["*", "fallback"],
    ["/?/api", "fallback"],
  ])("%s goes to %s", (target, backend) => expect(find(table, target, "Host: h")).toBe(backend));

  it("are asked also when there is no Host, as HTTP/1.0 allows", () => {
    expect(find(table, "/api/v2/x")).toBe("/api/v2/");
  });

  it("with / match every path", () => {
    expect(find(newTable(["/"]), "/x", "Host: h")).toBe("/");
  });
});

describe("routes by host", () => {
  const table = newTable(["a.example.com", ".example.com", ".b.example.com", "10.0.0.1", "[2001:db8::1]"]);

  it.each([
    ["a.example.com", "a.example.com"],
    ["a.example.com:8080", "a.example.com"],
    ["a.example.com:", "a.example.com"],
    ["A.Example.COM", "a.example.com"],
    ["a.example.com.", "a.example.com"],
    ["a.example.com.:8080", "a.example.com"],
    ["c.example.com", ".example.com"],
    ["c.d.example.com:1", ".example.com"],
    ["c.b.example.com", ".b.example.com"],
    ["b.example.com", ".example.com"],
    ["example.com", "fallback"],
    ["aexample.com", "fallback"],
    ["a.example.com.evil", "fallback"],
    ["10.0.0.1:80", "10.0.0.1"],
    ["[2001:db8::1]:443", "[2001:db8::1]"],
    ["[2001:DB8::1]", "[2001:db8::1]"],
    ["", "fallback"],
  ])("Host %s goes to %s", (host, backend) => expect(find(table, "/", `Host: ${host}`)).toBe(backend));

  it("take the authority of an absolute target, which is more than Host", () => {
    expect(find(table, "http://c.example.com:80/x", "Host: c.example.com:80")).toBe(".example.com");
    expect(find(table, "http://a.example.com")).toBe("a.example.com");
  });

  it("match nothing without a host", () => expect(find(table, "/")).toBe("fallback"));
});

describe("routes by host and path", () => {
  it("look at the host first: its routes before those of any host", () => {
    const table = newTable(["/api", "a.test/x", "a.test"]);
    expect(find(table, "/api", "Host: a.test")).toBe("a.test");
    expect(find(table, "/x/y", "Host: a.test")).toBe("a.test/x");
    expect(find(table, "/api", "Host: b.test")).toBe("/api");
  });

  it("go on to a less exact host when no path of the exact one matches", () => {
    const table = newTable(["a.test/x", ".test/y", "/z"]);
    expect(find(table, "/y", "Host: a.test")).toBe(".test/y");
    expect(find(table, "/z", "Host: a.test")).toBe("/z");
    expect(find(table, "/w", "Host: a.test")).toBe("fallback");
  });

  it("give nothing when none matches and there is no default", () => {
    expect(find(newTable(["a.test/x"], false), "/y", "Host: a.test")).toBeNull();
  });

  it("choose the same whatever the order they are written in", () => {
    const routes = ["", "/", "/a", "/a/b", "h.test", "h.test/a", ".test", ".h.test", ".h.test/a/b"];
    const host = fc.constantFrom("h.test", "g.h.test", "x.test", "other");
    const target = fc.constantFrom("/", "/a", "/a/b", "/a/b/c", "/ab");
    const written = fc.shuffledSubarray(routes.slice(1), { minLength: 1 });
    fc.assert(fc.property(written, host, target, (shuffled, name, path) => {
      const found = find(newTable(shuffled), path, `Host: ${name}`);
      expect(found).toBe(bestRoute(shuffled, name, path));
    }));
  });
});

/** The same by brute force: of all routes that match, the exact host, then the longest host, then the longest path. */
function bestRoute(routes: readonly string[], host: string, path: string): string {
  const matching = routes.map(parseRoute).filter((route) => {
    const isHost = route.host === "" || route.host === host ||
      (route.host.startsWith(".") && host.endsWith(route.host) && host !== route.host);
    const prefix = route.pathPrefix.replace(/\/$/, "");
    return isHost && (path === prefix || path.startsWith(`${prefix}/`));
  });
  const score = ({ host, pathPrefix }: RouteConfig) =>
    (host !== "" && !host.startsWith(".") ? 10_000 : 0) + host.length * 100 + pathPrefix.length;
  return matching.toSorted((a, b) => score(b) - score(a))[0]?.backend ?? "fallback";
}
