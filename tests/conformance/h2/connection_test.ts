/**
 * RFC 9113 at the level of connections and streams, section by section, against the whole proxy: what hadro answers to frames that
 * are right, wrong, late or hostile. h2spec's cases are among them.
 *
 * @module
 */
import { describe, expect, it } from "vitest";
import { frame, joined } from "../../support/h2/fields.ts";
import { PREFACE } from "../../../src/protocol/h2/preface.ts";
import { settings, word } from "../../support/h2/wire.ts";
import { answerOf, answers, RawH2, request } from "../../support/sim/sim_h2_raw.ts";

const PING = frame(6, 0, 0, "0102030405060708");
const GET = request("/");
const POST = request("/", "POST");
const NO_MORE = 0x1;
const OPEN = 0x4;

const OK = (id: number) => [`HEADERS ${id} 200`, `DATA ${id} 5 END`];

describe("3.4 the preface", () => {
  it("SETTINGS come first, and the client's are acknowledged", () => {
    const raw = new RawH2(() => null);
    expect(raw.hears()).toEqual(["SETTINGS", "SETTINGS ACK"]);
    raw.end();
  });

  it("a wrong preface is a wrong HTTP/1 request", () => {
    const raw = new RawH2(() => null, {}, new TextEncoder().encode("PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n"));
    raw.sim.world.runUntil(() => raw.peer.isOver);
    expect(raw.peer.received.slice(0, 13)).toBe("HTTP/1.1 400 ");
    raw.end();
  });

  it("anything but SETTINGS behind the preface ends the connection", () => {
    const raw = new RawH2(() => null, {}, joined(PREFACE, PING));
    expect(raw.answers()).toEqual(["GOAWAY 0 PROTOCOL_ERROR", "END"]);
    raw.end();
  });

  it("a preface in pieces is one", () => {
    const raw = new RawH2(() => answerOf(5), {}, PREFACE.slice(0, 7));
    raw.sim.world.runUntil(() => raw.peer.hasSentAll);
    raw.say(PREFACE.slice(7), settings([]), raw.headers(1, GET));
    expect(raw.answers()).toEqual(OK(1));
    raw.end();
  });
});

describe("4 frames", () => {
  it("4.1: unknown types are passed over, unknown flags too", () => {
    expect(answers((raw) => [frame(0x77, 0xff, 0, "00".repeat(20_000 / 2)), raw.headers(1, GET, 0x45)]))
      .toEqual(OK(1));
  });

  it("4.2: a frame above SETTINGS_MAX_FRAME_SIZE ends the connection", () => {
    expect(answers(() => [frame(0, 0, 1, new Uint8Array(16_385))])).toEqual([
      "GOAWAY 0 FRAME_SIZE_ERROR",
      "END",
    ]);
  });

  it("4.3: a header block that cannot be read ends the connection", () => {
    expect(answers(() => [frame(1, 5, 1, "ffffffffffff")])).toEqual(["GOAWAY 0 COMPRESSION_ERROR", "END"]);
  });

  it("4.3: nothing may come between HEADERS and CONTINUATION", () => {
    const told = answers((raw) => [raw.headers(1, GET, NO_MORE), PING]);
    expect(told).toEqual(["GOAWAY 0 PROTOCOL_ERROR", "END"]);
  });

  it("a header block in many pieces is one", () => {
    const told = answers((raw) => {
      const block = raw.block(GET);
      const pieces = [...block].map((octet, i) =>
        frame(9, i === block.length - 1 ? OPEN : 0, 1, Uint8Array.of(octet))
      );
      return [frame(1, NO_MORE, 1, ""), ...pieces];
    });
    expect(told).toEqual(OK(1));
  });
});

