/** The catalogue of faults and of error codes: whole, and each with words of its own. @module */
import { describe, expect, it } from "vitest";
import { describeH2Error, H2Error, h2ErrorName } from "../../../../src/protocol/h2/error_code.ts";
import {
  describeFault,
  Fault,
  faultError,
  FaultReach,
  faultReach,
} from "../../../../src/protocol/h2/fault.ts";

describe("faults", () => {
  const faults = Object.values(Fault);

  it("are numbered without gaps, each with its own words", () => {
    expect(faults).toEqual(faults.map((_, i) => i));
    const words = faults.map(describeFault);
    expect(new Set(words).size).toBe(faults.length);
    expect(words.join()).not.toContain("unknown fault");
    expect(describeFault(999)).toBe("unknown fault 999");
  });

  it("are described as their names say", () => {
    expect(describeFault(Fault.BAD_PREFACE)).toContain("preface");
    expect(describeFault(Fault.TOO_MANY_CONTINUATIONS)).toContain("CONTINUATION");
    expect(describeFault(Fault.EMPTY_FIELD_NAME)).toBe("empty header name");
    expect(describeFault(Fault.INTERIM_WITH_END)).toContain("interim");
  });

  it("reach a message from the first fault of a field on, with PROTOCOL_ERROR", () => {
    for (const fault of faults) {
      const isMessage = faultReach(fault) === FaultReach.MESSAGE;
      expect(isMessage).toBe(fault >= Fault.EMPTY_FIELD_NAME);
      if (isMessage) expect(faultError(fault)).toBe(H2Error.PROTOCOL_ERROR);
      if (fault !== Fault.NONE) expect(faultReach(fault)).not.toBe(FaultReach.NONE);
    }
  });
});

describe("error codes", () => {
  it("have the numbers, names and words of RFC 9113 section 7", () => {
    expect(Object.values(H2Error)).toEqual(Array.from({ length: 14 }, (_, i) => i));
    expect([h2ErrorName(0x8), h2ErrorName(0xd), h2ErrorName(0x2a)]).toEqual([
      "CANCEL",
      "HTTP_1_1_REQUIRED",
      "0x2a",
    ]);
    expect(describeH2Error(H2Error.CANCEL)).toBe("cancelled");
    expect(describeH2Error(0x2a)).toBe("unknown HTTP/2 error 0x2a");
    expect(new Set(Object.values(H2Error).map(describeH2Error)).size).toBe(14);
  });
});
