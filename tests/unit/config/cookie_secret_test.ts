/** What stands for a server in a cookie. @module */
import { describe, expect, it } from "vitest";
import { CookieKey } from "../../../src/config/cookie_secret.ts";
import { readCookie } from "../../../src/config/cookie_value.ts";
import type { Endpoint } from "../../../src/config/model.ts";

const KEY = "0123456789abcdef";

function valueOf(
  key: CookieKey,
  cookie: string,
  endpoint: Partial<Endpoint>,
  written: string | null = null,
): string {
  const config = readCookie("--cookie", cookie, { source: "--cookie", word: cookie, column: 0 })!;
  return key.valueOf(
    config,
    { kind: "tcp", host: "10.0.0.1", port: 80, path: "", ...endpoint },
    "s1",
    written,
  );
}

describe("a plain value", () => {
  it("is what cookie= says, else the name", () => {
    const key = new CookieKey(KEY);
    expect([valueOf(key, "S:insert", {}), valueOf(key, "S:insert", {}, "a")]).toEqual(["s1", "a"]);
  });
});

describe("a dynamic value", () => {
  const dynamic = (endpoint: Partial<Endpoint>, key = KEY, written: string | null = null) =>
    valueOf(new CookieKey(key), "S:insert:dynamic", endpoint, written);

  it("is XXH64 of the key, the address and the port, as HAProxy has it", () => {
    // Of the bytes "0123456789abcdef" 0a 00 00 01 50 00 00 00.
    expect(dynamic({})).toBe("0bc9ccc69cb22bb7");
    expect(dynamic({ host: "::a00:1" })).not.toBe(dynamic({}));
  });

  it("depends on key, address and port alone, and is what cookie= says where it does", () => {
    const values = [
      dynamic({}),
      dynamic({ port: 81 }),
      dynamic({ host: "10.0.0.2" }),
      dynamic({ host: "app.test" }),
      dynamic({}, `${KEY}x`),
      dynamic({ kind: "unix", path: "/run/a" }),
      dynamic({ kind: "unix", path: "/run/b" }),
    ];
    expect(new Set(values).size).toBe(values.length);
    expect(dynamic({ host: "APP.test" })).toBe(dynamic({ host: "app.test" }));
    expect(dynamic({ host: "" })).toBe(dynamic({ host: "127.0.0.1" }));
    expect(dynamic({}, KEY, "a")).toBe("a");
  });
});

describe("a sealed value", () => {
  const sealed = (cookie: string, written: string | null = null, key = KEY) =>
    valueOf(new CookieKey(key), cookie, {}, written);

  it("is the same for the same key, cookie and server, and another for any other", () => {
    const values = [
      sealed("S:insert:sealed"),
      sealed("T:insert:sealed"),
      sealed("S:insert:sealed", "a"),
      sealed("S:insert:sealed", null, `${KEY}x`),
    ];
    for (const value of values) expect(value).toMatch(/^[\w-]{22}$/);
    expect(new Set(values).size).toBe(4);
    expect(sealed("S:insert:sealed")).toBe(values[0]);
    expect(sealed("S:insert:sealed", "s1")).toBe(values[0]);
  });
});

describe("a random key", () => {
  it("is another one each time", () => {
    const keys = Array.from({ length: 4 }, () => new CookieKey("random"));
    expect(keys.map(({ isRandom }) => isRandom)).toEqual([true, true, true, true]);
    expect(new CookieKey(KEY).isRandom).toBe(false);
    for (const cookie of ["S:insert:sealed", "S:insert:dynamic"]) {
      expect(new Set(keys.map((key) => valueOf(key, cookie, {}))).size).toBe(4);
    }
  });
});
