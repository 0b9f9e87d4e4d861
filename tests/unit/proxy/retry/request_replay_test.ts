/** A request that is kept and put back, at a client's end of a simulated world. @module */
import { describe, expect, it } from "vitest";
import type { H1Back } from "../../../../src/mux/h1_back.ts";
import { FrontPhase } from "../../../../src/mux/h1_front.ts";
import { requestFraming } from "../../../../src/protocol/http/framing.ts";
import { RequestReplay } from "../../../../src/proxy/retry/request_replay.ts";
import { FrontRig } from "../../../support/mux/h1_ends.ts";
import type { SimWorldOptions } from "../../../support/sim/sim_world.ts";

/** A front whose owner passes on what comes as a stream does; the server takes as much as the test says. */
class Rig extends FrontRig {
  readonly replay: RequestReplay;
  /** As a stream's server's end counts it. */
  readonly back = { sentBytes: 0 } as H1Back;

  constructor(options: Partial<SimWorldOptions> = {}) {
    super("edge", options);
    this.replay = new RequestReplay(this.rig.world);
    this.onHead = () => {
      const head = this.front.parsedHead;
      this.front.beginForwarding(head.headEnd, requestFraming(head), head.contentLength);
      this.front.setBodyPhase();
    };
  }

  get pool() {
    return this.rig.world.pool;
  }

  /** What waits at the client's end. */
  get waiting(): string {
    const { front } = this;
    if (!front.hasBuffer) return "";
    return String.fromCharCode(
      ...front.bytes.subarray(front.messageStart, front.messageStart + front.waitingBytes),
    );
  }

  keep(): void {
    this.replay.keep(this.front);
    this.front.releaseParser();
    if (this.replay.isKept) this.replay.follow(this.front, this.back);
  }

  /** More was received: it is copied, then sent. */
  pass(text: string): void {
    this.hears(text);
    if (this.replay.isKept) this.replay.follow(this.front, this.back);
    this.send();
  }

  /** Sends all that may be. */
  send(): void {
    const { front } = this;
    this.back.sentBytes += front.forwardableBytes;
    const count = front.forwardableBytes;
    front.forwardableBytes = 0;
    front.discard(count);
  }
}

const PUT = "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";

describe("RequestReplay", () => {
  it("puts a request back that was sent, its body followed to the same place", () => {
    const rig = new Rig();
    rig.hears(`${PUT}5\r\nhe`);
    rig.keep();
    rig.send();
    rig.pass("llo\r\n4\r");
    rig.pass("\nmo");
    expect([rig.pool.inUse, rig.waiting]).toEqual([1, ""]);
    rig.replay.putBack(rig.front);
    expect(rig.waiting).toBe(`${PUT}5\r\nhello\r\n4\r\nmo`);
    expect(rig.front).toMatchObject({ phase: FrontPhase.BODY, forwardableBytes: rig.waiting.length });
    expect(rig.replay).toMatchObject({ isKept: false, isRepeated: true });
    // And again, with the rest.
    rig.back.sentBytes = 0;
    rig.keep();
    rig.send();
    rig.pass("re\r\n0\r\n\r\n");
    expect(rig.front.phase).toBe(FrontPhase.DONE);
    rig.replay.putBack(rig.front);
    expect(rig.waiting).toBe(`${PUT}5\r\nhello\r\n4\r\nmore\r\n0\r\n\r\n`);
    expect(rig.front.phase).toBe(FrontPhase.DONE);
    expect(rig.pool.inUse).toBe(1);
    rig.front.closeSocket(false);
    expect([rig.pool.inUse, rig.parsers.lent]).toEqual([0, 0]);
  });

  it("leaves behind it what is pipelined, in a buffer of another slab too", () => {
    for (const [takenFirst, bufferLimit] of [[0, 64], [63, 256]]) {
      const rig = new Rig({ bufferLimit });
      // The client's end has the last buffer of a slab then, the copy the first of the next.
      for (let i = 0; i < takenFirst; i++) rig.pool.takeSpare();
      const next = "GET /next HTTP/1.1\r\nHost: a\r\n\r\n";
      rig.hears(`GET / HTTP/1.1\r\nHost: a\r\n\r\n${next}`);
      rig.keep();
      rig.send();
      expect(rig.waiting).toBe(next);
      expect(rig.replay.fits(rig.front)).toBe(true);
      rig.replay.putBack(rig.front);
      expect(rig.waiting).toBe(`GET / HTTP/1.1\r\nHost: a\r\n\r\n${next}`);
      expect(rig.pool.inUse).toBe(takenFirst + 1);
    }
  });

  it("does not keep what is announced as too long, nor take a buffer for it", () => {
    const rig = new Rig();
    rig.hears("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 15400\r\n\r\nabc");
    rig.keep();
    expect([rig.replay.isKept, rig.pool.inUse]).toEqual([false, 1]);
  });

  it("gives up, and its buffer back, when chunks become too many", () => {
    const rig = new Rig();
    rig.hears(PUT);
    rig.keep();
    rig.send();
    const chunk = `1000\r\n${"x".repeat(4_096)}\r\n`;
    for (let i = 0; i < 3; i++) {
      rig.pass(chunk);
      expect(rig.replay.isKept).toBe(true);
    }
    rig.pass(chunk);
    expect([rig.replay.isKept, rig.pool.inUse]).toEqual([false, 0]);
  });

  it("does without while the pool has no plenty", () => {
    const rig = new Rig({ bufferLimit: 16 });
    for (let i = 0; i < 7; i++) rig.pool.takeSpare();
    rig.hears("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    rig.keep();
    expect([rig.replay.isKept, rig.pool.inUse]).toEqual([false, 8]);
  });

  it("does not fit beside too much that is pipelined", () => {
    const rig = new Rig();
    rig.hears(`GET / HTTP/1.1\r\nHost: a\r\nX: ${"x".repeat(8_000)}\r\n\r\n`);
    rig.keep();
    rig.send();
    rig.hears(`GET / HTTP/1.1\r\nHost: a\r\nX: ${"y".repeat(8_000)}\r\n\r\n`);
    expect(rig.replay.fits(rig.front)).toBe(false);
  });

  it("says why there was no other attempt behind the reason of the last", () => {
    const { replay } = new Rig();
    expect(replay.explain("it failed")).toBe("it failed");
    replay.refusal = "no budget";
    expect(replay.explain("it failed")).toBe("it failed; no budget");
    replay.reset();
    expect(replay.explain("it failed")).toBe("it failed");
  });
});
