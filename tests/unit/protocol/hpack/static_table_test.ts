/** The static table: every entry is found by its own name and value, and by nothing else. @module */
import { describe, expect, it } from "vitest";
import {
  findStaticName,
  findStaticValue,
  STATIC_COUNT,
  STATIC_NAMES,
  STATIC_VALUES,
} from "../../../../src/protocol/hpack/static_table.ts";
import { bytesOf } from "../../../conformance/h1/replay.ts";
import { latin1Of } from "../../../support/h2/fields.ts";

const nameOf = (index: number) => latin1Of(STATIC_NAMES[index]!, 0, STATIC_NAMES[index]!.length);
const valueOf = (index: number) => latin1Of(STATIC_VALUES[index]!, 0, STATIC_VALUES[index]!.length);
const find = (name: string) => findStaticName(bytesOf(`x${name}`), 1, name.length);

describe("the static table", () => {
  it("has the entries of RFC 7541 appendix A at their places", () => {
    const places = [1, 2, 7, 8, 14, 15, 16, 17, 28, 31, 33, 54, 58, 61];
    expect(places.map((index) => `${nameOf(index)} ${valueOf(index)}`.trim())).toEqual([
      ":authority",
      ":method GET",
      ":scheme https",
      ":status 200",
      ":status 500",
      "accept-charset",
      "accept-encoding gzip, deflate",
      "accept-language",
      "content-length",
      "content-type",
      "date",
      "server",
      "user-agent",
      "www-authenticate",
    ]);
    expect(STATIC_NAMES.length).toBe(STATIC_COUNT + 1);
  });

  it("finds every entry, and the first of those with one name", () => {
    for (let index = 1; index <= STATIC_COUNT; index++) {
      const first = find(nameOf(index));
      expect(nameOf(first)).toBe(nameOf(index));
      expect(first === 1 || nameOf(first - 1) !== nameOf(first)).toBe(true);
      const value = bytesOf(valueOf(index));
      expect(findStaticValue(first, value, 0, value.length)).toBe(index);
    }
  });

  it.each(["", ":", "Date", "dat", "datf", ":patH", "x-forwarded-for", "a".repeat(40)])(
    "does not find %s",
    (name) => expect(find(name)).toBe(0),
  );

  it("does not find values that stand beside another name", () => {
    const put = bytesOf("PUT");
    expect(findStaticValue(2, put, 0, put.length)).toBe(0);
    const http = bytesOf("http");
    expect(findStaticValue(2, http, 0, http.length)).toBe(0);
    const empty = bytesOf("");
    expect(findStaticValue(61, empty, 0, 0)).toBe(61);
    expect(findStaticValue(61, put, 0, put.length)).toBe(0);
  });
});
