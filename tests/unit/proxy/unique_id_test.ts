/** Ids of requests: unlike, and where the log and headers look for them. @module */
import { describe, expect, it } from "vitest";
import { newLogRecord, resetLogRecord } from "../../../src/proxy/log_record.ts";
import { UNIQUE_ID_BYTES, UniqueIds } from "../../../src/proxy/unique_id.ts";

const record = newLogRecord(64);

function next(ids: UniqueIds): string {
  ids.assign(record);
  const { offset, length } = record.uniqueId;
  return new TextDecoder().decode(record.capture.subarray(offset, offset + length));
}

describe("UniqueIds", () => {
  it("counts behind what is random, with its carries", () => {
    const ids = new UniqueIds(Uint8Array.of(0, 1, 0xfe, 3, 4, 5, 6, 7));
    const given = Array.from({ length: 65_537 }, () => next(ids));
    expect(given[0]).toBe("0001fe03040506070000000000000001");
    expect(given[254]).toBe("0001fe030405060700000000000000ff");
    expect(given[255]).toBe("0001fe03040506070000000000000100");
    expect(given[65_535]).toBe("0001fe03040506070000000000010000");
    expect(new Set(given).size).toBe(given.length);
  });
  it("leaves what else was captured, and is forgotten with the record", () => {
    record.capture.fill(1);
    next(new UniqueIds(new Uint8Array(8)));
    expect(record.uniqueId).toEqual({ offset: 64 - UNIQUE_ID_BYTES, length: UNIQUE_ID_BYTES });
    expect(record.capture.subarray(0, 64 - UNIQUE_ID_BYTES).every((byte) => byte === 1)).toBe(true);
    resetLogRecord(record);
    expect(record.uniqueId.length).toBe(0);
  });
});
