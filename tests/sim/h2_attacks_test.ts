/**
 * HTTP/2 clients that mean harm, or sleep: each attack has its bound, and what it held is given back.
 *
 * @module
 */
import { describe, expect, it } from "vitest";
import { PREFACE } from "../../src/protocol/h2/preface.ts";
import { frame, joined } from "../support/h2/fields.ts";
import { settings, word } from "../support/h2/wire.ts";
import { answerOf, RawH2, request } from "../support/sim/sim_h2_raw.ts";

const GET = request("/");
const PING = frame(6, 0, 0, "0102030405060708");
const CALM = "ENHANCE_YOUR_CALM";

function many(count: number, make: (i: number) => Uint8Array): Uint8Array {
  return joined(...Array.from({ length: count }, (_, i) => make(i)));
}

/** Says all of it and runs until hadro ended the connection; returns what it said last. */
function endOf(raw: RawH2): string[] {
  raw.sim.world.runUntil(() => raw.peer.isOver);
  const told = raw.answers();
  raw.end();
  return told.slice(-2);
}

describe("floods are counted, and end the connection with ENHANCE_YOUR_CALM", () => {
  it("streams that are taken back before their answer (rapid reset): no more requests than the limit reach a server", () => {
    const raw = new RawH2(() => null, { flags: { "h2-glitches": "50" } });
    const attack = Array.from(
      { length: 200 },
      (_, i) => joined(raw.headers(2 * i + 1, GET), frame(3, 0, 2 * i + 1, word(8))),
    );
    raw.say(...attack);
    raw.sim.world.runUntil(() => raw.peer.isOver);
    expect(raw.answers().slice(-2)).toEqual([`GOAWAY 101 ${CALM}`, "END"]);
    expect(raw.sim.log.length).toBe(51);
    expect(raw.sim.log.every(({ term }) => /^C[CH]$/.test(term))).toBe(true);
    raw.end();
  });

  it.each(
    [
      ["PING", PING],
      ["SETTINGS", settings([[4, 5]])],
      ["PRIORITY", frame(2, 0, 1, "0000000300")],
      ["PRIORITY_UPDATE", frame(16, 0, 0, joined(word(1), new TextEncoder().encode("u=1")))],
      ["unknown frames", frame(0x99, 0, 0, "")],
    ] as const,
  )("%s", (_, bytes) => {
    const raw = new RawH2(() => null, { flags: { "h2-glitches": "50" } });
    raw.say(many(60, () => bytes));
    expect(endOf(raw)).toEqual([`GOAWAY 0 ${CALM}`, "END"]);
  });

  it("DATA without a byte", () => {
    const raw = new RawH2(() => null, { flags: { "h2-glitches": "50" } });
    raw.say(raw.headers(1, request("/", "POST"), 4), many(60, () => frame(0, 0, 1, "")));
    expect(endOf(raw)).toEqual([`GOAWAY 1 ${CALM}`, "END"]);
  });

  it("CONTINUATION without end, and without a byte", () => {
    const full = new RawH2(() => null);
    full.say(frame(1, 1, 1, new Uint8Array(16_384)), many(3, () => frame(9, 0, 1, new Uint8Array(16_384))));
    expect(endOf(full)).toEqual([`GOAWAY 0 ${CALM}`, "END"]);
    const empty = new RawH2(() => null);
    empty.say(frame(1, 1, 1, ""), many(100, () => frame(9, 0, 1, "")));
    expect(endOf(empty)).toEqual([`GOAWAY 0 ${CALM}`, "END"]);
  });

  it("a header list of a few bytes that becomes large (HPACK bomb)", () => {
    const raw = new RawH2(() => null);
    raw.say(raw.headers(1, request("/", "GET", ["x-bomb", "b".repeat(4_000)]), 5));
    // The field is in the table now: a byte names it.
    raw.say(frame(1, 5, 3, joined(Uint8Array.of(0x82), new Uint8Array(10_000).fill(0xbe))));
    expect(endOf(raw)).toEqual(
      [`GOAWAY 3 ${CALM}`, "END"].map((text) => text.replace("GOAWAY 3", "GOAWAY 1")),
    );
  });

  it("windows that make every frame tiny", () => {
    const raw = new RawH2(
      () => answerOf(1_000),
      { flags: { "h2-glitches": "50" } },
      joined(PREFACE, settings([[4, 1]])),
    );
    raw.say(raw.headers(1, GET));
    raw.answers();
    for (let i = 0; i < 60 && !raw.peer.isOver; i++) {
      raw.say(frame(8, 0, 1, word(1)));
      raw.hears();
    }
    expect(raw.peer.isOver).toBe(true);
    expect(raw.sim.log[0]!.why).toBe("HTTP/2: more glitches than --h2-glitches");
    raw.end();
  });

  it("one a second is forgiven, and one for each answer", () => {
    const raw = new RawH2(() => answerOf(5), { flags: { "h2-glitches": "3" } });
    for (let i = 0; i < 20; i++) {
      raw.say(PING, raw.headers(2 * i + 1, GET));
      expect(raw.answers().at(-1)).toBe(`DATA ${2 * i + 1} 5 END`);
    }
    raw.end();
  });

  it("0: any number", () => {
    const raw = new RawH2(() => null, { flags: { "h2-glitches": "0" } });
    raw.say(many(3_000, () => PING));
    raw.sim.world.runUntil(() => raw.peer.hasSentAll);
    expect(raw.answers().filter((text) => text === "PING ACK").length).toBe(3_000);
    raw.end();
  });
});

