/** Which of several routes a request takes: the table of route_table.ts against a reference that reads words. @module */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseRouteWord } from "../../../src/config/route_word.ts";
import { HeadParser, ParseStatus } from "../../../src/protocol/h1/head_parser.ts";
import { asciiBytes } from "../../../src/protocol/http/octet.ts";
import { RouteTable } from "../../../src/proxy/route_table.ts";

const BASE = 7;

interface Asked {
  readonly method: string;
  readonly host: string;
  readonly target: string;
  readonly fields: readonly (readonly [string, string])[];
}

/** The word of the route that a request takes; null when there is none. */
function taken(words: readonly string[], { method, host, target, fields }: Asked): string | null {
  const routes = words.map((word) => ({
    ...parseRouteWord("-r", word).match,
    backend: word,
    redirect: null,
  }));
  const table = new RouteTable<string>(routes, null, (route) => route.backend);
  const lines = [
    `${method} ${target} HTTP/1.1`,
    `Host: ${host}`,
    ...fields.map((field) => field.join(": ")),
    "",
    "",
  ];
  const bytes = asciiBytes("#".repeat(BASE) + lines.join("\r\n"));
  const parser = new HeadParser("request");
  expect(parser.parse(bytes, BASE, bytes.length)).toBe(ParseStatus.DONE);
  return table.find(parser, bytes, BASE);
}

const get = (target: string, ...fields: [string, string][]): Asked => ({
  method: "GET",
  host: "h",
  target,
  fields,
});

describe("an exact path", () => {
  it.each([["/a", true], ["/a?q=/b", true], ["/a/", false], ["/ab", false], ["/", false], ["/A", false]])(
    "/a== takes %s: %s",
    (target, isTaken) => expect(taken(["/a==:1"], get(target)) !== null).toBe(isTaken),
  );
  it.each([["/", true], ["/?q", true], ["http://h", true], ["http://h?q", true], ["/x", false], [
    "//",
    false,
  ]])(
    "/== takes %s: %s",
    (target, isTaken) => expect(taken(["/==:1"], get(target)) !== null).toBe(isTaken),
  );
  it("comes before every prefix, also a longer one that matches", () => {
    expect(taken(["/a=:1,method=GET,header=X-A", "/a==:2"], get("/a", ["X-A", "1"]))).toBe("/a==:2");
    expect(taken(["/a/=:1", "/a/==:2"], get("/a/"))).toBe("/a/==:2");
  });
});

describe("a method", () => {
  it.each([
    ["GET", "GET", true],
    ["POST", "GET", false],
    ["POST", "GET+POST", true],
    ["PURGE", "GET+PURGE", true],
    ["PURGE", "GET", false],
    ["PURGES", "PURGE", false],
    ["GET", "PURGE", false],
    ["get", "GET", false],
  ])("%s is one of %s: %s", (method, wanted, isTaken) => {
    expect(taken([`/=:1,method=${wanted}`], { ...get("/"), method }) !== null).toBe(isTaken);
  });
});

describe("a header", () => {
  it.each([
    ["X-A", "x-a", "", true],
    ["X-A", "X-AB", "1", false],
    ["X-A:1", "x-A", "1", true],
    ["X-A:1", "X-A", "12", false],
    ["X-A:b", "X-A", "B", false],
    ["X-A:", "X-A", "", true],
    ["X-A:", "X-A", "1", false],
  ])("%s is %s: %s: %s", (wanted, name, value, isTaken) => {
    expect(taken([`/=:1,header=${wanted}`], get("/", [name, value])) !== null).toBe(isTaken);
  });
  it("may be any field of its name, and all that are asked for must be there", () => {
    const words = ["/=:1,header=X-A:2,header=X-B"];
    expect(taken(words, get("/", ["X-A", "1"], ["X-A", "2"], ["X-B", "3"]))).not.toBeNull();
    expect(taken(words, get("/", ["X-A", "1"], ["X-A", "2"]))).toBeNull();
  });
});

