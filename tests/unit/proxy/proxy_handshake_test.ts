/** The PROXY protocol handshake in a simulated network: who is let in, how it ends, and that nothing is left. @module */
import { describe, expect, it } from "vitest";
import { Criticality } from "../../../src/buffer/criticality.ts";
import { SIM_HOST } from "../../support/sim/sim_network.ts";
import { SimPeer } from "../../support/sim/sim_peer.ts";
import { SIM_FLAVOURS, type SimFlavour } from "../../support/sim/sim_poller.ts";
import { SimProxy, type SimProxyOptions } from "../../support/sim/sim_proxy.ts";

const HEADER = "PROXY TCP4 192.0.2.1 198.51.100.7 56324 443\r\n";

class Bench {
  readonly sim: SimProxy;
  readonly peer: SimPeer;

  constructor(options: Partial<SimProxyOptions> = {}, flavour: SimFlavour = "edge") {
    this.sim = new SimProxy({
      seed: 1,
      flavour,
      scheme: "http",
      serverCount: 1,
      listenKeys: ",proxy,client-hs=1s",
      ...options,
      flags: { trust: `${SIM_HOST}/32`, ...options.flags },
    });
    this.peer = new SimPeer(this.sim.world.network.connect(this.sim.address), this.sim.world.prng);
    this.sim.world.actors.push({
      isDone: true,
      act: () => {
        const hasSent = this.peer.pumpOut();
        return this.peer.pumpIn() || hasSent;
      },
    });
  }

  get counters() {
    return this.sim.proxy.listeners[0].counters;
  }

  /** Until hadro closed; then the termination state and why. */
  end(): [string, string][] {
    this.sim.world.runUntil(() => this.peer.isOver);
    this.peer.close();
    this.sim.end(false);
    return this.sim.log.map(({ term, why }) => [term, why]);
  }
}

describe.each(SIM_FLAVOURS)("on a poller of the kind %s", (flavour) => {
  it("who is not trusted is closed at once, and counted", () => {
    const bench = new Bench({ flags: { trust: "192.0.2.0/24" } }, flavour);
    bench.peer.queue(HEADER);
    expect(bench.end()).toEqual([[
      "PR",
      "10.0.0.1 is not in --trust, and this listener awaits a PROXY protocol header",
    ]]);
    expect(bench.counters).toMatchObject({
      connections: 1,
      deniedConnections: 1,
      handshakeErrors: 0,
      requests: 0,
    });
  });

  it("what is no header is closed, and counted", () => {
    const bench = new Bench({}, flavour);
    bench.peer.queue("GET / HTTP/1.1\r\n\r\n");
    expect(bench.end()).toEqual([[
      "PR",
      "received something that does not look like a PROXY protocol header",
    ]]);
    expect(bench.counters).toMatchObject({
      connections: 1,
      deniedConnections: 0,
      handshakeErrors: 1,
      requests: 0,
    });
  });

  it("what does not come in time is not awaited", () => {
    const bench = new Bench({}, flavour);
    bench.peer.queue(HEADER.slice(0, -1));
    expect(bench.end()).toEqual([["cR", "the PROXY protocol header was not complete within 1000 ms"]]);
  });

  it("a buffer that none is free for is hadro's fault: RR", () => {
    const bench = new Bench({ bufferLimit: 8 }, flavour);
    const { pool } = bench.sim.world;
    const taken: number[] = [];
    for (let buffer = 0; buffer >= 0;) {
      buffer = pool.take(Criticality.TRANSMIT, true);
      if (buffer >= 0) taken.push(buffer);
    }
    bench.peer.queue(HEADER);
    bench.sim.world.runUntil(() => bench.peer.isOver);
    for (const buffer of taken) pool.give(buffer);
    expect(bench.end()).toEqual([[
      "RR",
      "no buffer was free for the PROXY protocol header within 1000 ms; see --max-mem",
    ]]);
  });

  it.each([["closes", false, "CR"], ["resets", true, "CR"]])(
    "a client that %s in its middle",
    (_, isReset, term) => {
      const bench = new Bench({}, flavour);
      bench.peer.queue("PROXY ");
      bench.sim.world.runUntil(() => bench.peer.hasSentAll && bench.sim.world.pool.inUse === 1);
      bench.peer.close(isReset);
      bench.sim.world.runUntil(() => bench.sim.log.length > 0);
      bench.sim.end(false);
      const verb = isReset ? "reset the connection" : "closed";
      expect(bench.sim.log).toMatchObject([{
        term,
        why: `the client ${verb} before its PROXY protocol header was complete`,
      }]);
    },
  );

  it("a client that closes without a byte makes no line", () => {
    const bench = new Bench({}, flavour);
    bench.sim.world.runUntil(() => bench.sim.proxy.context.sessions.size === 1);
    bench.peer.close();
    bench.sim.world.runUntil(() => bench.sim.proxy.context.sessions.size === 0);
    bench.sim.end(false);
    expect(bench.sim.log).toEqual([]);
  });
});

describe("when hadro stops", () => {
  /** A client in the middle of its header. */
  function inTheMiddle(scheme: "tcp" | "http"): Bench {
    const bench = new Bench({ scheme, flags: { drain: "30s" } });
    bench.peer.queue(HEADER.slice(0, 10));
    bench.sim.world.runUntil(() => bench.peer.hasSentAll && bench.sim.world.pool.inUse === 1);
    return bench;
  }

  it("an http handshake ends: no request was begun", () => {
    const bench = inTheMiddle("http");
    bench.sim.end(false);
    expect(bench.sim.log).toMatchObject([{ term: "KR", why: "hadro was stopped" }]);
  });

  it("a tcp handshake may go on, within its time", () => {
    const bench = inTheMiddle("tcp");
    bench.sim.end(false);
    expect(bench.sim.log).toMatchObject([{ term: "cR" }]);
  });

  it("at once, neither may", () => {
    for (const scheme of ["tcp", "http"] as const) {
      const bench = inTheMiddle(scheme);
      bench.sim.end(true);
      expect(bench.sim.log).toMatchObject([{ term: "KR", why: "hadro was stopped" }]);
    }
  });
});
