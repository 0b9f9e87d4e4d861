/** The value of --cookie, in both spellings. What is refused: tests/fixtures/config/refusals.md. @module */
import { describe, expect, it } from "vitest";
import { formatCookie, readCookie } from "../../../src/config/cookie_value.ts";

const read = (text: string) => readCookie("--cookie", text, { source: "--cookie", word: text, column: 0 });

describe("readCookie", () => {
  it("reads every option", () => {
    expect(
      read(
        "SRV:insert:indirect:nocache:postonly:preserve:httponly:secure:domain=.a.test:maxidle=30m:maxlife=8h:" +
          "sealed:attr=SameSite=Lax:domain=b.test:attr=Partitioned",
      ),
    ).toEqual({
      name: "SRV",
      mode: "insert",
      isIndirect: true,
      hasNoCache: true,
      isPostOnly: true,
      isPreserving: true,
      isHttpOnly: true,
      isSecure: true,
      domains: [".a.test", "b.test"],
      attributes: ["SameSite=Lax", "Partitioned"],
      maxIdleS: 1_800,
      maxLifeS: 28_800,
      values: "sealed",
    });
  });

  it("reads HAProxy's spelling", () => {
    expect(read("SRV insert  indirect domain .a.test maxidle 30m attr SameSite=Lax dynamic")).toEqual(
      read("SRV:insert:indirect:domain=.a.test:maxidle=30m:attr=SameSite=Lax:dynamic"),
    );
  });

  it("reads off, and times in whole seconds", () => {
    expect(read("off")).toBe(null);
    expect(read("a:insert:maxidle=1500ms")).toMatchObject({ maxIdleS: 2, maxLifeS: 0 });
  });

  it.each([
    "SRV:insert",
    "JSESSIONID:prefix",
    "S:rewrite",
    "S:passive:indirect:preserve",
    "SRV:insert:indirect:nocache:postonly:preserve:httponly:secure:domain=.a.test:maxidle=30m:maxlife=8h:dynamic:attr=A=b",
  ])("formats as it is written: %s", (text) => expect(formatCookie(read(text)!)).toBe(text));
});
