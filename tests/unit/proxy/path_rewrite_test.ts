/** Paths of requests, changed step by step, and start lines made of them. @module */
import { describe, expect, it } from "vitest";
import { HeadEdit } from "../../../src/protocol/h1/head_edit.ts";
import { HeadParser, ParseStatus } from "../../../src/protocol/h1/head_parser.ts";
import { asciiBytes } from "../../../src/protocol/http/octet.ts";
import { PathRewrite, PATTERN_PATH_MAX, rewritePath } from "../../../src/proxy/path_rewrite.ts";
import { configOf } from "../../support/config/written.ts";

const BASE = 3;

function newRewrite(keys: string): PathRewrite {
  return new PathRewrite(configOf(`hadro -l :80 -b ':1,${keys}'`).backends[0]!.pathRewrite!);
}

/** What a path becomes; null when it does not fit into `limit` bytes. */
function rewritten(keys: string, path: string, limit = 64): string | null {
  const bytes = asciiBytes(`###${path} `);
  const into = new Uint8Array(80).fill(0x2e);
  const end = newRewrite(keys).write(bytes, BASE, bytes.length - 1, into, 1, 1 + limit);
  expect(into.subarray(1 + limit).every((byte) => byte === 0x2e)).toBe(true);
  return end < 0 ? null : new TextDecoder().decode(into.subarray(1, end));
}

describe("strip-prefix", () => {
  it.each([
    ["/api/x?y=/api", "/x?y=/api"],
    ["/api", "/"],
    ["/api?q", "/?q"],
    ["/api/", "/"],
    ["/apix", "/apix"],
    ["/API/x", "/API/x"],
    ["/x/api", "/x/api"],
    ["/api/api", "/api"],
    ["", "/"],
    ["?q", "/?q"],
  ])("/api of %s leaves %s", (path, expected) => expect(rewritten("strip-prefix=/api", path)).toBe(expected));
});

describe("add-prefix", () => {
  it.each([["/x?y", "/v1/x?y"], ["/", "/v1/"], ["", "/v1/"], ["?q", "/v1/?q"]])(
    "/v1 makes of %s %s",
    (path, expected) => expect(rewritten("add-prefix=/v1", path)).toBe(expected),
  );
});

describe("replace-path", () => {
  it.each([
    ["^/old/(.*) /new/$1", "/old/a?/old/b", "/new/a?/old/b"],
    ["^/old/(.*) /new/$1", "/other", "/other"],
    ["a b", "/aa", "/ba"],
    ["^/x ", "/x/y", "/y"],
    ["^/x/ ", "/x/y", "/y"],
    [".* ", "/x?q", "/?q"],
    ["^/$ /index", "", "/index"],
    ["^/(\\d{2})(\\w) /$2-$1-$$", "/12a", "/a-12-$"],
  ])("%s makes of %s %s", (value, path, expected) => {
    expect(rewritten(`replace-path="${value}"`, path)).toBe(expected);
  });
  it("comes between strip-prefix and add-prefix", () => {
    expect(rewritten('add-prefix=/c,replace-path="^/b /x",strip-prefix=/a', "/a/b/d")).toBe("/c/x/d");
  });
  it("is not for a longer path than it may take", () => {
    const isTooLong = (keys: string, path: string) =>
      newRewrite(keys).isTooLong(asciiBytes(path), 0, path.length);
    const path = `/${"a".repeat(PATTERN_PATH_MAX - 1)}`;
    expect(isTooLong('replace-path="a b"', `${path}?query`)).toBe(false);
    expect(isTooLong('replace-path="a b"', `${path}a`)).toBe(true);
    expect(isTooLong("strip-prefix=/a", `${path}a`)).toBe(false);
  });
});

describe("room", () => {
  it.each([
    ["add-prefix=/v1", "/x?y", 7],
    ["strip-prefix=/a", "/a", 1],
    ['replace-path="x yyy"', "/x?q", 6],
  ])("%s of %s needs %i bytes", (keys, path, count) => {
    expect(rewritten(keys, path, count)).toHaveLength(count);
    for (let limit = 0; limit < count; limit++) expect(rewritten(keys, path, limit)).toBeNull();
  });
});

/** The head that a request becomes; null when it does not fit. */
function head(keys: string, start: string, scratchBytes = 64): string | null {
  const text = `${start}\r\nHost: h\r\n\r\n`;
  const bytes = new Uint8Array(256);
  bytes.set(asciiBytes(text), BASE);
  const parser = new HeadParser("request");
  expect(parser.parse(bytes, BASE, BASE + text.length)).toBe(ParseStatus.DONE);
  const edit = new HeadEdit();
  edit.begin(parser);
  rewritePath(newRewrite(keys), edit, new Uint8Array(scratchBytes), parser, bytes, BASE);
  const end = edit.apply(bytes, BASE, parser, BASE + text.length, bytes.length);
  return end < 0 ? null : new TextDecoder().decode(bytes.subarray(BASE, end));
}

describe("rewritePath", () => {
  it.each([
    ["GET /a/b?c HTTP/1.1", "GET /v/b?c HTTP/1.1"],
    ["GET http://h/a/b HTTP/1.1", "GET /v/b HTTP/1.1"],
    ["GET http://h HTTP/1.1", "GET /v/ HTTP/1.1"],
    ["PROPFIND /x HTTP/1.1", "PROPFIND /v/x HTTP/1.1"],
  ])("makes of %s %s", (start, expected) => {
    expect(head("strip-prefix=/a,add-prefix=/v", start)).toBe(`${expected}\r\nHost: h\r\n\r\n`);
  });
  it("leaves a head alone whose line does not fit", () => {
    expect(head("add-prefix=/v", "GET /a HTTP/1.1", 17)).toContain("GET /v/a HTTP/1.1\r\n");
    for (let size = 8; size < 17; size++) expect(head("add-prefix=/v", "GET /a HTTP/1.1", size)).toBeNull();
  });
});
