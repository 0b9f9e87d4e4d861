/** Idle connections of a server, over a simulated network: order, age, and that a dead one is never used. @module */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { HttpReuse } from "../../../src/config/model.ts";
import { BackPhase, type H1Back } from "../../../src/mux/h1_back.ts";
import { NO_FD } from "../../../src/mux/socket_end.ts";
import { newServerCounters } from "../../../src/proxy/counters.ts";
import { IdlePool } from "../../../src/proxy/idle_pool.ts";
import { SimBacks } from "../../support/sim/sim_backs.ts";
import type { SimPeer } from "../../support/sim/sim_peer.ts";
import { SIM_FLAVOURS, type SimFlavour } from "../../support/sim/sim_poller.ts";

const PURGE_MS = 5_000;

/** A pool, and a server whose ends of the connections a test holds. */
class Bench extends SimBacks {
  readonly counters = newServerCounters();
  readonly pool: IdlePool;
  closedCount = 0;

  constructor({ flavour = "edge" as SimFlavour, maxConn = 100, seed = 1, reuse = "safe" as HttpReuse } = {}) {
    super(flavour, seed);
    const options = { reuse, purgeMs: PURGE_MS, maxConn, onClosed: () => this.closedCount++ };
    this.pool = new IdlePool(this.world.engine, options, this.counters);
  }

  /** Connects and puts to rest, with so many exchanges behind it. */
  restAfter(exchangeCount: number): H1Back {
    const back = this.open();
    back.exchangeCount = exchangeCount;
    expect(this.pool.put(back)).toBe(true);
    return back;
  }

  /** Connects and puts to rest. */
  rest(count = 1): H1Back[] {
    return Array.from({ length: count }, () => this.restAfter(1));
  }
}

function withRest(count: number, flavour: SimFlavour = "edge") {
  const bench = new Bench({ flavour });
  return { bench, pool: bench.pool, backs: bench.rest(count) };
}

describe("a pool", () => {
  it("has nothing to give when it is empty", () => expect(new Bench().pool.take(false)).toBeNull());

  it("gives the most recently used first", () => {
    const { pool, backs: [a, b, c] } = withRest(3);
    expect([pool.size, pool.take(false), pool.take(false), pool.take(false), pool.take(false), pool.size])
      .toEqual([
        3,
        c,
        b,
        a,
        null,
        0,
      ]);
  });

  it("refuses a connection when it is full, which then is still its caller's", () => {
    const bench = new Bench({ maxConn: 1 });
    bench.rest();
    const back = bench.open();
    expect(bench.pool.put(back)).toBe(false);
    expect(back.fd).not.toBe(NO_FD);
    expect([bench.pool.size, bench.closedCount, bench.counters.idleClosed]).toEqual([1, 0, 0]);
  });

  it("keeps none when its limit is 0", () => {
    const bench = new Bench({ maxConn: 0 });
    expect(bench.pool.put(bench.open())).toBe(false);
  });

  it("holds no buffer for a connection at rest", () => {
    const bench = new Bench();
    const [back] = bench.rest();
    expect([back.phase, back.hasBuffer, back.hasParser]).toEqual([BackPhase.IDLE, false, false]);
    expect(bench.world.pool.inUse).toBe(0);
  });
});

