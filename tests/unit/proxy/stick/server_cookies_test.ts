/** From a cookie's value to servers. @module */
import { describe, expect, it } from "vitest";
import { ServerCookies } from "../../../../src/proxy/stick/server_cookies.ts";

function found(cookies: ServerCookies, value: string): number[] {
  const bytes = new TextEncoder().encode(`#${value}#`);
  const indexes: number[] = [];
  for (let i = cookies.find(bytes, 1, bytes.length - 1, -1); i >= 0;) {
    indexes.push(i);
    i = cookies.find(bytes, 1, bytes.length - 1, i);
  }
  return indexes;
}

describe("ServerCookies", () => {
  it("gives the servers of a value in their order", () => {
    const cookies = new ServerCookies(["a", "b", null, "a", "c", "a"]);
    expect(["a", "b", "c", "d", "", "A", "ab"].map((value) => found(cookies, value))).toEqual(
      [[0, 3, 5], [1], [4], [], [], [], []],
    );
  });

  it("finds each of many", () => {
    const names = Array.from({ length: 1_000 }, (_, i) => `s${i}`);
    const cookies = new ServerCookies(names);
    expect(names.map((name) => found(cookies, name))).toEqual(names.map((_, i) => [i]));
  });

  it("has none without servers that have one", () =>
    expect(found(new ServerCookies([null]), "a")).toEqual([]));
});
