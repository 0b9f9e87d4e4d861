/** --header-up and --header-down, applied to real heads. @module */
import { describe, expect, it } from "vitest";
import { readHeaderRule } from "../../../src/config/values.ts";
import { HeadEdit } from "../../../src/protocol/h1/head_edit.ts";
import { HeadParser, ParseStatus } from "../../../src/protocol/h1/head_parser.ts";
import { asciiBytes } from "../../../src/protocol/http/octet.ts";
import { HeaderRules } from "../../../src/proxy/header_rules.ts";
import type { HeaderScope } from "../../../src/proxy/header_value.ts";
import { newLogRecord } from "../../../src/proxy/log_record.ts";
import { UniqueIds } from "../../../src/proxy/unique_id.ts";

const BASE = 5;
const CAPACITY = 4_096;

function newRules(...texts: string[]): HeaderRules {
  const place = { source: "--header-up", word: "", column: 0 };
  return new HeaderRules(texts.map((text) => readHeaderRule("--header-up", text, place)));
}

/** What a stream knows of this request: the third of its engine. */
function scope(): HeaderScope {
  const record = newLogRecord(64);
  Object.assign(record, { backendName: "app", serverName: "s1" });
  const ids = new UniqueIds(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 0xab));
  for (let i = 0; i < 3; i++) ids.assign(record);
  return {
    session: {
      client: { address: "2001:db8::1", port: 50_607 },
      tls: null,
      listener: { config: { name: "fe" } },
    },
    record,
  };
}

/** The fields that `rules` make of `fields`, of a request that has a body. */
function applied(rules: HeaderRules, ...fields: string[]): string[] {
  const start = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n";
  const message = `${start}${fields.map((field) => `${field}\r\n`).join("")}\r\nbody`;
  const bytes = new Uint8Array(CAPACITY);
  bytes.set(asciiBytes(message), BASE);
  const parser = new HeadParser("request");
  expect(parser.parse(bytes, BASE, BASE + message.length)).toBe(ParseStatus.DONE);
  const edit = new HeadEdit();
  edit.begin(parser);
  rules.apply(edit, parser, bytes, BASE, scope());
  const end = edit.apply(bytes, BASE, parser, BASE + message.length, CAPACITY);
  const text = new TextDecoder().decode(bytes.subarray(BASE, end));
  expect(text.slice(0, start.length)).toBe(start);
  expect(text.slice(-8)).toBe("\r\n\r\nbody");
  return text.slice(start.length, -6).split("\r\n").slice(0, -1);
}

describe("HeaderRules", () => {
  it.each([
    ["set adds a field that is not there", ["X-A: 1"], [], ["X-A: 1"]],
    ["set replaces every field of its name", ["X-A: 1"], ["x-a: 2", "B: b", "X-A: 3"], ["B: b", "X-A: 1"]],
    ["set with an empty value keeps the name", ["X-A:"], ["X-A: 2"], ["X-A: "]],
    ["add leaves fields of its name", ["+X-A: 1"], ["X-A: 2"], ["X-A: 2", "X-A: 1"]],
    ["delete removes every field of its name", ["-X-A"], ["X-A: 1", "B: b", "x-A: 2"], ["B: b"]],
    ["delete leaves other names", ["-X-A"], ["X-AB: 1", "X-: 2"], ["X-AB: 1", "X-: 2"]],
    ["delete of what is not there", ["-X-A"], ["B: b"], ["B: b"]],
    ["no rule changes nothing", [], ["X-A: 1"], ["X-A: 1"]],
    ["names are written as the user did", ["x-LOWER: 1"], ["X-Lower: 2"], ["x-LOWER: 1"]],
    ["a value may have colons and spaces", ["X-A: b: c d"], [], ["X-A: b: c d"]],
    ["a value outside ASCII is UTF-8", ["X-A: é"], [], ["X-A: é"]],
  ])("%s", (_, rules, fields, expected) => expect(applied(newRules(...rules), ...fields)).toEqual(expected));
});

