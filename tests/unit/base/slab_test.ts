/** A slab: zeroed memory that has no address until a poller asks. @module */
import { describe, expect, it } from "vitest";
import { Slab } from "../../../src/base/slab.ts";

describe("a new slab", () => {
  it("holds as many zero bytes as asked for and has no address", () => {
    const slab = new Slab(5);
    expect([...slab.bytes]).toEqual([0, 0, 0, 0, 0]);
    expect([slab.address, slab.pointers]).toEqual([0, []]);
  });
  it("is one piece unless it is said to have several", () => {
    expect(new Slab(12).pieceBytes).toBe(12);
    expect(new Slab(12, 4).pieceBytes).toBe(4);
  });
  it("shares its memory with no other", () => {
    const [one, other] = [new Slab(1), new Slab(1)];
    one.bytes[0] = 7;
    expect(other.bytes[0]).toBe(0);
    expect(one.bytes.buffer.byteLength).toBe(1);
  });
});
