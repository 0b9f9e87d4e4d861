/** The client's end of HTTP/1 on the sim poller: heads in pieces, pipelining, ends, draining. @module */
import { describe, expect, it } from "vitest";
import { Criticality } from "../../../src/buffer/criticality.ts";
import { Direction, FdState } from "../../../src/event/fd_state.ts";
import { HEAD_CAPACITY } from "../../../src/mux/h1_end.ts";
import { FrontPhase } from "../../../src/mux/front.ts";
import { FULL_CAPACITY } from "../../../src/mux/socket_end.ts";
import { ParseError } from "../../../src/protocol/h1/parse_error.ts";
import { BodyKind } from "../../../src/protocol/http/framing.ts";
import { FrontRig } from "../../support/mux/h1_ends.ts";

const GET = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const DRAINED_BYTES_MAX = 1_024 * 1_024;

/** Takes each head as it is, with a body of so many bytes. */
function accepting(rig: FrontRig, bodyBytes = 0): FrontRig {
  rig.onHead = () => {
    const { front } = rig;
    const kind = bodyBytes > 0 ? BodyKind.LENGTH : BodyKind.NONE;
    front.beginForwarding(front.parsedHead.headEnd, kind, bodyBytes);
    front.setBodyPhase();
    front.releaseParser();
  };
  return rig;
}

/** As after the answer: what was forwarded is gone. */
function answered(rig: FrontRig): void {
  const { front } = rig;
  front.discard(front.forwardableBytes);
  front.forwardableBytes = 0;
  front.becomeIdle();
}

describe("a request", () => {
  it("begins with its first byte and has its head in any pieces; idle it holds neither buffer nor parser", () => {
    const rig = accepting(new FrontRig());
    expect([rig.front.hasBuffer, rig.parsers.lent]).toEqual([false, 0]);
    expect([rig.hears("G"), rig.front.phase]).toEqual([["begin"], FrontPhase.HEAD]);
    expect(rig.hears(GET.slice(1, -1))).toEqual([]);
    expect([rig.hears(GET.slice(-1)), rig.front.phase]).toEqual([["head"], FrontPhase.DONE]);
    answered(rig);
    expect([rig.front.phase, rig.front.hasBuffer, rig.parsers.lent]).toEqual([FrontPhase.IDLE, false, 0]);
    expect(rig.hears(GET)).toEqual(["begin", "head"]);
  });

  it("has its body followed to its last byte, and not one further", () => {
    const rig = accepting(new FrontRig(), 5);
    expect([rig.hears(`${GET}ab`), rig.front.phase]).toEqual([["begin", "head"], FrontPhase.BODY]);
    expect(rig.front.forwardableBytes).toBe(GET.length + 2);
    expect([rig.hears("c"), rig.hears("deGET /2")]).toEqual([["data"], ["data"]]);
    expect([rig.front.phase, rig.front.forwardableBytes]).toEqual([FrontPhase.DONE, GET.length + 5]);
    expect(rig.front.waitingBytes).toBe(GET.length + 5 + 6);
  });

  it("in chunks that are broken is told, with the reason", () => {
    const rig = new FrontRig();
    rig.onHead = () => {
      rig.front.beginForwarding(rig.front.parsedHead.headEnd, BodyKind.CHUNKED, 0);
      rig.front.setBodyPhase();
    };
    expect(rig.hears(GET)).toEqual(["begin", "head"]);
    expect(rig.hears("xyz\r\n")).toEqual([`bad body ${ParseError.BAD_CHUNK_SIZE}`]);
  });

  it("that cannot be read is told once, with the reason", () => {
    const rig = new FrontRig();
    expect(rig.hears("GET / HTTP/1.1\r\n: x\r\n\r\n")).toEqual([
      "begin",
      `bad ${ParseError.EMPTY_FIELD_NAME}`,
    ]);
  });

  it("whose head is limited is told as too large while it comes; one that ends in time is not", () => {
    const rig = accepting(new FrontRig());
    rig.front.headLimitBytes = GET.length;
    expect(rig.hears(GET)).toEqual(["begin", "head"]);
    answered(rig);
    expect(rig.hears(`${GET.slice(0, -2)}A`)).toEqual(["begin"]);
    expect(rig.hears(": b")).toEqual(["bad 0"]);
  });

  it("whose head does not fit is told as too large, once it fills the place for heads", () => {
    const rig = new FrontRig();
    rig.hears(`GET / HTTP/1.1\r\nHost: a\r\nX: `);
    const before = rig.front.waitingBytes;
    expect(rig.hears("x".repeat(HEAD_CAPACITY - before - 1))).toEqual([]);
    expect(rig.hears("xxx")).toEqual(["bad 0"]);
    expect(rig.front.tail).toBe(HEAD_CAPACITY);
  });

  it("may have the whole buffer for a long body, but leaves the room of a next head behind a short one", () => {
    const long = accepting(new FrontRig(), 10 * FULL_CAPACITY);
    long.hears(GET);
    expect(long.front.bodyCapacity).toBe(FULL_CAPACITY);
    const short = accepting(new FrontRig(), 100);
    short.hears(GET);
    expect(short.front.bodyCapacity).toBe(HEAD_CAPACITY);
  });
});