describe("HeaderRules with variables", () => {
  it.each([
    ["X-A: %ci", "X-A: 2001:db8::1"],
    ["X-A: [%ci]:%cp;%f %b/%s.", "X-A: [2001:db8::1]:50607;fe app/s1."],
    ["+X-A: id=%ID", "X-A: id=01020304050607ab0000000000000003"],
    ["X-A: %host", "X-A: a"],
    ["X-A: 100%%", "X-A: 100%"],
    ["X-A: %%ci%ci%%", "X-A: %ci2001:db8::1%"],
  ])("%s gives %s", (rule, expected) => expect(applied(newRules(rule))).toEqual([expected]));

  it("take back each other as any rules do", () => {
    expect(applied(newRules("X-A: %ci", "X-B: %cp", "-X-A", "+X-B: %f"), "X-A: 1", "C: d")).toEqual([
      "C: d",
      "X-B: 50607",
      "X-B: fe",
    ]);
  });
});

describe("HeaderRules that replace", () => {
  it.each([
    ["the first match of each field", ["~X-A: b c"], ["x-a: abb", "B: b", "X-A: b"], [
      "B: b",
      "X-A: acb",
      "X-A: c",
    ]],
    ["nothing where nothing matches", ["~X-A: b c"], ["x-a: a", "B: b"], ["x-a: a", "B: b"]],
    ["with groups and a dollar", ["~X-A: ^(\\d+)-(\\w) $2:$1$$1"], ["X-A: 12-xy"], ["X-A: x:12$1y"]],
    ["not what was taken out before", ["-X-A", "~X-A: a b"], ["X-A: a"], []],
    ["not what was set before", ["X-A: a", "~X-A: a b"], ["X-A: a"], ["X-A: a"]],
    ["and is taken back by a later set", ["~X-A: a b", "X-A: d"], ["X-A: a"], ["X-A: d"]],
    ["and is left by a later add", ["~X-A: a b", "+X-A: d"], ["X-A: a"], ["X-A: b", "X-A: d"]],
  ])(
    "change %s",
    (_, rules, fields, expected) => expect(applied(newRules(...rules), ...fields)).toEqual(expected),
  );

  it("keep bytes outside of ASCII as they are", () => {
    expect(applied(newRules("~X-A: b c"), "X-A: \u00c3\u00a9b")).toEqual(["X-A: éc"]);
  });

  it("refuse a head with too long a value, of that name only", () => {
    const isRefused = (field: string) => {
      const bytes = asciiBytes(`GET / HTTP/1.1\r\nHost: a\r\n${field}\r\n\r\n`);
      const parser = new HeadParser("request");
      expect(parser.parse(bytes, 0, bytes.length)).toBe(ParseStatus.DONE);
      const edit = new HeadEdit();
      edit.begin(parser);
      newRules("~X-A: b c").apply(edit, parser, bytes, 0, scope());
      return edit.isOverflown;
    };
    expect(isRefused(`X-A: ${"a".repeat(4_096)}`)).toBe(false);
    expect(isRefused(`X-A: ${"a".repeat(4_097)}`)).toBe(true);
    expect(isRefused(`X-B: ${"a".repeat(4_097)}`)).toBe(false);
  });
});

describe("HeaderRules in order", () => {
  it.each([
    ["the later set wins", ["X-A: 1", "x-a: 2"], [], ["x-a: 2"]],
    ["a set takes back what was added", ["+X-A: 1", "X-A: 2"], ["X-A: 0"], ["X-A: 2"]],
    ["a delete takes back what was set and added", ["X-A: 1", "+X-A: 2", "-X-A"], ["X-A: 0"], []],
    ["what is added behind a delete stays", ["-X-A", "+X-A: 1"], ["X-A: 0"], ["X-A: 1"]],
    ["what is added behind a set stays", ["X-A: 1", "+X-A: 2"], ["X-A: 0"], ["X-A: 1", "X-A: 2"]],
    ["two of a name may be added", ["+X-A: 1", "+X-A: 2"], [], ["X-A: 1", "X-A: 2"]],
    ["names do not disturb each other", ["X-A: 1", "X-B: 2", "-X-B"], ["X-A: 0"], ["X-A: 1"]],
  ])("%s", (_, rules, fields, expected) => expect(applied(newRules(...rules), ...fields)).toEqual(expected));

  it("may be applied to one head after another", () => {
    const rules = newRules("X-A: 1", "-X-B");
    for (let i = 0; i < 3; i++) expect(applied(rules, "X-B: 2", "C: 3")).toEqual(["C: 3", "X-A: 1"]);
  });
});
