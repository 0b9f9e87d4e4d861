/** The server's end of HTTP/1 on the sim poller: exchanges, interim heads, idleness, chunked framing removed. @module */
import { describe, expect, it } from "vitest";
import { BackPhase } from "../../../src/mux/h1_back.ts";
import { HEAD_CAPACITY } from "../../../src/mux/h1_end.ts";
import { ParseError } from "../../../src/protocol/h1/parse_error.ts";
import { BodyKind } from "../../../src/protocol/http/framing.ts";
import { SIM_FLAVOURS } from "../../support/sim/sim_poller.ts";
import { BackRig } from "../../support/mux/h1_ends.ts";
import { openEndOn, textOf } from "../../support/mux/ends.ts";

const HEAD = "HTTP/1.1 200 OK\r\n\r\n";

/** Attached; each head begins a body of this kind. */
function attached(kind: number, contentLength = 0): BackRig {
  const rig = new BackRig();
  rig.attach();
  rig.onHead = () => {
    const { back } = rig;
    if (!back.beginForwarding(back.parsedHead.headEnd, kind, contentLength)) {
      rig.told.push("bad from the start");
    }
    back.setBodyPhase();
    back.releaseParser();
  };
  return rig;
}

describe("an exchange", () => {
  it("has its head in pieces, its body followed, and is done at its last byte", () => {
    const rig = attached(BodyKind.LENGTH, 5);
    expect([rig.hears("HTTP/1.1 2"), rig.back.phase]).toEqual([[], BackPhase.HEAD]);
    expect([rig.hears("00 OK\r\n\r\nab"), rig.back.phase]).toEqual([["head"], BackPhase.BODY]);
    expect([rig.hears("cde"), rig.back.phase, rig.parsers.lent]).toEqual([["data"], BackPhase.DONE, 0]);
    expect([rig.back.forwardableBytes, rig.back.exchangeCount]).toEqual([HEAD.length + 5, 1]);
  });

  it("ends with the connection where nothing else ends it", () => {
    const rig = attached(BodyKind.UNTIL_CLOSE);
    expect(rig.hears(`${HEAD}abc`)).toEqual(["head"]);
    rig.outside.shutdownSend();
    expect(rig.hears("")).toEqual(["end"]);
    expect([rig.back.body.endOfStream(), rig.back.forwardableBytes]).toEqual([true, HEAD.length + 3]);
  });

  it("does not receive what comes behind its last byte: nobody asked for it", () => {
    const rig = attached(BodyKind.LENGTH, 1);
    expect(rig.hears(`${HEAD}a`)).toEqual(["head"]);
    expect(rig.hears("unasked")).toEqual([]);
    rig.rig.say(rig.outside, "more");
    for (let i = 0; i < 3; i++) expect(rig.hears("")).toEqual([]);
    expect(rig.back.receivedBytes).toBe(HEAD.length + 1 + "unasked".length);
    expect([rig.rig.poller.timeoutMs, rig.back.forwardableBytes]).toEqual([1_000, HEAD.length + 1]);
  });

  it("whose head cannot be read, or does not fit, or whose chunks are broken, is told with the reason", () => {
    expect(attached(BodyKind.NONE).hears("HTTP/1.1 2000 OK\r\n\r\n")).toEqual([
      `bad ${ParseError.BAD_STATUS}`,
    ]);
    const large = attached(BodyKind.NONE);
    expect(large.hears(`HTTP/1.1 200 OK\r\nX: ${"x".repeat(HEAD_CAPACITY)}`)).toEqual(["bad 0"]);
    const chunked = attached(BodyKind.CHUNKED);
    expect(chunked.hears(HEAD)).toEqual(["head"]);
    expect(chunked.hears("-1\r\n")).toEqual([`bad body ${ParseError.BAD_CHUNK_SIZE}`]);
    expect(attached(BodyKind.CHUNKED).hears(`${HEAD}-1\r\n`)).toEqual(["head", "bad from the start"]);
  });

  it("has interim heads before its final one, also in one piece", () => {
    const rig = new BackRig();
    rig.attach();
    rig.onHead = () => rig.back.discard(rig.back.parsedHead.headEnd);
    expect(rig.hears(`HTTP/1.1 103 Early Hints\r\n\r\n${HEAD}`)).toEqual(["head"]);
    rig.back.expectHead();
    expect(rig.parsers.lent).toBe(0);
    rig.back.resumeHead();
    expect([rig.told.splice(0), rig.back.hasBuffer]).toEqual([["head"], false]);
    rig.back.expectHead();
    rig.back.resumeHead();
    expect(rig.told).toEqual([]);
  });
});

