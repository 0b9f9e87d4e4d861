import { describe, expect, it } from "vitest";
import { Slab } from "../../../src/base/slab.ts";
import { FlushResult, H2Output } from "../../../src/mux/h2_output.ts";
import { openEnd } from "../../support/mux/ends.ts";

const OWNER = {};

/** An output on a socket that takes `room` bytes, and what came out at its other end. */
function rig(room: number) {
  const { end, outside } = openEnd("edge", { pipeBytes: room, hasPipes: false });
  const out = new H2Output();
  const arrived: number[] = [];
  return {
    ...{ end, out, arrived },
    /** The peer takes what it has. */
    drain(): string {
      const bytes = new Uint8Array(100_000);
      outside.incoming.arrive(100_000);
      const count = outside.receive(bytes, 0, bytes.length);
      return count > 0 ? String.fromCharCode(...bytes.subarray(0, count)) : "";
    },
  };
}

function put(out: H2Output, text: string): void {
  const bytes = new TextEncoder().encode(text);
  out.write(bytes, 0, bytes.length);
}

describe("H2Output", () => {
  it("sends frames, a payload where it lies, and frames that came up meanwhile, in this order", () => {
    const { end, out, drain } = rig(1_000);
    const slab = new Slab(10);
    slab.bytes.set(new TextEncoder().encode("..payload!"));
    put(out, "head ");
    out.beginPayload(OWNER, 8);
    put(out, " more");
    expect(out.flush(end)).toBe(FlushResult.PAYLOAD);
    expect(out.sendPayload(end, slab, 2)).toBe(8);
    expect([out.payloadLeft, out.payloadOwner]).toEqual([0, null]);
    expect(out.flush(end)).toBe(FlushResult.EMPTY);
    expect(drain()).toBe("head payload! more");
    expect(out.isEmpty).toBe(true);
  });

  it("goes on where the socket stopped, in the middle of anything", () => {
    const { end, out, drain } = rig(4);
    const slab = new Slab(8);
    slab.bytes.set(new TextEncoder().encode("payload!"));
    put(out, "head");
    out.beginPayload(OWNER, 8);
    put(out, "more");
    let told = "";
    for (let i = 0; i < 40 && !out.isEmpty; i++) {
      if (out.flush(end) === FlushResult.PAYLOAD) out.sendPayload(end, slab, 8 - out.payloadLeft);
      told += drain();
    }
    expect(told).toBe("headpayload!more");
  });

  it("keeps the rest of a payload whose owner goes", () => {
    const { end, out, drain } = rig(6);
    const slab = new Slab(8);
    slab.bytes.set(new TextEncoder().encode("payload!"));
    put(out, "head");
    out.beginPayload(OWNER, 8);
    expect(out.flush(end)).toBe(FlushResult.PAYLOAD);
    expect(out.sendPayload(end, slab, 0)).toBe(2);
    out.keepPayload(slab.bytes, 2);
    slab.bytes.fill(0);
    put(out, "more");
    let told = drain();
    for (let i = 0; i < 40 && out.flush(end) === FlushResult.BLOCKED; i++) told += drain();
    expect(told + drain()).toBe("headpayload!more");
  });

  it("has room for 4 kB of frames, what was sent not counted; what is larger lies beside them", () => {
    const { end, out, drain } = rig(3_000);
    put(out, "x".repeat(4_000));
    expect([out.hasRoom(96), out.hasRoom(97)]).toEqual([true, false]);
    expect(out.flush(end)).toBe(FlushResult.BLOCKED);
    expect(out.hasRoom(3_000)).toBe(true);
    const large = new Uint8Array(6_000).fill(0x79);
    out.writeLarge(large, 0, large.length);
    put(out, "z");
    let told = drain();
    for (let i = 0; i < 40 && out.flush(end) === FlushResult.BLOCKED; i++) told += drain();
    expect((told + drain()).replaceAll(/(.)\1*/g, (run) => `${run[0]}${run.length} `)).toBe(
      "x4000 y6000 z1 ",
    );
  });
});
