/** Times in log lines, at any second and in any time zone. @module */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ByteWriter } from "../../../../src/base/byte_writer.ts";
import { LogTime } from "../../../../src/observe/access_log/log_time.ts";
import { inTimeZone, textOf, WALL_MS } from "../../../support/access_log/records.ts";

type Style = "iso" | "haproxy" | "clf" | "utcClf";

function written(style: Style, wallMs: number, time = new LogTime()): string {
  const out = new ByteWriter(64);
  time[style](out, wallMs);
  return textOf(out);
}

describe("LogTime", () => {
  it.each(
    [
      ["UTC", "iso", "2026-11-23T02:45:41.123Z"],
      ["UTC", "haproxy", "23/Nov/2026:02:45:41.123"],
      ["UTC", "clf", "23/Nov/2026:02:45:41 +0000"],
      ["UTC", "utcClf", "23/Nov/2026:02:45:41 +0000"],
      ["Europe/Paris", "iso", "2026-11-23T02:45:41.123Z"],
      ["Europe/Paris", "haproxy", "23/Nov/2026:03:45:41.123"],
      ["Europe/Paris", "clf", "23/Nov/2026:03:45:41 +0100"],
      ["Europe/Paris", "utcClf", "23/Nov/2026:02:45:41 +0000"],
      ["Asia/Kolkata", "clf", "23/Nov/2026:08:15:41 +0530"],
      ["America/St_Johns", "clf", "22/Nov/2026:23:15:41 -0330"],
      ["America/St_Johns", "haproxy", "22/Nov/2026:23:15:41.123"],
      ["America/St_Johns", "utcClf", "23/Nov/2026:02:45:41 +0000"],
    ] as const,
  )("in %s, %s writes %s", (zone, style, text) => {
    inTimeZone(zone, () => expect(written(style, WALL_MS)).toBe(text));
  });

  it("writes the new offset from the second at which summer time begins", () => {
    inTimeZone("Europe/Paris", () => {
      const time = new LogTime();
      const changeMs = Date.UTC(2026, 2, 29, 1);
      expect(written("clf", changeMs - 1, time)).toBe("29/Mar/2026:01:59:59 +0100");
      expect(written("clf", changeMs, time)).toBe("29/Mar/2026:03:00:00 +0200");
    });
  });

  it("pads every part to its width", () => {
    const earlyMs = Date.UTC(2027, 0, 2, 3, 4, 5, 6);
    inTimeZone("UTC", () => {
      expect(written("iso", earlyMs)).toBe("2027-01-02T03:04:05.006Z");
      expect(written("haproxy", earlyMs)).toBe("02/Jan/2027:03:04:05.006");
    });
  });

  it("keeps only whole milliseconds of a clock with fractions", () => {
    expect(written("iso", WALL_MS + 0.999)).toBe("2026-11-23T02:45:41.123Z");
  });

  it("writes each time as the system does, whatever was written before", () => {
    const time = new LogTime();
    const anyMs = fc.integer({ min: 0, max: Date.UTC(9999, 11, 31) });
    fc.assert(fc.property(anyMs, fc.integer({ min: -2_000, max: 2_000 }), (wallMs, stepMs) => {
      const nextMs = Math.max(0, wallMs + stepMs);
      expect(written("iso", wallMs, time)).toBe(new Date(wallMs).toISOString());
      expect(written("iso", nextMs, time)).toBe(new Date(nextMs).toISOString());
    }));
  });
});
