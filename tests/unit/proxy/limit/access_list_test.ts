/** Who may connect. @module */
import { describe, expect, it } from "vitest";
import { readCidr } from "../../../../src/config/values.ts";
import { AccessList } from "../../../../src/proxy/limit/access_list.ts";

const ranges = (texts: string[]) =>
  texts.map((text) => readCidr("--allow", text, { source: "--allow", word: text, column: 0 }));

function refusal(address: string, allow: string[], deny: string[]): string | null {
  return AccessList.of(ranges(allow), ranges(deny))!.refusal(address);
}

describe("AccessList", () => {
  it("is nothing when nothing is said", () => expect(AccessList.of([], [])).toBeNull());
  it.each([
    ["10.1.2.3", [], ["10.9.0.0/16"]],
    ["10.1.2.3", ["10.0.0.0/8"], []],
    ["10.1.2.3", ["192.168.0.0/16", "10.0.0.0/8"], ["10.9.0.0/16"]],
    ["fd00::1", ["fd00::/8"], ["10.0.0.0/8"]],
    ["unix:1", [], ["0.0.0.0/0", "::/0"]],
  ])("admits %s with allow %j, deny %j", (address, allow, deny) => {
    expect(refusal(address, allow, deny)).toBeNull();
  });
  it.each([
    ["10.9.1.1", ["10.0.0.0/8"], ["10.9.0.0/16"], "deny 10.9.0.0/16 holds 10.9.1.1"],
    ["10.9.1.1", ["10.9.1.1"], ["11.0.0.0/8", "10.9.0.0/16"], "deny 10.9.0.0/16 holds 10.9.1.1"],
    ["11.0.0.1", ["10.0.0.0/8", "fd00::/8"], [], "no allow range holds 11.0.0.1"],
    ["2001:db8::1", [], ["2001:DB8:0:0::/64"], "deny 2001:db8::/64 holds 2001:db8::1"],
    ["unix:1", ["0.0.0.0/0"], [], "no allow range holds unix:1"],
  ])("refuses %s with allow %j, deny %j: %s", (address, allow, deny, why) => {
    expect(refusal(address, allow, deny)).toBe(why);
  });
});