describe("a connection that was reused is proven, one that was not is unproven;", () => {
  const FIRST = true;
  const LATER = false;
  it.each<[HttpReuse, boolean, string[]]>([
    ["never", FIRST, []],
    ["never", LATER, []],
    ["safe", FIRST, []],
    ["safe", LATER, ["unproven 2", "unproven 1", "proven 2", "proven 1"]],
    ["aggressive", FIRST, ["proven 2", "proven 1"]],
    ["aggressive", LATER, ["unproven 2", "unproven 1", "proven 2", "proven 1"]],
    ["always", FIRST, ["proven 2", "proven 1", "unproven 2", "unproven 1"]],
    ["always", LATER, ["unproven 2", "unproven 1", "proven 2", "proven 1"]],
  ])("http-reuse %s, first request %s: takes %j", (reuse, isFirst, order) => {
    const bench = new Bench({ reuse });
    const names = new Map([
      [bench.restAfter(1), "unproven 1"],
      [bench.restAfter(2), "proven 1"],
      [bench.restAfter(1), "unproven 2"],
      [bench.restAfter(7), "proven 2"],
    ]);
    const taken: string[] = [];
    for (let back = bench.pool.take(isFirst); back !== null; back = bench.pool.take(isFirst)) {
      taken.push(names.get(back)!);
    }
    expect(taken).toEqual(order);
    expect(bench.pool.size).toBe(4 - order.length);
  });

  it("both kinds count towards the limit, grow old, die and are cleared", () => {
    const bench = new Bench({ maxConn: 3 });
    const [unproven, proven] = [bench.restAfter(1), bench.restAfter(2)];
    bench.wait(PURGE_MS - 1_000);
    const young = [bench.restAfter(2)];
    expect(bench.pool.put(bench.open())).toBe(false);
    bench.wait(1_010);
    expect([bench.pool.size, unproven.fd, proven.fd]).toEqual([1, NO_FD, NO_FD]);
    bench.peer(2).close();
    bench.settle();
    expect([bench.pool.size, young[0].fd]).toEqual([0, NO_FD]);
    bench.restAfter(1);
    bench.restAfter(2);
    bench.pool.clear();
    expect([bench.pool.size, bench.counters.idleClosed]).toEqual([0, 5]);
  });
});

describe.each(SIM_FLAVOURS)("a connection at rest that dies, on a poller of the kind %s,", (flavour) => {
  it.each(
    [
      ["because the server ended it", (peer: SimPeer) => peer.close()],
      ["because the server half-closed it", (peer: SimPeer) => peer.socket.shutdownSend()],
      ["by a reset", (peer: SimPeer) => peer.close(true)],
      [
        "because the server said something unasked",
        (peer: SimPeer) => peer.socket.send(new Uint8Array(9), 0, 9),
      ],
    ] as const,
  )("%s, leaves at once", (_, kill) => {
    const { bench, pool, backs: [a, b, c] } = withRest(3, flavour);
    kill(bench.peer(1));
    bench.settle();
    expect([pool.size, bench.closedCount, bench.counters.idleClosed, b.fd]).toEqual([2, 1, 1, NO_FD]);
    expect([pool.take(false), pool.take(false), pool.take(false)]).toEqual([c, a, null]);
  });

  it("is not taken, even before the poller reported it", () => {
    const { bench, pool, backs: [a, b] } = withRest(2, flavour);
    const { poller } = bench.world;
    bench.peer(1).close();
    bench.arrive(() => !poller.isIdleAlive(b.fd));
    expect(pool.take(false)).toBe(a);
    expect([pool.size, bench.closedCount, b.fd]).toEqual([0, 1, NO_FD]);
  });

  it("leaves nothing to take when all did", () => {
    const { bench, pool, backs } = withRest(3, flavour);
    const { poller } = bench.world;
    backs.forEach((_back, i) => bench.peer(i).close(i === 1));
    bench.arrive(() => backs.every((back) => !poller.isIdleAlive(back.fd)));
    expect(pool.take(false)).toBeNull();
    expect(bench.counters.idleClosed).toBe(3);
    bench.settle();
    expect(bench.world.engine.fdTable.openCount).toBe(0);
  });

  it("is not the pool's concern any more once it was taken", () => {
    const { bench, pool, backs: [back] } = withRest(1, flavour);
    let ends = 0;
    const nothing = () => expect.fail("nothing else happens");
    expect(pool.take(false)).toBe(back);
    back.attach({
      onResponseHead: nothing,
      onResponseBad: nothing,
      onResponseData: nothing,
      onResponseBodyBad: nothing,
      onServerEnd: () => ends++,
      onServerSendable: nothing,
    });
    bench.peer(0).close();
    bench.settle();
    expect([ends, bench.counters.idleClosed]).toEqual([1, 0]);
  });
});

