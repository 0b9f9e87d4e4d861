/** The keys of the PROXY protocol: what each way to write them means. What is refused: tests/fixtures/config/refusals.md. @module */
import { describe, expect, it } from "vitest";
import { formatProxyOut } from "../../../src/config/proxy_values.ts";
import { configOf } from "../../support/config/written.ts";

describe("proxy of a listener", () => {
  const acceptsProxy = (line: string) => configOf(line).listeners.map((listener) => listener.acceptsProxy);

  it.each([
    ["hadro -l :8080 -b :3000", [false]],
    ["hadro -l :8080,proxy -b :3000 --trust 10.0.0.0/8", [true]],
    ["hadro -l :8080,proxy=on -b :3000 --trust 10.0.0.0/8", [true]],
    ["hadro -l :8080,proxy=off -b :3000", [false]],
    ["hadro -l tcp://:1,proxy -b :3 -l http://:2 -b :3 --trust ::1", [true, false]],
    ["hadro -l unix:/run/a.sock,proxy -b :3000", [true]],
  ])("%s", (line, expected) => expect(acceptsProxy(line)).toEqual(expected));
});

describe("proxy of a server", () => {
  const NO_OPTIONS = {
    version: 2,
    hasAuthority: false,
    hasUniqueId: false,
    hasSsl: false,
    hasChecksum: false,
  };
  const out = (keys: string) =>
    configOf(`hadro -l :8080 -b :3000${keys} :3001`).backends[0].servers[0].proxyOut;

  it.each([
    ["", null],
    [",proxy=1", { ...NO_OPTIONS, version: 1 }],
    [",proxy=2", NO_OPTIONS],
    [",proxy=2,proxy-v2-options=crc32c", { ...NO_OPTIONS, hasChecksum: true }],
    [",proxy=2,proxy-v2-options=crc32c+authority", { ...NO_OPTIONS, hasAuthority: true, hasChecksum: true }],
    [",proxy=2,proxy-v2-options=unique-id", { ...NO_OPTIONS, hasUniqueId: true }],
    [",proxy=2,proxy-v2-options=ssl", { ...NO_OPTIONS, hasSsl: true }],
    [",http-reuse=never,proxy=2", NO_OPTIONS],
  ])("%j", (keys, expected) => expect(out(keys)).toEqual(expected));

  it("is each server's own, whatever the flag for reuse says", () => {
    const { servers } =
      configOf("hadro -l :8080 -b :3000,proxy=1 :3001 :3002,proxy=2 --http-reuse always").backends[0];
    expect(servers.map(({ proxyOut }) => proxyOut?.version ?? 0)).toEqual([1, 0, 2]);
  });

  it("may be a route's", () => {
    const { backends } = configOf("hadro -l :8080 -b :3000 -r /api=:3001,proxy=2");
    expect(backends.map(({ servers }) => servers[0].proxyOut?.version ?? 0)).toEqual([0, 2]);
  });

  it.each([
    [",proxy=1", "proxy 1"],
    [",proxy=2", "proxy 2"],
    [",proxy=2,proxy-v2-options=authority+crc32c", "proxy 2 (authority, crc32c)"],
    [",proxy=2,proxy-v2-options=ssl+unique-id", "proxy 2 (unique-id, ssl)"],
  ])("%s in words", (keys, words) => expect(formatProxyOut(out(keys)!)).toBe(words));
});