describe("chunked framing removed for a client of HTTP/1.0", () => {
  it("leaves the payload, whatever the pieces: what is forwarded is the head and the content", () => {
    const rig = attached(BodyKind.CHUNKED);
    rig.back.stripsChunks = true;
    const receiver = openEndOn(rig.rig);
    const wire = `${HEAD}4\r\nWiki\r\n6;x=y\r\npedia \r\n3\r\nend\r\n0\r\nT: x\r\n\r\n`;
    let got = "";
    for (let at = 0; at < wire.length; at += 7) {
      rig.hears(wire.slice(at, at + 7));
      if (rig.back.forwardableBytes > 0) {
        expect(rig.back.forward(receiver.end)).toBeGreaterThan(0);
        got += rig.rig.hear(receiver.outside);
      }
    }
    expect([got, rig.back.phase, rig.back.hasBuffer]).toEqual([
      `${HEAD}Wikipedia end`,
      BackPhase.DONE,
      false,
    ]);
  });

  it("in one piece with its head, in place", () => {
    const rig = attached(BodyKind.CHUNKED);
    rig.back.stripsChunks = true;
    expect(rig.hears(`${HEAD}4\r\nWiki\r\n5\r\npedia\r\n0\r\n\r\n`)).toEqual(["head"]);
    expect([textOf(rig.back), rig.back.forwardableBytes]).toEqual([`${HEAD}Wikipedia`, HEAD.length + 9]);
  });

  it("is not removed for the next exchange on the connection unless it is asked for again", () => {
    const rig = attached(BodyKind.CHUNKED);
    rig.back.stripsChunks = true;
    rig.hears(`${HEAD}0\r\n\r\n`);
    rig.rest();
    rig.attach();
    expect([rig.back.stripsChunks, rig.back.exchangeCount]).toEqual([false, 2]);
    expect(rig.hears(`${HEAD}1\r\na\r\n0\r\n\r\n`)).toEqual(["head"]);
    expect(textOf(rig.back)).toBe(`${HEAD}1\r\na\r\n0\r\n\r\n`);
  });
});

describe("a body that is looked at", () => {
  it("has its pauses told, each with the next look that finds nothing", () => {
    const rig = attached(BodyKind.LENGTH, 9);
    rig.hears(HEAD);
    rig.back.seesBody = true;
    expect(rig.hears("abc")).toEqual(["data"]);
    rig.rig.table.mayRecv(rig.back.fd);
    expect(rig.hears("")).toEqual(["data"]);
    expect(rig.hears("")).toEqual([]);
    rig.back.seesBody = false;
    rig.rig.table.mayRecv(rig.back.fd);
    expect(rig.hears("")).toEqual([]);
  });
});

describe.each(SIM_FLAVOURS)("an idle connection on the %s poller", (flavour) => {
  function idle(): BackRig {
    const rig = new BackRig(flavour);
    rig.attach();
    rig.rest();
    for (let i = 0; i < 2; i++) rig.rig.turn();
    return rig;
  }

  it("holds no buffer and no parser, and asks for nothing while nothing comes (I13)", () => {
    const rig = idle();
    const { ioCalls } = rig.rig.engine.activity;
    for (let i = 0; i < 3; i++) rig.rig.turn();
    expect([rig.back.hasBuffer, rig.parsers.lent, rig.rig.world.pool.inUse]).toEqual([false, 0, 0]);
    expect([rig.rig.engine.activity.ioCalls - ioCalls, rig.rig.poller.timeoutMs]).toEqual([0, 1_000]);
  });

  it("goes when its server ends it, resets it, or says something that nobody asked for", () => {
    const ended = idle();
    ended.outside.shutdownSend();
    expect(ended.hears("")).toEqual(["idle event"]);
    const reset = idle();
    reset.outside.close(true);
    expect(reset.hears("")).toEqual(["idle event"]);
    const unasked = idle();
    expect(unasked.hears("HTTP/1.1 408 Request Timeout\r\n\r\n")).toEqual(["idle event"]);
    for (const rig of [ended, reset, unasked]) expect(rig.rig.table.openCount).toBe(0);
  });

  it("stays when a report was old news: only what a receive finds counts (I7)", () => {
    const rig = idle();
    for (let i = 0; i < 3; i++) {
      rig.rig.table.mayRecv(rig.back.fd);
      expect(rig.hears("")).toEqual([]);
    }
    rig.attach();
    expect(rig.hears(HEAD)).toEqual(["head"]);
  });

  it("counts anew for its next exchange", () => {
    const rig = new BackRig(flavour);
    rig.attach();
    rig.hears("HTTP/1.1 2");
    rig.rest();
    rig.attach();
    expect([rig.back.receivedBytes, rig.back.sentBytes, rig.back.forwardableBytes, rig.back.phase])
      .toEqual([0, 0, 0, BackPhase.HEAD]);
  });
});
