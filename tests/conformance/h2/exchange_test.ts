/**
 * RFC 9113 section 8 against the whole proxy: what becomes of messages that are right, malformed, early, or have trailers.
 *
 * @module
 */
import { describe, expect, it } from "vitest";
import { frame } from "../../support/h2/fields.ts";
import { answerOf, answers, RawH2, request } from "../../support/sim/sim_h2_raw.ts";

const GET = request("/");
const POST = request("/", "POST");
const OPEN = 0x4;

const OK = (id: number) => [`HEADERS ${id} 200`, `DATA ${id} 5 END`];

describe("8.1 messages", () => {
  it.each(
    [
      ["an upper-case name", request("/", "GET", ["X-A", "1"])],
      ["a connection-specific field", request("/", "GET", ["connection", "close"])],
      ["te other than trailers", request("/", "GET", ["te", "gzip"])],
      ["an unknown pseudo-field", request("/", "GET", [":x", "1"])],
      ["a response's pseudo-field", request("/", "GET", [":status", "200"])],
      ["a pseudo-field behind a field", [[":method", "GET"], [":scheme", "http"], ["a", "b"], [
        ":path",
        "/",
      ]]],
      ["no :method", [[":scheme", "http"], [":path", "/"], [":authority", "a"]]],
      ["no :path", [[":method", "GET"], [":scheme", "http"], [":authority", "a"]]],
      ["two :path", request("/", "GET").concat([[":path", "/b"]])],
      ["an empty :path", request("", "GET")],
    ] as const,
  )("malformed, %s: the stream ends", (_, fields) => {
    const raw = new RawH2(() => answerOf(5));
    raw.say(raw.headers(1, fields), raw.headers(3, GET));
    expect(raw.answers()).toEqual(["RST_STREAM 1 PROTOCOL_ERROR", ...OK(3)]);
    expect(raw.sim.log[0]).toMatchObject({ status: -1, term: "PR" });
    expect(raw.sim.log[0]!.why).toMatch(/^bad request: /);
    raw.end();
  });

  it("8.1.1: a body longer than content-length ends the stream, a shorter one too", () => {
    const fields = request("/", "POST", ["content-length", "2"]);
    const wait = () => null;
    expect(answers((raw) => [raw.headers(1, fields, OPEN), frame(0, 1, 1, "000000")], {}, wait))
      .toEqual(["RST_STREAM 1 PROTOCOL_ERROR"]);
    expect(answers((raw) => [raw.headers(1, fields, OPEN), frame(0, 1, 1, "00")], {}, wait))
      .toEqual(["RST_STREAM 1 PROTOCOL_ERROR"]);
    expect(answers((raw) => [raw.headers(1, fields)], {}, wait)).toEqual(["RST_STREAM 1 PROTOCOL_ERROR"]);
  });

  it("8.1: trailers that do not end the stream end it", () => {
    const told = answers(
      (raw) => [raw.headers(1, POST, OPEN), raw.headers(1, [["x", "y"]], OPEN)],
      {},
      () => null,
    );
    expect(told).toEqual(["RST_STREAM 1 PROTOCOL_ERROR"]);
  });

  it("8.1: an answer before the request's end is whole, then NO_ERROR", () => {
    const told = answers((raw) => [raw.headers(1, POST, OPEN), frame(0, 0, 1, "00")]);
    expect(told).toEqual([...OK(1), "RST_STREAM 1 NO_ERROR"]);
  });

  it("8.1: a body above max-body is answered 413, and what comes behind it is passed over", () => {
    const told = answers(
      (
        raw,
      ) => [
        raw.headers(1, POST, OPEN),
        ...[1, 2, 3].map(() => frame(0, 0, 1, new Uint8Array(800))),
        raw.headers(3, GET),
      ],
      { "max-body": "1000" },
    );
    expect(told).toEqual(["HEADERS 1 413", "DATA 1 48 END", "RST_STREAM 1 NO_ERROR", ...OK(3)]);
  });

  it("8.5: CONNECT is refused", () => {
    const connect = [[":method", "CONNECT"], [":authority", "sim:80"]] as const;
    expect(answers((raw) => [raw.headers(1, connect, OPEN)]).slice(0, 1)).toEqual(["HEADERS 1 405"]);
  });
});

describe("retries", () => {
  it("a request that is whole is tried again as retry-on says, one whose body comes is not", () => {
    let count = 0;
    const flags = { "retry-on": "all-retryable-errors+non-idempotent", "retries": "2" };
    const raw = new RawH2(
      () => ++count % 2 === 1 ? "HTTP/1.1 503 Unavailable\r\nContent-Length: 0\r\n\r\n" : answerOf(5),
      { flags },
    );
    // After a pause, since there is no other server.
    raw.say(raw.headers(1, GET));
    raw.sim.world.runUntil(() => raw.sim.log.length === 1);
    expect([raw.answers(), count, raw.sim.log[0]!.retries]).toEqual([OK(1), 2, 1]);
    raw.say(raw.headers(3, POST, OPEN), frame(0, 1, 3, "00"));
    raw.sim.world.runUntil(() => raw.sim.log.length === 2);
    expect([raw.answers()[0], raw.sim.log[1]!.retries]).toEqual(["HEADERS 3 503 END", 0]);
    raw.end();
  });
});

describe("8.2 what passes", () => {
  it("trailers, both ways", () => {
    const raw = new RawH2(() =>
      "HTTP/1.1 200 OK\r\nTrailer: x-sum\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 6\r\n\r\n"
    );
    raw.say(raw.headers(1, request("/", "POST", ["te", "trailers"]), OPEN));
    raw.say(frame(0, 0, 1, "6162"), raw.headers(1, [["x-end", "1"]]));
    const told = raw.answers();
    expect(told).toEqual(["HEADERS 1 200", "DATA 1 3", "HEADERS 1 x-sum=6 END"]);
    expect(raw.server.peers[0]!.received).toContain("te: trailers\r\n".replace("te", "TE"));
    expect(raw.server.peers[0]!.received.endsWith("2\r\nab\r\n0\r\nx-end: 1\r\n\r\n")).toBe(true);
    raw.end();
  });

  it("interim responses", () => {
    const told = answers(
      (raw) => [raw.headers(1, GET)],
      {},
      () => `HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${answerOf(5)}`,
    );
    expect(told).toEqual(["HEADERS 1 103", ...OK(1)]);
  });

  it("HEAD, 204 and 304: no DATA", () => {
    expect(
      answers(
        (raw) => [raw.headers(1, request("/", "HEAD"))],
        {},
        () => "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
      ),
    )
      .toEqual(["HEADERS 1 200 END"]);
    expect(answers((raw) => [raw.headers(1, GET)], {}, () => "HTTP/1.1 204 No Content\r\n\r\n"))
      .toEqual(["HEADERS 1 204 END"]);
  });

  it("compression leaves answers alone", () => {
    const told = answers(
      (raw) => [raw.headers(1, request("/", "GET", ["accept-encoding", "gzip"]))],
      { "compress": "gzip" },
      () => `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5000\r\n\r\n${"a".repeat(5_000)}`,
    );
    expect(told).toEqual(["HEADERS 1 200", "DATA 1 5000 END"]);
  });
});
