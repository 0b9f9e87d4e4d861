/** HAProxy's log variables, one by one. @module */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compileLogFormat } from "../../../../src/observe/access_log/compile.ts";
import { VARIABLES } from "../../../../src/observe/access_log/variables.ts";
import { EndCause, EndPhase, type LogRecord } from "../../../../src/proxy/log_record.ts";
import {
  badRequestRecord,
  httpRecord,
  lineOf,
  type Texts,
  WALL_MS,
} from "../../../support/access_log/records.ts";

const zoneBefore = Deno.env.get("TZ");
beforeAll(() => Deno.env.set("TZ", "Europe/Paris"));
afterAll(() => zoneBefore === undefined ? Deno.env.delete("TZ") : Deno.env.set("TZ", zoneBefore));

const CHANGES: Partial<LogRecord> = {
  acceptWallMs: WALL_MS - 61_123,
  handshakeMs: 2,
  idleMs: 3,
  requestMs: 4,
  queueMs: 5,
  connectMs: 6,
  responseMs: 7,
  dataMs: 8,
  activeMs: 30,
  totalMs: 35,
  retries: 9,
  redispatched: true,
  serverQueue: 10,
  backendQueue: 11,
  serverNameIndication: "app.test",
  tls: {
    version: "TLSv1.3",
    cipher: "TLS_AES_256_GCM_SHA384",
    protocol: "http/1.1",
    serverName: "a.test",
    isResumed: true,
    peerSubject: "/CN=ann",
    peerName: "ann",
  },
  endCause: EndCause.SERVER,
  endPhase: EndPhase.DATA,
};
const TEXTS: Texts = { requestLine: "POST /a/b?c=d?e HTTP/1.0" };

/** Each variable of {@linkcode VARIABLES}: what a record with CHANGES and TEXTS gives. */
const EXPECTED: Readonly<Record<string, string>> = {
  ci: "10.0.1.2",
  cp: "33317",
  t: "23/Nov/2026:03:44:40.000",
  tr: "23/Nov/2026:03:45:41.123",
  trg: "23/Nov/2026:02:45:41 +0000",
  trl: "23/Nov/2026:03:45:41 +0100",
  T: "23/Nov/2026:02:44:40 +0000",
  Tl: "23/Nov/2026:03:44:40 +0100",
  Ts: "1795401880",
  ms: "000",
  ft: "http-in~",
  f: "http-in",
  b: "static",
  s: "srv1",
  si: "10.0.0.1",
  sp: "9000",
  sni: "app.test",
  Th: "2",
  Ti: "3",
  TR: "4",
  Tq: "9",
  Tw: "5",
  Tc: "6",
  Tr: "7",
  Td: "8",
  Ta: "30",
  Tt: "35",
  Tu: "32",
  ST: "200",
  B: "2750",
  U: "301",
  CC: "-",
  CS: "-",
  ts: "SD",
  tsc: "SD--",
  ac: "4",
  fc: "3",
  bc: "2",
  sc: "1",
  rc: "+9",
  sq: "10",
  bq: "11",
  r: "POST /a/b?c=d?e HTTP/1.0",
  HM: "POST",
  HU: "/a/b?c=d?e",
  HP: "/a/b",
  HQ: "?c=d?e",
  HV: "HTTP/1.0",
  hr: "",
  hs: "",
  ID: "-",
  sslv: "TLSv1.3",
  sslc: "TLS_AES_256_GCM_SHA384",
  "[ssl_fc_sni]": "a.test",
  "[ssl_fc_alpn]": "http/1.1",
  "[ssl_fc_is_resumed]": "1",
  "[ssl_c_s_dn]": "/CN=ann",
  lc: "1",
  rt: "1",
  pid: String(Deno.pid),
  H: Deno.hostname(),
};

function value(name: string, record: LogRecord): string {
  return lineOf(compileLogFormat(name), record);
}

describe("VARIABLES", () => {
  it("are all tested here", () => {
    expect(Object.keys(VARIABLES)).toEqual(Object.keys(EXPECTED));
  });

  it.each(Object.entries(EXPECTED))("the variable %s writes %s", (name, text) => {
    expect(value(`%${name}`, httpRecord(CHANGES, TEXTS))).toBe(text);
  });

  it("each have an explanation", () => {
    for (const { text } of Object.values(VARIABLES)) expect(text).not.toBe("");
  });
});

describe("VARIABLES of a bad request", () => {
  it.each([
    ["%b", "http-in"],
    ["%s", "<NOSRV>"],
    ["%si", "-"],
    ["%sp", "-"],
    ["%{+X}sp", "-"],
    ["%TR", "-1"],
    ["%Tq", "-1"],
    ["%r", "<BADREQ>"],
    ["%HM", "<BADREQ>"],
    ["%HU", "<BADREQ>"],
    ["%HP", "<BADREQ>"],
    ["%HQ", "<BADREQ>"],
    ["%HV", "<BADREQ>"],
    ["%tsc", "PR--"],
    ["%rc", "0"],
  ])("%s writes %s", (name, text) => expect(value(name, badRequestRecord())).toBe(text));
});

describe("addresses", () => {
  it.each([
    ["[2001:db8::1]:443", "2001:db8::1", "443", "20010DB8000000000000000000000001", "01BB"],
    ["10.0.0.1:9000", "10.0.0.1", "9000", "0A000001", "2328"],
    ["unix:/run/a.sock", "unix:/run/a.sock", "-", "unix:/run/a.sock", "-"],
  ])("of server %s are %s and %s", (serverAddress, host, port, hexHost, hexPort) => {
    const record = httpRecord({ serverAddress });
    expect(value("%si %sp", record)).toBe(`${host} ${port}`);
    expect(value("%{+X}o%si %sp", record)).toBe(`${hexHost} ${hexPort}`);
  });

  it("of clients are written in hexadecimal as HAProxy's unique ids do", () => {
    const record = httpRecord({ clientAddress: "127.0.0.1", clientPort: 80 });
    expect(value("%{+X}ci:%{+X}cp", record)).toBe("7F000001:0050");
  });
});

describe("the request's parts", () => {
  it.each([
    ["a target without query", "GET /a HTTP/1.1", "/a", ""],
    ["a query alone", "GET ?a HTTP/1.1", "", "?a"],
    ["an empty query", "GET /a? HTTP/1.1", "/a", "?"],
    ["an asterisk", "OPTIONS * HTTP/1.1", "*", ""],
    ["an absolute target", "GET http://h:8/x?y HTTP/1.1", "http://h:8/x", "?y"],
  ])("of %s", (_, requestLine, path, query) => {
    const record = httpRecord({}, { requestLine });
    expect(value("<%HP|%HQ>", record)).toBe(`<${path}|${query}>`);
  });

  it("are escaped", () => {
    const record = httpRecord({}, { requestLine: 'GET /"?# HTTP/1.1' });
    expect(value("%HU %HP %HQ", record)).toBe("/#22?#23 /#22 ?#23");
  });
});

describe("counters of a format", () => {
  it("count its lines", () => {
    const format = compileLogFormat("%lc %rt %{+X}rt");
    expect(lineOf(format, httpRecord())).toBe("1 1 0001");
    expect(lineOf(format, httpRecord())).toBe("2 2 0002");
  });
});
