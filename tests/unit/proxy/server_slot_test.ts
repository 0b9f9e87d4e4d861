/** A server that is a slot: what names make of it, and what they leave alone. @module */
import { describe, expect, it } from "vitest";
import { Prng } from "../../../src/base/prng.ts";
import type { SlotState } from "../../../src/net/name_source.ts";
import { Backend } from "../../../src/proxy/backend.ts";
import { HealthCells } from "../../../src/proxy/health/health_cells.ts";
import { HealthEvent, healthOf } from "../../../src/proxy/health/health_state.ts";
import { configOf } from "../../support/config/written.ts";
import { SimWorld } from "../../support/sim/sim_world.ts";

const RULES = { rise: 2, fall: 3 };

function newBackend(words: string): Backend {
  const { engine } = new SimWorld({ seed: 1, flavour: "edge" });
  return new Backend(configOf(`hadro -l :8080 -b ${words}`).backends[0]!, engine, new Prng(1), () => {});
}

function slot(version: number, host: string, more: Partial<SlotState> = {}): SlotState {
  const addresses = host === "" ? [] : [{ kind: "tcp", host, port: 80 } as const];
  return { version, member: host === "" ? "" : `${host}:80`, addresses, weight: 0, backupRank: 0, ...more };
}

describe("a slot", () => {
  it("is vacant, taken, and vacant again", () => {
    const [server] = newBackend("1*app.test:80,weight=7").servers;
    expect(server).toMatchObject({ isVacant: true, usable: false, hashName: "", weight: 7 });
    server!.setSlot(slot(1, "10.0.0.1"), "");
    expect(server).toMatchObject({
      isVacant: false,
      usable: true,
      hashName: "10.0.0.1:80",
      slotVersion: 1,
      weight: 7,
    });
    server!.setSlot(slot(2, ""), "app.test has 0 addresses");
    expect(server).toMatchObject({ isVacant: true, usable: false, downReason: "app.test has 0 addresses" });
  });
  it("has the weight and rank of its record, and the configured ones without", () => {
    const [server] = newBackend("1*app.test:80,weight=7").servers;
    server!.setSlot(slot(1, "10.0.0.1", { weight: 20, backupRank: 2 }), "");
    expect(server).toMatchObject({ weight: 20, wholeWeight: 20, isBackup: true, backupRank: 2 });
    server!.setWeightParts(4, 16);
    expect(server).toMatchObject({ weight: 80, wholeWeight: 320 });
    server!.setSlot(slot(1, "10.0.0.1", { weight: 10 }), "");
    expect(server).toMatchObject({ weight: 40, wholeWeight: 160, isBackup: false });
  });
  it("keeps its connections while its addresses are the same, whatever else changes", () => {
    const [server] = newBackend("1*app.test:80").servers;
    server!.setSlot(slot(1, "10.0.0.1"), "");
    const { addressVersion } = server!;
    server!.setSlot(slot(1, "10.0.0.1", { weight: 3 }), "");
    expect(server!.addressVersion).toBe(addressVersion);
    server!.setSlot(slot(1, "10.0.0.1", { addresses: [{ kind: "tcp", host: "10.0.0.9", port: 80 }] }), "");
    expect(server!.addressVersion).toBeGreaterThan(addressVersion);
  });
});

describe("a backend with slots", () => {
  it("counts vacant slots neither as servers nor one by one among the reasons", () => {
    const backend = newBackend(":9,weight=0 3*app.test:80");
    for (const server of backend.servers.slice(1)) {
      server.setSlot(slot(0, ""), "app.test does not resolve (NXDOMAIN)");
    }
    expect(backend.describeNoServer()).toBe(
      "no server of backend app can be used (s1: weight 0 takes no new traffic; " +
        "3 slots without an address: app.test does not resolve (NXDOMAIN))",
    );
    backend.servers[1]!.setSlot(slot(1, "10.0.0.1"), "");
    expect(backend.describeUsable("up")).toBe("1 of 2 servers up");
  });
});

describe("the health of a slot", () => {
  it("begins anew with another member, once, whoever says so first", () => {
    const memory = new Int32Array(new SharedArrayBuffer(HealthCells.sharedBytes(1, 2)));
    const [one, two] = [0, 1].map((thread) => new HealthCells(memory, 2, thread));
    one!.renew(0, 1);
    for (let i = 0; i < 3; i++) one!.apply(0, HealthEvent.FAIL, RULES);
    one!.addError(0);
    expect(healthOf(two!.state(0, RULES))).toBe(0);
    two!.renew(0, 2);
    expect(healthOf(one!.state(0, RULES))).toBe(RULES.rise);
    expect([one!.isOf(0, 1), one!.isOf(0, 2), one!.addError(0)]).toEqual([false, true, 1]);
    two!.apply(0, HealthEvent.PASS, RULES);
    // The other thread comes later, with the same, and with old news.
    one!.renew(0, 2);
    one!.renew(0, 1);
    expect(healthOf(one!.state(0, RULES))).toBe(RULES.rise + RULES.fall - 1);
  });
});