describe("a connection's age at rest", () => {
  it("is at most the purge delay; younger ones stay", () => {
    const bench = new Bench();
    const [young, old] = [bench.open(), bench.open()];
    bench.pool.put(old);
    bench.wait(PURGE_MS - 1_000);
    bench.pool.put(young);
    bench.wait(990);
    expect(bench.pool.size).toBe(2);
    bench.wait(20);
    expect([bench.pool.size, old.fd, bench.counters.idleClosed, bench.closedCount]).toEqual([1, NO_FD, 1, 1]);
    bench.wait(PURGE_MS - 1_100);
    expect(bench.pool.size).toBe(1);
    bench.wait(200);
    expect([bench.pool.size, young.fd]).toEqual([0, NO_FD]);
  });

  it("ends with an orderly close, which the server sees", () => {
    const bench = new Bench();
    bench.rest();
    bench.wait(PURGE_MS + 1);
    expect([bench.pool.size, bench.closedCount]).toEqual([0, 1]);
    bench.settle();
    bench.peer(0).pumpIn();
    expect([bench.peer(0).isEnded, bench.peer(0).error]).toEqual([true, 0]);
  });

  it("begins again with every use", () => {
    const bench = new Bench();
    const [back] = bench.rest();
    bench.wait(PURGE_MS - 1_000);
    expect(bench.pool.take(false)).toBe(back);
    bench.pool.put(back);
    bench.wait(PURGE_MS - 1_000);
    expect(bench.pool.take(false)).toBe(back);
  });

  it("is not counted while it is used", () => {
    const bench = new Bench();
    const [back] = bench.rest();
    bench.pool.take(false);
    bench.wait(2 * PURGE_MS);
    expect(back.fd).not.toBe(NO_FD);
    expect(bench.counters.idleClosed).toBe(0);
  });
});

describe("the end of a pool", () => {
  it("closes every connection when the addresses change, and goes on", () => {
    const { bench, pool, backs } = withRest(3);
    pool.clear();
    expect(backs.map((back) => back.fd)).toEqual([NO_FD, NO_FD, NO_FD]);
    expect([pool.size, bench.closedCount]).toEqual([0, 3]);
    const [back] = bench.rest();
    expect(pool.take(false)).toBe(back);
  });

  it("leaves nothing behind", () => {
    const { bench, pool } = withRest(3);
    pool.shutdown();
    bench.settle();
    bench.world.checkNothingLeft();
  });
});

describe("any use of a pool", () => {
  it("gives what a list of the same connections would", () => {
    const step = fc.oneof(
      fc.constant("put" as const),
      fc.constant("take" as const),
      fc.record({ kill: fc.nat(9) }),
      fc.record({ waitMs: fc.integer({ min: 1, max: 3_000 }) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 25 }), fc.integer(), (steps, seed) => {
        const bench = new Bench({ seed, maxConn: 4 });
        let model: { back: H1Back; peer: SimPeer; sinceMs: number }[] = [];
        const expire = () => {
          model = model.filter(({ sinceMs }) => sinceMs + PURGE_MS > bench.world.engine.nowMs);
          expect(bench.pool.size).toBe(model.length);
        };
        for (const step of steps) {
          if (step === "put") {
            const back = bench.open();
            expire();
            const isKept = bench.pool.put(back);
            expect(isKept).toBe(model.length < 4);
            const peer = bench.server.peers.at(-1)!;
            if (isKept) model.push({ back, peer, sinceMs: bench.world.engine.nowMs });
            else back.closeSocket(false);
          } else if (step === "take") {
            const taken = bench.pool.take(false);
            expect(taken).toBe(model.pop()?.back ?? null);
            taken?.closeSocket(false);
          } else if ("kill" in step) {
            const dead = model[step.kill % Math.max(1, model.length)];
            dead?.peer.close();
            bench.settle();
            model = model.filter((entry) => entry !== dead);
          } else bench.wait(step.waitMs);
          expire();
        }
        bench.pool.shutdown();
        bench.settle();
        bench.world.checkNothingLeft();
      }),
      { numRuns: 50 },
    );
  });
});
