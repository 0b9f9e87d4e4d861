/** Stickiness of backends: what flags and keys mean together, and what is said about it. Refusals: tests/fixtures/config/refusals.md. @module */
import { describe, expect, it } from "vitest";
import { describeCookies } from "../../../src/config/explain_stick.ts";
import { explainBackend } from "../../../src/config/explain.ts";
import { formatRedispatch, formatStick, readRedispatch, readStick } from "../../../src/config/stick_value.ts";
import { configOf } from "../../support/config/written.ts";

const place = { source: "-", word: "", column: 0 };
const sticks = (line: string) => configOf(line).backends.map(({ stick }) => stick);

describe("flags and keys", () => {
  it("are off unless they are written", () => {
    expect(sticks("hadro 1 :2")).toEqual([
      { cookie: null, table: null, isPersistent: false, ignoredPaths: [], forcedPaths: [] },
    ]);
  });

  it("of a backend come before flags, and off means none", () => {
    const line =
      "hadro -l :1 -b :2 -r /a=:3,backend-cookie=B:prefix,stick=src -r /b=:4,backend-cookie=off,stick=off " +
      "--cookie A:insert --stick hdr:X-User";
    expect(sticks(line).map(({ cookie, table }) => [cookie?.name, table?.key, table?.keyName])).toEqual([
      ["A", "hdr", "x-user"],
      ["B", "src", ""],
      [undefined, undefined, undefined],
    ]);
  });

  it("pass tcp backends by where they cannot have them", () => {
    const line = "hadro -l :1 -b :2 -l tcp://:3 -b :4 --cookie A:insert --stick cookie:x";
    expect(sticks(line).map(({ cookie, table }) => [cookie?.name, table?.key])).toEqual([
      ["A", "cookie"],
      [undefined, undefined],
    ]);
    expect(sticks("hadro -l tcp://:3 -b :4 --stick src")[0]!.table).toEqual({
      key: "src",
      keyName: "",
      entryCount: 102_400,
      expireMs: 1_800_000,
    });
  });

  it("read persistence and its paths", () => {
    const [one, two] = sticks(
      "hadro -l :1 -b :2,persist,ignore-persist=/static+/img,force-persist=/x -r /y=:3 --stick src",
    );
    expect(one).toMatchObject({ isPersistent: true, ignoredPaths: ["/static", "/img"], forcedPaths: ["/x"] });
    expect(two!.isPersistent).toBe(false);
    expect(sticks("hadro 1 :2 --stick src --persist")[0]!.isPersistent).toBe(true);
  });

  it("give servers their values", () => {
    const { backends } = configOf("hadro -l :1 -b :2 :3,cookie=a :4,cookie=off,name=x --cookie A:insert");
    expect(backends[0]!.servers.map(({ cookie }) => cookie)).toEqual(["s1", "a", null]);
    expect(configOf("hadro 1 :2").backends[0]!.servers[0]!.cookie).toBe(null);
  });
});

describe("values", () => {
  it.each(["src:size=100k:expire=30m", "hdr:x-user:size=16:expire=1s", "url_param:id:size=4m:expire=24d"])(
    "of stick are formatted as they are written: %s",
    (text) => expect(formatStick(readStick("stick", text, place)!)).toBe(text),
  );
  it.each([["off", 0], ["on", -1], ["1", 1], ["3", 3], ["-2", -2]] as const)(
    "of redispatch: %s",
    (text, value) => {
      expect(readRedispatch("redispatch", text, place)).toBe(value);
      expect(readRedispatch("redispatch", formatRedispatch(value), place)).toBe(value);
    },
  );
});

describe("what is said", () => {
  it("of a backend and its servers", () => {
    const { backends } = configOf(
      "hadro -l :1 -b :2,ignore-persist=/i,force-persist=/f :3,cookie=a --cookie 'A insert indirect' --stick src --persist " +
        "--redispatch on",
    );
    const [backend, , server] = explainBackend(backends[0]!);
    expect(backend).toContain(
      "  retries 3  redispatch -1  cookie A:insert:indirect  stick src:size=100k:expire=30m  persist  ignore-persist /i  " +
        "force-persist /f  host=client",
    );
    expect(server).toMatch(/ {2}weight 1 {2}cookie a$/);
  });

  it.each<[string, RegExp[]]>([
    ["hadro 1 :2 --cookie A:insert", []],
    ["hadro 1 :2 --cookie A:insert:sealed", [/^the cookie key is random: /]],
    ["hadro 1 :2 --cookie A:insert:dynamic --cookie-key k", []],
    ["hadro -l :1 -b :2 -r /a=:3 --cookie A:insert", [
      /^backends app2 and app have the cookie A for other servers: /,
    ]],
    ["hadro -l :1 -b :2 -r /a=:3,backend-cookie=B:insert --cookie A:insert", []],
    ["hadro -l :1 -b :2 -r /a=:2 /b=:2 --cookie A:insert", []],
    ["hadro -l :1 -r a.test=:2 b.test=:3 --cookie A:insert", []],
    ["hadro -l :1 -r a.test/x=:2 a.test/y=:3 --cookie A:insert", [/^backends app and app2 have /]],
    ["hadro -l :1 -b :2 -l :4 -b :3 --cookie A:insert", []],
  ])("of cookies: %s", (line, expected) => {
    const said = describeCookies(configOf(line));
    expect(said.length).toBe(expected.length);
    for (const [i, pattern] of expected.entries()) expect(said[i]).toMatch(pattern);
  });
});
