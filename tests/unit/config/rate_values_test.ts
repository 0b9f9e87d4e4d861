/** Rates as people write them. @module */
import { describe, expect, it } from "vitest";
import { readConnRate, readRate } from "../../../src/config/rate_values.ts";
import { refusalOf } from "../../support/config/written.ts";

const place = (text: string) => ({ source: "--rate", word: text, column: 0 });
const rate = (text: string) => readRate("rate", text, place(text));

describe("a rate", () => {
  it.each([
    ["100/s", { key: "src", header: "", pathPrefix: "", count: 100, periodMs: 1_000, burst: 100 }],
    ["5/m:burst=2", { key: "src", count: 5, periodMs: 60_000, burst: 2 }],
    ["30/10s", { count: 30, periodMs: 10_000, burst: 30 }],
    ["1/24h", { periodMs: 24 * 3_600_000 }],
    ["src:7/h", { key: "src", count: 7, periodMs: 3_600_000 }],
    ["src@/login:5/m:burst=3", { key: "src", pathPrefix: "/login", burst: 3 }],
    ["hdr:X-Api-Key:10/s", { key: "hdr", header: "x-api-key", pathPrefix: "" }],
    ["hdr:X-Api-Key@/v1/x:10/s", { key: "hdr", header: "x-api-key", pathPrefix: "/v1/x" }],
    ["path:/a/b:10/s", { key: "path", pathPrefix: "/a/b" }],
  ])("%s", (text, expected) => expect(rate(text)).toMatchObject({ text, ...expected }));

  const HELP = "write 100/s, 5/m:burst=2, hdr:X-Key:10/s, path:/login:5/m or src@/login:5/m";
  it.each([
    ["100", `Cannot use rate "100": it is no rate; ${HELP}`],
    ["100/d", `Cannot use rate "100/d": it is no rate; ${HELP}`],
    ["0/s", 'Cannot use rate "0": it must be a whole number from 1 to 1000000'],
    ["5/s:burst=0", 'Cannot use burst of rate "0": it must be a whole number from 1 to 1000000'],
    ["5/25h", `Cannot use rate "5/25h": the time must be from 1s to 24h; ${HELP}`],
    ["5/0s", `Cannot use rate "5/0s": the time must be from 1s to 24h; ${HELP}`],
    ["path:login:5/s", `Cannot use rate "path:login:5/s": "login" is no path; ${HELP}`],
    ["src@/a?b:5/s", `Cannot use rate "src@/a?b:5/s": a path has no ? or #; ${HELP}`],
    ["hdr:a b:5/s", `Cannot use rate "hdr:a b:5/s": "a b" is no header name; ${HELP}`],
  ])("%s is refused", (text, report) => {
    expect(refusalOf(() => rate(text)).split("\n")[0]).toBe(report);
  });
});

describe("a rate of connections", () => {
  it("has no key but the client", () => {
    expect(readConnRate("conn-rate", "9/s", place("9/s"))).toMatchObject({ key: "src", count: 9 });
    for (const text of ["path:/a:5/s", "hdr:a:5/s", "src@/a:5/s"]) {
      expect(refusalOf(() => readConnRate("conn-rate", text, place(text))).split("\n")[0]).toBe(
        `Cannot use conn-rate "${text}": connections have neither headers nor a path; write 100/s or 100/s:burst=200`,
      );
    }
  });
});