describe("5.1 stream states", () => {
  it.each([
    ["DATA", frame(0, 1, 1, "00")],
    ["RST_STREAM", frame(3, 0, 1, word(8))],
    ["WINDOW_UPDATE", frame(8, 0, 1, word(9))],
    ["CONTINUATION", frame(9, 4, 1, "82")],
  ])("idle: %s ends the connection", (_, bytes) => {
    expect(answers(() => [bytes])).toEqual(["GOAWAY 0 PROTOCOL_ERROR", "END"]);
  });

  it.each([
    ["DATA", () => frame(0, 1, 1, "00")],
    ["HEADERS", (raw: RawH2) => raw.headers(1, GET)],
  ])("half-closed (remote): %s ends the stream", (_, say) => {
    const told = answers((raw) => [raw.headers(1, GET), say(raw)], {}, () => null);
    expect(told).toEqual(["RST_STREAM 1 STREAM_CLOSED"]);
  });

  it.each([
    ["DATA", () => frame(0, 1, 1, "00")],
    ["HEADERS", (raw: RawH2) => raw.headers(1, GET)],
  ])("closed: %s ends the connection", (_, say) => {
    const raw = new RawH2(() => answerOf(5));
    raw.say(raw.headers(1, GET));
    expect(raw.answers()).toEqual(OK(1));
    raw.say(say(raw));
    expect(raw.answers()).toEqual(["GOAWAY 1 STREAM_CLOSED", "END"]);
    raw.end();
  });

  it.each([
    ["WINDOW_UPDATE", frame(8, 0, 1, word(9))],
    ["RST_STREAM", frame(3, 0, 1, word(8))],
    ["PRIORITY", frame(2, 0, 1, "0000000300")],
  ])("closed: %s may be late, and is passed over", (_, bytes) => {
    const raw = new RawH2(() => answerOf(5));
    raw.say(raw.headers(1, GET));
    expect(raw.answers()).toEqual(OK(1));
    raw.say(bytes, PING);
    expect(raw.answers()).toEqual(["PING ACK"]);
    raw.end();
  });

  it("closed by the client's reset: DATA behind it ends the stream only", () => {
    const told = answers(
      (raw) => [raw.headers(1, POST, OPEN), frame(3, 0, 1, word(8)), frame(0, 1, 1, "00"), PING],
      {},
      () => null,
    );
    expect(told).toEqual(["RST_STREAM 1 STREAM_CLOSED", "PING ACK"]);
  });

  it("5.1.1: an even number ends the connection", () => {
    expect(answers((raw) => [raw.headers(2, GET)])).toEqual(["GOAWAY 0 PROTOCOL_ERROR", "END"]);
  });

  it("5.1.1: a number below the last one ends the connection", () => {
    const told = answers((raw) => [raw.headers(5, GET), raw.headers(3, GET)], {}, () => null);
    expect(told.slice(-2)).toEqual(["GOAWAY 5 STREAM_CLOSED", "END"]);
  });

  it("5.1.2: streams above the limit are refused, and the others go on", () => {
    const raw = new RawH2(() => null, { flags: { "h2-streams": "2" } });
    raw.say(raw.headers(1, GET), raw.headers(3, GET), raw.headers(5, GET));
    expect(raw.answers()).toEqual(["RST_STREAM 5 REFUSED_STREAM"]);
    expect(raw.server.peers.length).toBe(2);
    raw.end();
  });

  it("5.3.1: a stream that depends on itself ends the connection", () => {
    const told = answers((raw) => [frame(1, 0x25, 1, joined(word(1), Uint8Array.of(9), raw.block(GET)))]);
    expect(told).toEqual(["GOAWAY 0 PROTOCOL_ERROR", "END"]);
  });
});

