/** Who wants a slot: addresses by family, SRV records by priority and weight. @module */
import { describe, expect, it } from "vitest";
import type { TemplateConfig } from "../../../src/config/model_names.ts";
import type { ServiceRecord } from "../../../src/net/dns/message_reader.ts";
import { addressMembers, serviceMembers } from "../../../src/net/template_members.ts";

const TEMPLATE: TemplateConfig = {
  kind: "address",
  host: "app.test",
  port: 80,
  prefix: "app",
  slotCount: 4,
  prefer: "ipv4",
  checkPort: 0,
};

function record(text: string): ServiceRecord {
  const [priority, weight, port, target] = text.split(" ");
  return { priority: Number(priority), weight: Number(weight), port: Number(port), target: target! };
}

/** `target:port weight rank` of each. */
function members(...records: string[]): string[] {
  return serviceMembers(records.map(record), () => ["10.0.0.1", "fd00::1"]).map((
    { member, weight, backupRank },
  ) => `${member} ${weight} ${backupRank}`);
}

describe("addresses", () => {
  it.each(
    [
      ["ipv4", ["10.0.0.1", "fd00::1"], ["10.0.0.1:80"]],
      ["ipv6", ["fd00::1", "10.0.0.1"], ["[fd00::1]:80"]],
      ["ipv4", ["fd00::1"], ["[fd00::1]:80"]],
      ["ipv6", ["10.0.0.1"], ["10.0.0.1:80"]],
      ["ipv4", [], []],
    ] as const,
  )("of a name that prefers %s: %j are %j", (prefer, hosts, expected) => {
    expect(addressMembers({ ...TEMPLATE, prefer }, hosts).map(({ member }) => member)).toEqual(expected);
  });
});

describe("SRV records", () => {
  it("are known by target and port, and have all addresses of the target", () => {
    const [member] = serviceMembers([record("0 1 8080 web-1.test")], () => ["10.0.0.1", "fd00::1"]);
    expect(member).toMatchObject({
      member: "web-1.test:8080",
      addresses: [{ kind: "tcp", host: "10.0.0.1", port: 8080 }, {
        kind: "tcp",
        host: "fd00::1",
        port: 8080,
      }],
    });
  });
  it("are in the order of their priorities, of which the least is no backup", () => {
    expect(members("20 1 1 b", "10 1 1 c", "30 1 1 a", "10 1 1 a")).toEqual([
      "a:1 1 0",
      "c:1 1 0",
      "b:1 1 1",
      "a:1 1 2",
    ]);
  });
  it.each([
    ["are weights up to 256", "1 256", "1 256"],
    ["are scaled beyond it", "65535 6553", "256 26"],
    ["are never 0", "0 0", "1 1"],
    ["are never scaled to 0", "0 65535", "1 256"],
  ])("%s: %s is %s", (_, weights, expected) => {
    const records = weights.split(" ").map((weight, i) => `1 ${weight} 1 t${i}`);
    expect(members(...records).map((text) => text.split(" ")[1]).join(" ")).toBe(expected);
  });
  it("without an address are left out", () => {
    expect(serviceMembers([record("0 1 1 a")], () => [])).toEqual([]);
  });
});
