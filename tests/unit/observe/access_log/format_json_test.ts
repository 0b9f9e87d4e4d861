/** One JSON object a line. @module */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compileLogFormat } from "../../../../src/observe/access_log/compile.ts";
import { FormatJson } from "../../../../src/observe/access_log/format_json.ts";
import { CookieGiven, CookieSeen, EndCause, EndPhase } from "../../../../src/proxy/log_record.ts";
import {
  badRequestRecord,
  droppedLineOf,
  httpRecord,
  inTimeZone,
  lineOf,
  tcpRecord,
  WALL_MS,
} from "../../../support/access_log/records.ts";
import { UniqueIds } from "../../../../src/proxy/unique_id.ts";

const format = new FormatJson();

describe("FormatJson with HTTP", () => {
  it("writes every key, in a fixed order", () => {
    const record = httpRecord(
      { retries: 1, redispatched: true, serverQueue: 6, backendQueue: 7 },
      { referer: "http://a.test/", userAgent: "curl/8.5" },
    );
    expect(lineOf(format, record)).toBe(
      '{"v":1,"time":"2026-11-23T02:45:41.123Z","scheme":"http","client":"10.0.1.2","client_port":33317,' +
        '"frontend":"http-in","backend":"static","server":"srv1","server_addr":"10.0.0.1:9000",' +
        '"method":"GET","host":"app.test","uri":"/index.html","version":"HTTP/1.1","status":200,' +
        '"bytes_out":2750,"bytes_in":301,"t_handshake_ms":0,"t_idle_ms":5,"t_req_ms":10,"t_queue_ms":0,"t_conn_ms":30,' +
        '"t_resp_ms":69,"t_data_ms":0,"t_active_ms":109,"t_total_ms":114,"retries":1,"redispatched":true,' +
        '"term":"--","term_cookie":null,"why":null,"referer":"http://a.test/","user_agent":"curl/8.5","unique_id":null,"encoding":null,' +
        '"bytes_uncompressed":null,"conns_process":4,' +
        '"conns_frontend":3,"conns_backend":2,"conns_server":1,"queue_server":6,"queue_backend":7}',
    );
  });

  it("writes null for what was not reached or not said", () => {
    expect(lineOf(format, badRequestRecord({ bytesOut: 187, activeMs: 0, totalMs: 5 }))).toBe(
      '{"v":1,"time":"2026-11-23T02:45:41.123Z","scheme":"http","client":"10.0.1.2","client_port":33317,' +
        '"frontend":"http-in","backend":null,"server":null,"server_addr":null,' +
        '"method":null,"host":null,"uri":null,"version":null,"status":400,' +
        '"bytes_out":187,"bytes_in":301,"t_handshake_ms":0,"t_idle_ms":5,"t_req_ms":null,"t_queue_ms":null,"t_conn_ms":null,' +
        '"t_resp_ms":null,"t_data_ms":null,"t_active_ms":0,"t_total_ms":5,"retries":0,"redispatched":false,' +
        '"term":"PR","term_cookie":null,"why":"the request line is no request line","referer":null,"user_agent":null,"unique_id":null,"encoding":null,"bytes_uncompressed":null,' +
        '"conns_process":4,"conns_frontend":3,"conns_backend":2,"conns_server":1,"queue_server":0,' +
        '"queue_backend":0}',
    );
  });

  it("writes what was seen and given of the backend's cookie", () => {
    const record = httpRecord({ requestCookie: CookieSeen.DOWN, responseCookie: CookieGiven.INSERTED });
    expect(lineOf(format, record)).toContain(',"term":"--","term_cookie":"DI","why":null,');
  });

  it("writes the request's id", () => {
    const record = httpRecord();
    new UniqueIds(new Uint8Array(8)).assign(record);
    expect(JSON.parse(lineOf(format, record)).unique_id).toBe("00000000000000000000000000000001");
    expect(lineOf(compileLogFormat("%ID %{+Q}ID"), record)).toBe(
      '00000000000000000000000000000001 "00000000000000000000000000000001"',
    );
    expect(lineOf(compileLogFormat("%ID %{+Q}ID"), httpRecord())).toBe('- ""');
  });

  it("writes a status that was never sent as null", () => {
    expect(JSON.parse(lineOf(format, httpRecord({ status: -1 }))).status).toBeNull();
  });

  it("writes the time in UTC wherever it runs", () => {
    inTimeZone("Asia/Kolkata", () => {
      expect(JSON.parse(lineOf(new FormatJson(), httpRecord())).time).toBe("2026-11-23T02:45:41.123Z");
    });
  });

  it("escapes what a client sent", () => {
    const record = httpRecord({}, { requestLine: 'GET /"\\ HTTP/1.1', userAgent: 'x","status":200,"y":"\n' });
    const line = lineOf(format, record);
    expect(line).toContain('"uri":"/\\"\\\\",');
    expect(line).toContain('"user_agent":"x\\",\\"status\\":200,\\"y\\":\\"\\u000A",');
  });
});