describe("6 frames by type", () => {
  it.each([
    ["6.1 DATA on stream 0", frame(0, 0, 0, "00"), "PROTOCOL_ERROR"],
    ["6.2 HEADERS on stream 0", frame(1, 5, 0, "82"), "PROTOCOL_ERROR"],
    ["6.2 HEADERS with too much padding", frame(1, 0xd, 1, "0982"), "PROTOCOL_ERROR"],
    ["6.3 PRIORITY on stream 0", frame(2, 0, 0, "0000000100"), "PROTOCOL_ERROR"],
    ["6.4 RST_STREAM on stream 0", frame(3, 0, 0, word(8)), "PROTOCOL_ERROR"],
    ["6.4 RST_STREAM of 3 bytes", frame(3, 0, 1, "000000"), "FRAME_SIZE_ERROR"],
    ["6.5 SETTINGS on a stream", frame(4, 0, 1, ""), "PROTOCOL_ERROR"],
    ["6.5 SETTINGS of 5 bytes", frame(4, 0, 0, "0001000000"), "FRAME_SIZE_ERROR"],
    ["6.5 SETTINGS ACK with a payload", frame(4, 1, 0, "000100000000"), "FRAME_SIZE_ERROR"],
    ["6.5.2 ENABLE_PUSH 2", settings([[2, 2]]), "PROTOCOL_ERROR"],
    ["6.5.2 INITIAL_WINDOW_SIZE 2^31", settings([[4, 0x8000_0000]]), "FLOW_CONTROL_ERROR"],
    ["6.5.2 MAX_FRAME_SIZE below 2^14", settings([[5, 16_383]]), "PROTOCOL_ERROR"],
    ["6.5.2 MAX_FRAME_SIZE above 2^24-1", settings([[5, 16_777_216]]), "PROTOCOL_ERROR"],
    ["6.6 PUSH_PROMISE", frame(5, 4, 1, joined(word(2), Uint8Array.of(0x82))), "PROTOCOL_ERROR"],
    ["6.7 PING on a stream", frame(6, 0, 1, "0102030405060708"), "PROTOCOL_ERROR"],
    ["6.7 PING of 6 bytes", frame(6, 0, 0, "010203040506"), "FRAME_SIZE_ERROR"],
    ["6.8 GOAWAY on a stream", frame(7, 0, 1, "0000000000000000"), "PROTOCOL_ERROR"],
    ["6.9 WINDOW_UPDATE of 0", frame(8, 0, 0, word(0)), "PROTOCOL_ERROR"],
    ["6.9 WINDOW_UPDATE of 3 bytes", frame(8, 0, 0, "000001"), "FRAME_SIZE_ERROR"],
    ["6.9.1 a window above 2^31-1", frame(8, 0, 0, word(0x7fff_ffff)), "FLOW_CONTROL_ERROR"],
    ["6.10 CONTINUATION without HEADERS", frame(9, 4, 1, "82"), "PROTOCOL_ERROR"],
  ])("%s ends the connection", (_, bytes, code) => {
    expect(answers(() => [bytes])).toEqual([`GOAWAY 0 ${code}`, "END"]);
  });

  it("6.1: DATA with more padding than payload ends the connection", () => {
    const told = answers((raw) => [raw.headers(1, POST, OPEN), frame(0, 9, 1, "0600")], {}, () => null);
    expect(told).toEqual(["GOAWAY 1 PROTOCOL_ERROR", "END"]);
  });

  it("6.7: PING is answered, its answer is not", () => {
    expect(answers(() => [PING, frame(6, 1, 0, "0102030405060708")])).toEqual(["PING ACK"]);
  });

  it("6.8: a client that says GOAWAY gets the answers it waits for", () => {
    expect(answers((raw) => [raw.headers(1, GET), frame(7, 0, 0, "0000000000000000")])).toEqual(OK(1));
  });

  it("6.9: WINDOW_UPDATE of 0 on a stream ends that stream", () => {
    const told = answers((raw) => [raw.headers(1, GET), frame(8, 0, 1, word(0)), PING], {}, () => null);
    expect(told).toEqual(["RST_STREAM 1 PROTOCOL_ERROR", "PING ACK"]);
  });

  it("6.9.1: a stream's window above 2^31-1 ends that stream", () => {
    const told = answers(
      (raw) => [raw.headers(1, GET), frame(8, 0, 1, word(0x7fff_ffff)), PING],
      {},
      () => null,
    );
    expect(told).toEqual(["RST_STREAM 1 FLOW_CONTROL_ERROR", "PING ACK"]);
  });

  it("6.9.1: nothing is sent past a window, and everything once it opens", () => {
    const raw = new RawH2(() => answerOf(5), {}, joined(PREFACE, settings([[4, 1]])));
    raw.say(raw.headers(1, GET));
    expect(raw.answers()).toEqual(["HEADERS 1 200", "DATA 1 1"]);
    raw.say(frame(8, 0, 1, word(9)));
    expect(raw.answers()).toEqual(["DATA 1 4 END"]);
    raw.end();
  });

  it("6.9.2: SETTINGS change the windows of streams, below 0 too", () => {
    const raw = new RawH2(() => answerOf(10), {}, joined(PREFACE, settings([[4, 3]])));
    raw.say(raw.headers(1, GET));
    expect(raw.answers()).toEqual(["HEADERS 1 200", "DATA 1 3"]);
    raw.say(settings([[4, 2]]), frame(8, 0, 1, word(2)));
    expect(raw.answers()).toEqual(["DATA 1 1"]);
    raw.say(settings([[4, 100]]));
    expect(raw.answers()).toEqual(["DATA 1 6 END"]);
    raw.end();
  });

  it("6.9: DATA past the windows ends the connection", () => {
    const raw = new RawH2(() => null, { pipeBytes: 2_000 }, undefined, false);
    raw.say(raw.headers(1, POST, OPEN));
    for (let i = 0; i < 6; i++) raw.say(frame(0, 0, 1, new Uint8Array(16_000)));
    raw.sim.world.runUntil(() => raw.peer.isOver);
    const told = raw.answers().filter((text) => !text.startsWith("WINDOW"));
    expect(told).toEqual(["GOAWAY 1 FLOW_CONTROL_ERROR", "END"]);
    raw.end();
  });
});
