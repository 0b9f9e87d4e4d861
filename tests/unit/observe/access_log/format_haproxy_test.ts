/** HAProxy's httplog and tcplog, compared with lines of HAProxy 2.6 and of its manual. @module */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compileLogFormat } from "../../../../src/observe/access_log/compile.ts";
import { FormatHaproxy } from "../../../../src/observe/access_log/format_haproxy.ts";
import { EndCause, EndPhase } from "../../../../src/proxy/log_record.ts";
import {
  badRequestRecord,
  droppedLineOf,
  httpRecord,
  lineOf,
  tcpRecord,
} from "../../../support/access_log/records.ts";

const zoneBefore = Deno.env.get("TZ");
beforeAll(() => Deno.env.set("TZ", "UTC"));
afterAll(() => zoneBefore === undefined ? Deno.env.delete("TZ") : Deno.env.set("TZ", zoneBefore));

const format = new FormatHaproxy();

describe("FormatHaproxy with HTTP", () => {
  it("writes the manual's example of httplog", () => {
    const record = httpRecord({
      requestWallMs: Date.UTC(2009, 1, 6, 12, 14, 14, 655),
      processConns: 1,
      frontendConns: 1,
      backendConns: 1,
      serverConns: 1,
    });
    expect(lineOf(format, record)).toBe(
      "10.0.1.2:33317 [06/Feb/2009:12:14:14.655] http-in static/srv1 10/0/30/69/109 200 2750 - - ---- " +
        '1/1/1/1/0 0/0 "GET /index.html HTTP/1.1"',
    );
  });

  it("writes each connection count, queue and timer in its place", () => {
    const record = httpRecord({
      requestMs: 11,
      queueMs: 12,
      connectMs: 13,
      responseMs: 14,
      activeMs: 55,
      processConns: 21,
      frontendConns: 22,
      backendConns: 23,
      serverConns: 24,
      retries: 25,
      serverQueue: 26,
      backendQueue: 27,
    });
    expect(lineOf(format, record)).toBe(
      "10.0.1.2:33317 [23/Nov/2026:02:45:41.123] http-in static/srv1 11/12/13/14/55 200 2750 - - ---- " +
        '21/22/23/24/25 26/27 "GET /index.html HTTP/1.1"',
    );
  });

  it("writes a bad request as HAProxy does: the frontend for the backend, <NOSRV>, -1 timers, <BADREQ>", () => {
    expect(lineOf(format, badRequestRecord({ activeMs: 0, bytesOut: 0 }))).toBe(
      "10.0.1.2:33317 [23/Nov/2026:02:45:41.123] http-in http-in/<NOSRV> -1/-1/-1/-1/0 400 0 - - PR-- " +
        '4/3/2/1/0 0/0 "<BADREQ>"',
    );
  });

  it("marks a redispatch with + before the retries", () => {
    const record = httpRecord({ retries: 3, redispatched: true });
    expect(lineOf(format, record)).toContain(" 4/3/2/1/+3 0/0 ");
  });

  it("writes status -1 when none was sent", () => {
    const record = httpRecord({
      status: -1,
      bytesOut: 0,
      responseMs: -1,
      endCause: EndCause.CLIENT,
      endPhase: EndPhase.HEADERS,
    });
    expect(lineOf(format, record)).toContain(" 10/0/30/-1/109 -1 0 - - CH-- ");
  });

  it("escapes what would end the quotes or the line, and leaves the rest as HAProxy does", () => {
    const record = httpRecord({}, { requestLine: 'GET /a?b="#{|}\x7f\xff HTTP/1.1' });
    expect(lineOf(format, record)).toMatch(/ "GET \/a\?b=#22#23\{\|\}#7F#FF HTTP\/1\.1"$/);
  });

  it.each(
    [
      ["CD", EndCause.CLIENT, EndPhase.DATA],
      ["cR", EndCause.CLIENT_TIMEOUT, EndPhase.REQUEST],
      ["SC", EndCause.SERVER, EndPhase.CONNECT],
      ["sH", EndCause.SERVER_TIMEOUT, EndPhase.HEADERS],
      ["sQ", EndCause.SERVER_TIMEOUT, EndPhase.QUEUE],
      ["PH", EndCause.PROXY, EndPhase.HEADERS],
      ["PT", EndCause.PROXY, EndPhase.TARPIT],
      ["LR", EndCause.LOCAL, EndPhase.REQUEST],
      ["RC", EndCause.RESOURCE, EndPhase.CONNECT],
      ["ID", EndCause.INTERNAL, EndPhase.DATA],
      ["DL", EndCause.DOWN, EndPhase.LAST],
      ["KD", EndCause.KILLED, EndPhase.DATA],
      ["--", EndCause.NONE, EndPhase.NONE],
    ] as const,
  )("writes the termination state %s with no cookie letters", (letters, endCause, endPhase) => {
    expect(lineOf(format, httpRecord({ endCause, endPhase }))).toContain(` - - ${letters}-- `);
    expect(lineOf(format, tcpRecord({ endCause, endPhase }))).toContain(` 212 ${letters} 4/`);
  });
});

describe("the cookie letters", () => {
  it.each(["NI", "VN", "DI", "II", "EI", "OI", "VU", "UN", "VD", "NP", "NR"])(
    "are written: %s",
    (letters) => {
      const [requestCookie, responseCookie] = [letters.charCodeAt(0), letters.charCodeAt(1)];
      expect(lineOf(format, httpRecord({ requestCookie, responseCookie }))).toContain(` - - --${letters} `);
      expect(lineOf(compileLogFormat("%ts|%tsc"), httpRecord({ requestCookie, responseCookie }))).toBe(
        `--|--${letters}`,
      );
    },
  );
});

describe("FormatHaproxy with TCP", () => {
  it("writes the manual's example of tcplog", () => {
    const record = tcpRecord({
      acceptWallMs: Date.UTC(2009, 1, 6, 12, 12, 51, 443),
      processConns: 0,
      frontendConns: 0,
      backendConns: 0,
      serverConns: 0,
      retries: 3,
    });
    expect(lineOf(format, record)).toBe(
      "10.0.1.2:33313 [06/Feb/2009:12:12:51.443] fnt bck/srv1 0/0/5007 212 -- 0/0/0/0/3 0/0",
    );
  });

  it("writes a connection that reached no server", () => {
    const record = tcpRecord({
      serverName: "",
      serverAddress: "",
      queueMs: -1,
      connectMs: -1,
      bytesOut: 0,
      endCause: EndCause.SERVER,
      endPhase: EndPhase.CONNECT,
    });
    expect(lineOf(format, record)).toBe(
      "10.0.1.2:33313 [23/Nov/2026:02:45:41.123] fnt bck/<NOSRV> -1/-1/5007 0 SC 4/3/2/1/0 0/0",
    );
  });

  it("writes IPv6 and unix clients as their address and port", () => {
    expect(lineOf(format, tcpRecord({ clientAddress: "2001:db8::1" }))).toMatch(/^2001:db8::1:33313 \[/);
    expect(lineOf(format, tcpRecord({ clientAddress: "unix:1", clientPort: 0 }))).toMatch(/^unix:1:0 \[/);
  });
});

describe("FormatHaproxy of dropped lines", () => {
  it("says it in words", () => expect(droppedLineOf(format, 12)).toBe("hadro: 12 log lines dropped"));
});
