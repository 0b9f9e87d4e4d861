/** nginx's combined format. @module */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FormatCombined } from "../../../../src/observe/access_log/format_combined.ts";
import { EndCause, EndPhase } from "../../../../src/proxy/log_record.ts";
import {
  badRequestRecord,
  droppedLineOf,
  httpRecord,
  inTimeZone,
  lineOf,
  tcpRecord,
  WALL_MS,
} from "../../../support/access_log/records.ts";

const zoneBefore = Deno.env.get("TZ");
beforeAll(() => Deno.env.set("TZ", "UTC"));
afterAll(() => zoneBefore === undefined ? Deno.env.delete("TZ") : Deno.env.set("TZ", zoneBefore));

const format = new FormatCombined();

describe("FormatCombined with HTTP", () => {
  it("writes client, time, request line, status, bytes, referer and user agent", () => {
    const record = httpRecord({}, { referer: "http://a.test/", userAgent: "Mozilla/5.0 (X11)" });
    expect(lineOf(format, record)).toBe(
      '10.0.1.2 - - [23/Nov/2026:02:45:41 +0000] "GET /index.html HTTP/1.1" 200 2750 ' +
        '"http://a.test/" "Mozilla/5.0 (X11)"',
    );
  });

  it("writes - for headers that did not come and a request that could not be read", () => {
    expect(lineOf(format, badRequestRecord({ bytesOut: 0 }))).toBe(
      '10.0.1.2 - - [23/Nov/2026:02:45:41 +0000] "-" 400 0 "-" "-"',
    );
  });

  it("writes local time with its offset", () => {
    inTimeZone("America/St_Johns", () => {
      expect(lineOf(new FormatCombined(), httpRecord())).toContain(" [22/Nov/2026:23:15:41 -0330] ");
    });
  });

  it("writes the accept time when no byte of a request came", () => {
    const record = badRequestRecord({ requestWallMs: 0, acceptWallMs: WALL_MS + 1_000 });
    expect(lineOf(format, record)).toContain(" [23/Nov/2026:02:45:42 +0000] ");
  });

  it("writes 499, as nginx does, when no status was sent", () => {
    const record = httpRecord({ status: -1, bytesOut: 0, endCause: EndCause.CLIENT });
    expect(lineOf(format, record)).toContain('" 499 0 "');
  });

  it("counts the bytes of the body alone, as nginx and Apache do", () => {
    expect(lineOf(format, httpRecord({ bytesOut: 2_750, headBytesOut: 150 }))).toContain('" 200 2600 "');
    expect(lineOf(format, httpRecord({ bytesOut: 100, headBytesOut: 150 }))).toContain('" 200 0 "');
  });

  it("escapes what would end a quote", () => {
    const texts = { requestLine: 'GET /" HTTP/1.1', referer: "\\", userAgent: "\n\xe9" };
    expect(lineOf(format, httpRecord({}, texts))).toMatch(
      /"GET \/\\x22 HTTP\/1\.1" 200 2750 "\\x5C" "\\x0A\\xE9"$/,
    );
  });
});

describe("FormatCombined with TCP", () => {
  it("writes the connection's bytes, no request, and 200 when it ended well", () => {
    expect(lineOf(format, tcpRecord())).toBe('10.0.1.2 - - [23/Nov/2026:02:45:41 +0000] "-" 200 212 "-" "-"');
    expect(lineOf(format, tcpRecord({ scheme: "sni" }))).toBe(lineOf(format, tcpRecord()));
  });

  it.each(
    [
      ["the client", 499, EndCause.CLIENT],
      ["the client's silence", 499, EndCause.CLIENT_TIMEOUT],
      ["the server", 502, EndCause.SERVER],
      ["the server's silence", 502, EndCause.SERVER_TIMEOUT],
      ["hadro's stop", 502, EndCause.KILLED],
    ] as const,
  )("when %s ended it, the status is %i", (_, status, endCause) => {
    const record = tcpRecord({ endCause, endPhase: EndPhase.DATA });
    expect(lineOf(format, record)).toContain(`"-" ${status} 212 `);
  });
});

describe("FormatCombined of dropped lines", () => {
  it("says it in words", () => expect(droppedLineOf(format, 3)).toBe("hadro: 3 log lines dropped"));
});
