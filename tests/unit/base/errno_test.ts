/** Error numbers: Linux's values, and their names. @module */
import { constants } from "node:os";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Errno, errnoName } from "../../../src/base/errno.ts";

describe("Errno", () => {
  it.runIf(Deno.build.os === "linux")("has the values of this Linux", () => {
    const system: Readonly<Record<string, number>> = constants.errno;
    const known = Object.fromEntries(Object.keys(Errno).map((name) => [name, system[name]]));
    expect(known).toEqual(Errno);
  });
  it("gives no number to two names", () => {
    const values = Object.values(Errno);
    expect(new Set(values).size).toBe(values.length);
  });
});

describe("errnoName", () => {
  it.each(Object.entries(Errno))("names %s by its number, negated or not", (name, value) => {
    expect([errnoName(value), errnoName(-value)]).toEqual([name, name]);
  });
  it("writes an unknown number as it is", () => {
    expect([errnoName(999), errnoName(-999)]).toEqual(["E999", "E999"]);
  });
  it("always gives a name that tells the number", () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 200 }), (value) => {
      const name = errnoName(-value);
      const back = Object.hasOwn(Errno, name) ? Errno[name as keyof typeof Errno] : Number(name.slice(1));
      expect(back).toBe(value);
    }));
  });
});