describe("the order", () => {
  it.each([
    ["host before path", ["h=:1", "/a==:2"], "h=:1"],
    ["path before method", ["/=:1,method=GET", "/a=:2"], "/a=:2"],
    ["method before headers", ["/a=:1,header=X-A,header=X-B", "/a=:2,method=GET"], "/a=:2,method=GET"],
    [
      "headers by their number",
      ["/a=:1,header=X-A", "/a=:2,header=X-A,header=X-B"],
      "/a=:2,header=X-A,header=X-B",
    ],
    ["as written", ["/a=:1,header=X-A", "/a=:2,header=X-B"], "/a=:1,header=X-A"],
    ["as written, the other way", ["/a=:2,header=X-B", "/a=:1,header=X-A"], "/a=:2,header=X-B"],
  ])(
    "is %s",
    (_, words, expected) => expect(taken(words, get("/a", ["X-A", "1"], ["X-B", "1"]))).toBe(expected),
  );

  it("is that of the table, for any routes and any request", () => {
    const word = fc.tuple(
      fc.constantFrom("", "h", "g.h", ".h", ".g.h"),
      fc.constantFrom("/", "/a", "/a/", "/a/b", "/a/b/"),
      fc.boolean(),
      fc.constantFrom("", ",method=GET", ",method=PUT+PURGE"),
      fc.constantFrom("", ",header=X-A", ",header=X-A:1", ",header=X-A:2,header=X-B"),
    ).map(([host, path, isExact, method, header]) =>
      `${host}${path}${isExact ? "==" : "="}:1${method}${header}`
    );
    const asked = fc.record({
      method: fc.constantFrom("GET", "PUT", "PURGE"),
      host: fc.constantFrom("h", "g.h", "f.g.h", "x"),
      target: fc.constantFrom("/", "/a", "/a/", "/a?b", "/a/b", "/a/b/c", "/ab"),
      fields: fc.subarray([["X-A", "1"], ["x-a", "2"], ["X-B", ""]] as [string, string][]),
    });
    fc.assert(
      fc.property(fc.uniqueArray(word, { minLength: 1, maxLength: 8 }), asked, (words, request) => {
        expect(taken(words, request)).toBe(reference(words, request));
      }),
      { numRuns: 2_000 },
    );
  });
});

/** Reads the word, and counts: every line of the table is worth more than all below it. */
function reference(words: readonly string[], { method, host, target, fields }: Asked): string | null {
  const path = target.split("?")[0]!;
  let best: string | null = null;
  let bestScore = -1;
  for (const word of words) {
    const [, wantedHost, wantedPath, equals] = /^([^/]*)([^=]*)(==?)/.exec(word)!;
    const wantedMethods = /method=([^,]*)/.exec(word)?.[1]?.split("+") ?? [];
    const wantedHeaders = [...word.matchAll(/header=([^,]*)/g)].map(([, text]) => text!.split(":"));
    const isHost = wantedHost === "" || wantedHost === host ||
      (wantedHost!.startsWith(".") && host.endsWith(wantedHost!));
    const bare = wantedPath!.replace(/\/$/, "");
    const isPath = equals === "==" ? path === wantedPath : path === wantedPath || path.startsWith(`${bare}/`);
    const isMethod = wantedMethods.length === 0 || wantedMethods.includes(method);
    const isHeader = wantedHeaders.every(([name, value]) =>
      fields.some((field) =>
        field[0].toLowerCase() === name!.toLowerCase() && (value === undefined || field[1] === value)
      )
    );
    if (!isHost || !isPath || !isMethod || !isHeader) continue;
    const hostScore = wantedHost === "" ? 0 : wantedHost!.length + (wantedHost!.startsWith(".") ? 0 : 50);
    const pathScore = wantedPath!.length + (equals === "==" ? 50 : 0);
    const score = hostScore * 1e6 + pathScore * 1e3 + Math.min(1, wantedMethods.length) * 100 +
      wantedHeaders.length;
    if (score > bestScore) [best, bestScore] = [word, score];
  }
  return best;
}