describe("FormatJson with TCP", () => {
  it("leaves out the keys that only HTTP has", () => {
    expect(lineOf(format, tcpRecord())).toBe(
      '{"v":1,"time":"2026-11-23T02:45:41.123Z","scheme":"tcp","client":"10.0.1.2","client_port":33313,' +
        '"frontend":"fnt","backend":"bck","server":"srv1","server_addr":"10.0.0.1:9000",' +
        '"bytes_out":212,"bytes_in":301,"t_handshake_ms":0,"t_queue_ms":0,"t_conn_ms":0,"t_total_ms":5007,"retries":0,' +
        '"redispatched":false,"term":"--","why":null,"conns_process":4,"conns_frontend":3,' +
        '"conns_backend":2,"conns_server":1,"queue_server":0,"queue_backend":0}',
    );
  });

  it("takes the accept time, and says why it failed", () => {
    const record = tcpRecord({
      acceptWallMs: WALL_MS - 1_000,
      connectMs: -1,
      endCause: EndCause.SERVER_TIMEOUT,
      endPhase: EndPhase.CONNECT,
      why: "10.0.0.1:9000 did not accept the connection within 5000 ms",
    });
    expect(JSON.parse(lineOf(format, record))).toMatchObject({
      time: "2026-11-23T02:45:40.123Z",
      t_conn_ms: null,
      term: "sC",
      why: "10.0.0.1:9000 did not accept the connection within 5000 ms",
    });
  });
});

describe("FormatJson with TLS that is passed through", () => {
  it("has the keys of TCP, the name that the hello says and how long it took", () => {
    expect(lineOf(format, tcpRecord({ scheme: "sni", serverNameIndication: "a.test", requestMs: 3 }))).toBe(
      '{"v":1,"time":"2026-11-23T02:45:41.123Z","scheme":"sni","client":"10.0.1.2","client_port":33313,' +
        '"frontend":"fnt","backend":"bck","server":"srv1","server_addr":"10.0.0.1:9000","sni":"a.test",' +
        '"bytes_out":212,"bytes_in":301,"t_handshake_ms":0,"t_req_ms":3,"t_queue_ms":0,"t_conn_ms":0,' +
        '"t_total_ms":5007,"retries":0,"redispatched":false,"term":"--","why":null,"conns_process":4,' +
        '"conns_frontend":3,"conns_backend":2,"conns_server":1,"queue_server":0,"queue_backend":0}',
    );
    expect(JSON.parse(lineOf(format, tcpRecord({ scheme: "sni" })))).toMatchObject({
      sni: null,
      t_req_ms: null,
    });
  });
});

describe("FormatJson with any texts", () => {
  it("escapes names and reasons of its own", () => {
    const names = { frontendName: 'a"b\\', backendName: "é\n", serverName: "s\u2028\ud800", why: "\x7f\t" };
    expect(JSON.parse(lineOf(format, httpRecord(names)))).toMatchObject({
      frontend: 'a"b\\',
      backend: "é\n",
      server: "s\u2028\ud800",
      why: "\x7f\t",
    });
  });

  it("cuts a text that is too long and says so with an ellipsis", () => {
    const line = lineOf(format, httpRecord({ why: "x".repeat(40_000) }));
    expect(JSON.parse(line).why).toBe("x".repeat(512) + "…");
  });

  it("writes one whole object of one line, however much has to be escaped", () => {
    const worst = "\x01".repeat(2_000);
    const texts = { frontendName: worst, backendName: worst, serverName: worst, why: worst };
    const bytes = (size: number) => new Uint8Array(size).fill(1);
    const record = httpRecord({ ...texts, serverAddress: worst }, {
      requestLine: bytes(1_024),
      host: bytes(256),
      referer: bytes(256),
      userAgent: bytes(256),
    });
    record.target = { offset: 0, length: 1_024 };
    expect(JSON.parse(lineOf(format, record)).uri).toBe("\x01".repeat(1_024));
  });

  it("is JSON of one line with the same keys for any bytes", () => {
    const keys = Object.keys(JSON.parse(lineOf(format, httpRecord())));
    const bytes = fc.uint8Array({ minLength: 1, maxLength: 256 });
    fc.assert(fc.property(bytes, bytes, fc.string(), (userAgent, referer, why) => {
      const line = lineOf(format, httpRecord({ why }, { userAgent, referer }));
      expect(line).not.toMatch(/[\r\n]/);
      expect(Object.keys(JSON.parse(line))).toEqual(keys);
      expect(JSON.parse(line).why).toBe(why === "" ? null : why);
    }));
  });
});

describe("FormatJson of dropped lines", () => {
  it("writes an event", () => {
    expect(droppedLineOf(format, 12)).toBe('{"v":1,"event":"log_dropped","lines":12}');
  });
});