describe("clients that do not read", () => {
  it("what they ask for is not read either, once the answers have no room", () => {
    const raw = new RawH2(() => null, { flags: { "h2-glitches": "0" }, pipeBytes: 2_000 });
    raw.read(false);
    raw.say(many(3_000, () => PING));
    const { world } = raw.sim;
    const beganMs = world.clock.monotonicMs();
    world.runUntil(() => world.clock.monotonicMs() > beganMs + 3_000);
    expect(raw.peer.hasSentAll).toBe(false);
    raw.read(true);
    world.runUntil(() => raw.peer.hasSentAll);
    expect(raw.answers().filter((text) => text === "PING ACK").length).toBe(3_000);
    raw.end();
  });

  it("nothing at all: streams end with timeout-client, and then the connection", () => {
    const raw = new RawH2(() => answerOf(50_000), { flags: { "timeout-client": "2s" }, pipeBytes: 3_000 });
    raw.read(false);
    raw.say(raw.headers(1, GET), raw.headers(3, GET), many(50, () => PING));
    const { world, proxy } = raw.sim;
    world.runUntil(() => raw.sim.log.length === 2);
    expect(raw.sim.log.map(({ term }) => term)).toEqual(["cD", "cD"]);
    world.runUntil(() => proxy.context.sessions.size === 0);
    expect(world.clock.monotonicMs()).toBeLessThan(10_000);
    raw.end();
  });

  it("a window that stays at 0 ends the stream when timeout-client is over, not the connection", () => {
    const raw = new RawH2(
      () => answerOf(5_000),
      { flags: { "timeout-client": "2s" } },
      joined(PREFACE, settings([[4, 0]])),
    );
    raw.say(raw.headers(1, GET));
    const { world } = raw.sim;
    world.runUntil(() => raw.sim.log.length > 0);
    expect(raw.answers()).toEqual(["HEADERS 1 200", "RST_STREAM 1 INTERNAL_ERROR"]);
    expect(raw.sim.log).toMatchObject([{
      status: 200,
      term: "cD",
      why: "the client was inactive for 2000 ms",
    }]);
    expect(world.pool.inUse).toBe(0);
    raw.say(PING);
    expect(raw.answers()).toEqual(["PING ACK"]);
    raw.end();
  });
});

describe("deadlines of a connection", () => {
  it("without a first request: GOAWAY after timeout-request", () => {
    const raw = new RawH2(() => null, { flags: { "timeout-request": "1s" } });
    expect(endOf(raw)).toEqual(["GOAWAY 0 NO_ERROR", "END"]);
  });

  it("without a further one: GOAWAY after timeout-keepalive", () => {
    const raw = new RawH2(() => answerOf(5), { flags: { "timeout-keepalive": "1s" } });
    raw.say(raw.headers(1, GET));
    expect(endOf(raw)).toEqual(["GOAWAY 1 NO_ERROR", "END"]);
  });

  it("a frame that does not end", () => {
    const raw = new RawH2(() => null, { flags: { "timeout-request": "1s" } });
    raw.say(raw.headers(1, GET), frame(1, 1, 3, "8286"));
    expect(endOf(raw)).toEqual([`GOAWAY 1 ${CALM}`, "END"]);
  });

  it("a client that does not close its end is closed", () => {
    const raw = new RawH2(() => null, { flags: { "timeout-request": "1s" } });
    raw.sim.world.runUntil(() => raw.sim.proxy.context.sessions.size === 0);
    raw.end();
  });
});

describe("hadro stops", () => {
  it("says so, lets answers end, refuses what comes too late, and leaves", () => {
    let answer: string | null = null;
    const raw = new RawH2(() => answer);
    const { world, proxy } = raw.sim;
    raw.say(raw.headers(1, GET));
    raw.answers();
    world.engine.post(() => proxy.drain());
    expect(raw.answers()).toEqual(["GOAWAY 2147483647 NO_ERROR", "PING"]);
    // On its way when hadro said so: still taken.
    answer = answerOf(5);
    raw.say(raw.headers(3, GET), frame(6, 1, 0, "686164726f2d676f"));
    expect(raw.answers()).toEqual(["GOAWAY 3 NO_ERROR", "HEADERS 3 200", "DATA 3 5 END"]);
    raw.say(raw.headers(5, GET));
    expect(raw.answers()).toEqual([]);
    raw.server.peers[0]!.queue(answerOf(7));
    expect(raw.answers()).toEqual(["HEADERS 1 200", "DATA 1 7 END", "END"]);
    raw.peer.close();
    world.runUntil(() => raw.sim.isDrained);
    world.checkNothingLeft();
  });

  it("at once: every exchange has its line", () => {
    const raw = new RawH2(() => null);
    raw.say(raw.headers(1, GET), raw.headers(3, GET));
    raw.answers();
    raw.end();
    expect(raw.sim.log.length).toBe(2);
    expect(new Set(raw.sim.log.map(({ term }) => term[0]))).toEqual(new Set(["K"]));
  });
});

describe("clients that leave", () => {
  it("with their connection: servers' sides end, each exchange has its line", () => {
    const raw = new RawH2(() => null);
    raw.say(raw.headers(1, GET), raw.headers(3, request("/", "POST"), 4));
    raw.answers();
    raw.peer.close(true);
    raw.sim.world.runUntil(() => raw.sim.log.length === 2);
    expect(raw.sim.log.map(({ why }) => why)).toEqual(new Array(2).fill("the client reset the connection"));
    raw.sim.world.runUntil(() => raw.server.peers.every((peer) => peer.isOver));
    raw.sim.end(false);
  });

  it("after whole requests, with an end only: those are answered", () => {
    const raw = new RawH2(() => answerOf(5));
    raw.say(raw.headers(1, GET));
    raw.peer.endAfter();
    expect(raw.answers()).toEqual(["HEADERS 1 200", "DATA 1 5 END", "END"]);
    raw.end();
  });
});
