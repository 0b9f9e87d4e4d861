/** The record that a stream fills: neutral values, and nothing left of the stream before. @module */
import { describe, expect, it } from "vitest";
import {
  CookieGiven,
  CookieSeen,
  EndCause,
  EndPhase,
  type LogRecord,
  newLogRecord,
  NO_TLS_FACTS,
  resetLogRecord,
} from "../../../src/proxy/log_record.ts";

/** Changes every field of a record, whatever it is. */
function fill(record: LogRecord): void {
  const fields = record as unknown as Record<string, unknown>;
  for (const [name, value] of Object.entries(fields)) {
    if (typeof value === "number") fields[name] = 77;
    else if (typeof value === "string") fields[name] = "tcp";
    else if (typeof value === "boolean") fields[name] = true;
    else if (value === null) fields[name] = NO_TLS_FACTS;
    else if (!(value instanceof Uint8Array)) Object.assign(value as object, { offset: 7, length: 7 });
  }
}

/** The record's fields without its memory; an absent capture counts by its length alone. */
function values(record: LogRecord): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(record).filter(([name]) => name !== "capture").map(([name, value]) => [
      name,
      typeof value === "object" && value !== null ? { length: (value as { length: number }).length } : value,
    ]),
  );
}

describe("newLogRecord", () => {
  it("has the neutral value in every field", () => {
    const absent = { length: 0 };
    expect(values(newLogRecord(16))).toEqual({
      scheme: "http",
      tls: null,
      clientAddress: "",
      clientPort: 0,
      acceptWallMs: 0,
      requestWallMs: 0,
      frontendName: "",
      backendName: "",
      serverName: "",
      serverAddress: "",
      serverNameIndication: "",
      handshakeMs: 0,
      idleMs: 0,
      requestMs: -1,
      queueMs: -1,
      connectMs: -1,
      responseMs: -1,
      dataMs: -1,
      activeMs: 0,
      totalMs: 0,
      status: -1,
      bytesOut: 0,
      bytesIn: 0,
      headBytesOut: 0,
      encoding: "",
      uncompressedBytes: 0,
      retries: 0,
      redispatched: false,
      endCause: EndCause.NONE,
      endPhase: EndPhase.NONE,
      requestCookie: CookieSeen.OFF,
      responseCookie: CookieGiven.OFF,
      processConns: 0,
      frontendConns: 0,
      backendConns: 0,
      serverConns: 0,
      serverQueue: 0,
      backendQueue: 0,
      why: "",
      requestLine: absent,
      method: absent,
      target: absent,
      version: absent,
      host: absent,
      referer: absent,
      userAgent: absent,
      uniqueId: absent,
    });
  });

  it("has memory of its own, of the size asked for", () => {
    const [one, other] = [newLogRecord(16), newLogRecord(16)];
    expect(one.capture.length).toBe(16);
    expect(one.capture).not.toBe(other.capture);
    expect(one.method).not.toBe(one.target);
    expect(one.method).not.toBe(other.method);
  });
});

describe("resetLogRecord", () => {
  it("leaves nothing of the stream before, and keeps the memory", () => {
    const record = newLogRecord(16);
    const { capture } = record;
    fill(record);
    expect(values(record).status).toBe(77);
    resetLogRecord(record);
    expect(values(record)).toEqual(values(newLogRecord(16)));
    expect(record.capture).toBe(capture);
  });
});

describe("the letters of the termination state", () => {
  it("are HAProxy's", () => {
    const letters = (codes: Readonly<Record<string, number>>) => String.fromCharCode(...Object.values(codes));
    expect(letters(EndCause)).toBe("-CSPRILDKcs");
    expect(letters(EndPhase)).toBe("-RQCHDLT");
    expect(letters(CookieSeen)).toBe("-NIDVEOU");
    expect(letters(CookieGiven)).toBe("-NIUPRD");
  });
});