describe("pipelined requests", () => {
  it("wait in the buffer while one is served, and are parsed when it is their turn", () => {
    const rig = accepting(new FrontRig());
    expect(rig.hears(`${GET}${GET}GET /3`)).toEqual(["begin", "head"]);
    expect(rig.hears(" HTTP")).toEqual([]);
    answered(rig);
    rig.front.resumePipelined();
    expect(rig.told.splice(0)).toEqual(["begin", "head"]);
    answered(rig);
    rig.front.resumePipelined();
    expect(rig.hears("/1.1\r\nHost: a\r\n\r\n")).toEqual(["begin", "head"]);
  });

  it("stop being received when they fill the place for heads, without spinning, and go on after (I13)", () => {
    const rig = accepting(new FrontRig());
    const count = Math.ceil(HEAD_CAPACITY / GET.length) + 5;
    rig.hears(GET);
    rig.rig.say(rig.outside, GET.repeat(count));
    for (let i = 0; i < 4; i++) rig.rig.turn();
    expect([rig.front.tail, rig.rig.poller.timeoutMs]).toEqual([HEAD_CAPACITY, 1_000]);
    let served = 1;
    for (let i = 0; i < 2 * count; i++) {
      answered(rig);
      rig.front.resumePipelined();
      rig.rig.turn();
      served += rig.told.splice(0).filter((what) => what === "head").length;
    }
    expect([served, rig.front.hasBuffer]).toEqual([count + 1, false]);
  });

  it("are resumed only when the end is idle and something waits", () => {
    const rig = accepting(new FrontRig());
    rig.hears(GET + GET);
    rig.front.resumePipelined();
    expect(rig.told).toEqual([]);
    const idle = new FrontRig();
    idle.front.resumePipelined();
    expect([idle.told, idle.parsers.lent]).toEqual([[], 0]);
  });
});

describe("the client's end", () => {
  it.each([["while idle", "", []], ["in a head", "GET", ["begin"]]])(
    "%s is told once",
    (_when, text, first) => {
      const rig = new FrontRig();
      expect(rig.hears(text)).toEqual(first);
      rig.outside.shutdownSend();
      expect(rig.hears("")).toEqual(["end"]);
      for (let i = 0; i < 3; i++) expect(rig.hears("")).toEqual([]);
    },
  );

  it("behind a whole request is told while the answer is still to come, and the request stays (B16)", () => {
    const rig = accepting(new FrontRig());
    rig.rig.say(rig.outside, GET);
    rig.outside.shutdownSend();
    expect(rig.hears("")).toEqual(["begin", "head"]);
    expect(rig.hears("")).toEqual(["end"]);
    expect(rig.front.forwardableBytes).toBe(GET.length);
  });

  it("with half a pipelined head behind the answered request is told when that is looked at", () => {
    const rig = accepting(new FrontRig());
    rig.hears(`${GET}GET /2`);
    rig.outside.shutdownSend();
    expect(rig.hears("")).toEqual(["end"]);
    answered(rig);
    rig.front.resumePipelined();
    expect(rig.told).toEqual(["begin", "end"]);
  });

  it("closed by its owner in the middle of being told that it can send, is not received from any more (I15)", () => {
    const rig = new FrontRig();
    rig.onSendable = () => rig.front.closeSocket(false);
    rig.rig.table.wantSend(rig.front.fd);
    expect(rig.hears(GET)).toEqual(["sendable"]);
    expect([rig.front.isOpen, rig.rig.table.openCount, rig.parsers.lent]).toEqual([false, 0, 0]);
  });

  it("gives its parser back when it closes with half a head", () => {
    const rig = new FrontRig();
    rig.hears("GET / HT");
    expect(rig.parsers.lent).toBe(1);
    rig.front.closeSocket(false);
    expect([rig.parsers.lent, rig.rig.world.pool.inUse]).toEqual([0, 0]);
  });
});

describe("draining", () => {
  it("ends our side, throws away what comes, and is over with the client's end", () => {
    const rig = new FrontRig();
    rig.hears("GET");
    rig.front.drain();
    expect([rig.front.hasBuffer, rig.parsers.lent, rig.outside.incoming.isEndSent]).toEqual([false, 0, true]);
    expect(rig.hears("more and more")).toEqual([]);
    expect([rig.front.hasBuffer, rig.front.receivedBytes]).toEqual([false, 13]);
    rig.outside.shutdownSend();
    expect(rig.hears("")).toEqual(["end"]);
  });

  it("is over for a client that goes on sending, after a megabyte", () => {
    const rig = new FrontRig("edge", { pipeBytes: 200_000 });
    rig.front.drain();
    rig.onEnd = () => rig.front.closeSocket(false);
    const piece = new Uint8Array(100_000);
    let sent = 0;
    for (; rig.front.isOpen; sent += piece.length) {
      expect(sent).toBeLessThanOrEqual(DRAINED_BYTES_MAX + 2 * piece.length);
      rig.outside.send(piece, 0, piece.length);
      for (let i = 0; i < 10; i++) rig.rig.turn();
    }
    expect(sent).toBeGreaterThan(DRAINED_BYTES_MAX);
    expect([rig.told, rig.rig.world.pool.inUse]).toEqual([["end"], 0]);
  });

  it("waits for a buffer as more of a request does, not as a new one: it only frees (rule B1)", () => {
    const rig = new FrontRig("edge", { bufferLimit: 16, reserveCount: 6 });
    const { pool } = rig.rig.world;
    while (pool.freeCount > 6) pool.take(Criticality.TRANSMIT, true);
    rig.front.drain();
    rig.hears("bytes");
    expect([rig.front.receivedBytes, rig.rig.table.isParked(rig.front.fd, Direction.RECV)]).toEqual([
      5,
      false,
    ]);
    expect(rig.rig.table.state(rig.front.fd) & FdState.ACTIVE_R).not.toBe(0);
  });
});
