/** The line for people at a terminal. @module */
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FormatTty } from "../../../../src/observe/access_log/format_tty.ts";
import { EndCause, EndPhase } from "../../../../src/proxy/log_record.ts";
import {
  badRequestRecord,
  droppedLineOf,
  httpRecord,
  inTimeZone,
  lineOf,
  tcpRecord,
} from "../../../support/access_log/records.ts";

const zoneBefore = Deno.env.get("TZ");
beforeAll(() => Deno.env.set("TZ", "UTC"));
afterAll(() => zoneBefore === undefined ? Deno.env.delete("TZ") : Deno.env.set("TZ", zoneBefore));

const plain = new FormatTty(false);
const coloured = new FormatTty(true);
const REFUSED = "10.0.0.1:9000 refused the connection (ECONNREFUSED)";

describe("FormatTty without colours", () => {
  it("writes time of day, status, request, way, duration, bytes and client", () => {
    expect(lineOf(plain, httpRecord())).toBe(
      "02:45:41 200 GET /index.html  http-in -> static/srv1  109 ms  2750 B  10.0.1.2",
    );
  });

  it("says at the end of a failure's line how it ended and why", () => {
    const record = httpRecord({
      status: 503,
      endCause: EndCause.SERVER,
      endPhase: EndPhase.CONNECT,
      why: REFUSED,
    });
    expect(lineOf(plain, record)).toBe(
      `02:45:41 503 GET /index.html  http-in -> static/srv1  109 ms  2750 B  10.0.1.2  SC ${REFUSED}`,
    );
  });

  it("writes - for a backend and a server that were not chosen, and <BADREQ>", () => {
    expect(lineOf(plain, badRequestRecord({ bytesOut: 0, activeMs: 0 }))).toBe(
      "02:45:41 400 <BADREQ>  http-in -> -/-  0 ms  0 B  10.0.1.2  PR the request line is no request line",
    );
  });

  it("writes --- when a request failed before a status was sent", () => {
    const record = httpRecord({
      status: -1,
      endCause: EndCause.CLIENT,
      endPhase: EndPhase.HEADERS,
      why: "w",
    });
    expect(lineOf(plain, record)).toMatch(/^02:45:41 --- GET \/index\.html .* CH w$/);
  });

  it("writes the name of a TLS client hello, or - where it says none", () => {
    const named = tcpRecord({ scheme: "sni", serverNameIndication: "a.test" });
    expect(lineOf(plain, named)).toBe(
      "02:45:41 ok  TLS a.test  fnt -> bck/srv1  5007 ms  212 B  10.0.1.2",
    );
    expect(lineOf(plain, tcpRecord({ scheme: "sni" }))).toContain(" ok  TLS -  fnt");
  });

  it("writes TCP connections with ok or ---", () => {
    const failed = tcpRecord({ endCause: EndCause.SERVER, endPhase: EndPhase.DATA, why: "w" });
    expect(lineOf(plain, tcpRecord())).toBe(
      "02:45:41 ok  TCP  fnt -> bck/srv1  5007 ms  212 B  10.0.1.2",
    );
    expect(lineOf(plain, failed)).toBe(
      "02:45:41 --- TCP  fnt -> bck/srv1  5007 ms  212 B  10.0.1.2  SD w",
    );
  });

  it("writes the local time of day", () => {
    inTimeZone("Asia/Kolkata", () => expect(lineOf(plain, httpRecord())).toMatch(/^08:15:41 /));
  });

  it("never lets a request write a control or a byte above ASCII to the terminal", () => {
    const target = fc.uint8Array({ minLength: 1, maxLength: 200 });
    fc.assert(fc.property(target, (bytes) => {
      const requestLine = Uint8Array.from([0x47, 0x20, ...bytes, 0x20, 0x48]);
      expect(lineOf(plain, httpRecord({}, { requestLine }))).toMatch(/^[ -~]*$/);
    }));
  });
});

describe("FormatTty with colours", () => {
  it.each([[100, "0"], [200, "32"], [304, "36"], [404, "33"], [503, "31"], [599, "31"], [600, "0"]])(
    "gives status %i the colour %s",
    (status, colour) => {
      expect(lineOf(coloured, httpRecord({ status }))).toContain(` \x1b[${colour}m${status}\x1b[0m GET `);
    },
  );

  it("gives a failure without a status the colour of errors", () => {
    const record = httpRecord({ status: -1, endCause: EndCause.CLIENT, endPhase: EndPhase.DATA });
    expect(lineOf(coloured, record)).toContain(" \x1b[31m---\x1b[0m GET ");
  });

  it("leaves a TCP connection that ended well without a colour", () => {
    expect(lineOf(coloured, tcpRecord())).toContain(" \x1b[0mok \x1b[0m TCP ");
  });
});

describe("FormatTty of dropped lines", () => {
  it("says it in words", () => expect(droppedLineOf(plain, 3)).toBe("hadro: 3 log lines dropped"));
});
