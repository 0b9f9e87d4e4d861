/** The inspection of client hellos in a simulated network: where connections go, how they are refused, and that nothing is left. @module */
import { describe, expect, it } from "vitest";
import { Criticality } from "../../../src/buffer/criticality.ts";
import { SIM_HOST } from "../../support/sim/sim_network.ts";
import { SimPeer, SimServer } from "../../support/sim/sim_peer.ts";
import { SIM_FLAVOURS, type SimFlavour } from "../../support/sim/sim_poller.ts";
import { SERVER_PORT, SimProxy, type SimProxyOptions } from "../../support/sim/sim_proxy.ts";
import { helloText } from "../../support/tls/hellos.ts";

const HELLO = helloText({ name: "A.test", protocols: ["h2"] });
const OTHER = helloText({ name: "b.test" });
const HEADER = "PROXY TCP4 192.0.2.1 198.51.100.7 56324 443\r\n";
const UNRECOGNIZED_NAME = "\x15\x03\x03\0\x02\x02\x70";
const DECODE_ERROR = "\x15\x03\x03\0\x02\x02\x32";
const NO_DEFAULT = ", and the listener has no default backend";

/** One client before a listener whose names below a.test go to the server behind the default one. */
class Bench {
  readonly sim: SimProxy;
  readonly peer: SimPeer;
  /** By server: the default one, that of the route. */
  readonly servers: readonly SimServer[];

  constructor(flavour: SimFlavour, hasDefault: boolean, options: Partial<SimProxyOptions> = {}) {
    this.sim = new SimProxy({
      seed: 1,
      flavour,
      scheme: "sni",
      serverCount: hasDefault ? 1 : 0,
      listenKeys: ",request=1s",
      ...options,
      routes: [`a.test=${SIM_HOST}:${SERVER_PORT + 1},name=named${options.serverKeys ?? ""}`],
    });
    const { world } = this.sim;
    this.servers = [0, 1].map((index) =>
      new SimServer(world.network, world.prng, this.sim.serverAddress(index), (peer) => () => {
        const hasReceived = peer.pumpIn();
        if (peer.isOver) peer.close();
        return hasReceived;
      })
    );
    this.peer = new SimPeer(world.network.connect(this.sim.address), world.prng);
    world.actors.push({
      isDone: true,
      act: () => {
        const hasSent = this.peer.pumpOut();
        return this.peer.pumpIn() || hasSent;
      },
    }, ...this.servers);
  }

  /** Lets the client say something; with `isEnd` its side ends behind it. */
  send(text: string, isEnd = false): this {
    this.peer.queue(text);
    if (isEnd) this.peer.endAfter();
    return this;
  }

  get helloErrors(): number {
    return this.sim.proxy.listeners[0].counters.helloErrors;
  }

  /** Until hadro has closed; what it says, and what each server and the client received. */
  end() {
    const { sim, peer, servers } = this;
    sim.world.runUntil(() => peer.isOver);
    peer.close();
    sim.world.runUntil(() => sim.proxy.context.sessions.size === 0);
    sim.end(false);
    return {
      log: sim.log.map(({ term, why, backend, sni }) => [term, why, backend, sni]),
      received: servers.map((server) => server.peers.map(({ received }) => received)),
      answered: peer.received,
    };
  }
}

describe.each(SIM_FLAVOURS)("on a poller of the kind %s", (flavour) => {
  it("a name that a route knows goes there, every byte of it", () => {
    expect(new Bench(flavour, true).send(`${HELLO}and more`, true).end()).toEqual({
      log: [["--", "", "named", "a.test"]],
      received: [[], [`${HELLO}and more`]],
      answered: "",
    });
  });

  it.each([
    ["a name that no route knows", OTHER, "b.test"],
    ["a hello without a name", helloText(), ""],
    ["something else", "GET / HTTP/1.1\r\n\r\n", ""],
    ["the beginning of a hello and its end", HELLO.slice(0, 40), ""],
  ])("%s goes to the default backend", (_, text, sni) => {
    expect(new Bench(flavour, true).send(text, true).end()).toEqual({
      log: [["--", "", "app", sni]],
      received: [[text], []],
      answered: "",
    });
  });

  it.each([["nothing", ""], ["half a hello", HELLO.slice(0, 40)]])(
    "%s in time goes to the default backend, which may speak first",
    (_, text) => {
      const bench = new Bench(flavour, true).send(text);
      bench.sim.world.runUntil(() => bench.servers[0].peers.length === 1);
      expect(bench.sim.world.engine.nowMs).toBeGreaterThanOrEqual(1_000);
      const late = HELLO.slice(text.length);
      bench.send(late, true);
      expect(bench.end()).toMatchObject({
        log: [["--", "", "app", ""]],
        received: [[text + late], []],
      });
    },
  );

  it.each<[string, string, boolean, string, string, string, string]>([
    [
      "a name that no route knows",
      OTHER,
      false,
      "PR",
      "no route of this listener matches the server name b.test",
      "b.test",
      UNRECOGNIZED_NAME,
    ],
    [
      "a hello without a name",
      helloText(),
      false,
      "PR",
      "the TLS client hello names no server",
      "",
      UNRECOGNIZED_NAME,
    ],
    [
      "something else",
      "SSH-2.0-x\r\n",
      false,
      "PR",
      "the client did not begin with a TLS client hello",
      "",
      "",
    ],
    [
      "half a hello in time",
      HELLO.slice(0, 40),
      false,
      "cR",
      "the TLS client hello was not complete within 1000 ms",
      "",
      "",
    ],
    ["nothing in time", "", false, "cR", "the TLS client hello was not complete within 1000 ms", "", ""],
    [
      "the beginning of a hello and its end",
      HELLO.slice(0, 40),
      true,
      "CR",
      "the client closed before its TLS client hello was complete",
      "",
      "",
    ],
  ])("%s is closed without a default backend", (_, text, isEnd, term, why, sni, alert) => {
    const bench = new Bench(flavour, false).send(text, isEnd);
    expect(bench.end()).toEqual({
      log: [[term, why + NO_DEFAULT, "", sni]],
      received: [[], []],
      answered: alert,
    });
    expect(bench.helloErrors).toBe(1);
  });

  it.each([true, false])(
    "bad TLS is refused, whether there is a default backend or not: %s",
    (hasDefault) => {
      const bench = new Bench(flavour, hasDefault).send(helloText({ name: "a..test" }));
      expect(bench.end()).toEqual({
        log: [["PR", "bad TLS client hello: its server name is no host name", "", ""]],
        received: [[], []],
        answered: DECODE_ERROR,
      });
      expect(bench.helloErrors).toBe(1);
    },
  );

  it.each([true, false])("a client that ends or resets without a byte makes no line: reset %s", (isReset) => {
    const bench = new Bench(flavour, true);
    if (isReset) bench.peer.close(true);
    else bench.peer.endAfter();
    expect(bench.end()).toEqual({ log: [], received: [[], []], answered: "" });
  });

  it("a reset behind a part of the hello: CR", () => {
    const bench = new Bench(flavour, true).send(HELLO.slice(0, 40));
    bench.sim.world.runUntil(() => bench.peer.hasSentAll);
    bench.sim.world.runUntil(() => bench.sim.world.pool.inUse > 0);
    bench.peer.close(true);
    expect(bench.end().log).toEqual([[
      "CR",
      "the client reset the connection before its TLS client hello was complete",
      "",
      "",
    ]]);
  });

  it("the PROXY protocol header comes before it, in one piece with it or not", () => {
    for (const wait of [false, true]) {
      const bench = new Bench(flavour, true, {
        listenKeys: ",proxy",
        serverKeys: ",proxy=2,proxy-v2-options=authority",
        flags: { trust: `${SIM_HOST}/32` },
      });
      if (wait) {
        bench.send(HEADER);
        bench.sim.world.runUntil(() => bench.peer.hasSentAll);
      }
      bench.send(`${wait ? "" : HEADER}${HELLO}x`, true);
      const { log, received } = bench.end();
      expect(log).toEqual([["--", "", "named", "a.test"]]);
      expect(bench.sim.log[0].client).toBe("192.0.2.1 56324");
      // The client's addresses, then PP2_TYPE_AUTHORITY with the name of the hello.
      expect(received[1][0].slice(28)).toBe(`\x02\0\x06a.test${HELLO}x`);
    }
  });

  it("counts as a connection of its listener, and no longer", () => {
    const bench = new Bench(flavour, true, { listenKeys: ",maxconn=1" });
    const { world, proxy } = bench.sim;
    const { counters } = proxy.listeners[0];
    bench.send(HELLO.slice(0, 40));
    world.runUntil(() => counters.connections === 1);
    const second = new SimPeer(world.network.connect(bench.sim.address), world.prng);
    second.queue(OTHER);
    second.endAfter();
    world.actors.push({ isDone: true, act: () => second.pumpOut() });
    world.runUntil(() => second.hasSentAll && world.pool.inUse > 0);
    expect(counters.connections).toBe(1);
    bench.peer.close(true);
    world.runUntil(() => bench.sim.log.length === 2);
    expect(bench.sim.log.map(({ term }) => term)).toEqual(["CR", "--"]);
    second.close();
    bench.end();
  });

  it("hadro's end ends it: KR behind a byte, without a line before", () => {
    for (const text of ["", HELLO.slice(0, 40)]) {
      const bench = new Bench(flavour, true).send(text);
      bench.sim.world.runUntil(() => bench.sim.proxy.context.sessions.size === 1 && bench.peer.hasSentAll);
      bench.sim.world.runUntil(() => (bench.sim.world.pool.inUse > 0) === (text !== ""));
      bench.sim.end(true);
      expect(bench.sim.log.map(({ term }) => term)).toEqual(text === "" ? [] : ["KR"]);
      expect(bench.helloErrors).toBe(0);
    }
  });
});

describe("memory", () => {
  it("that is missing when time is up is the reason: RR, not the default backend", () => {
    const bench = new Bench("edge", true, { bufferLimit: 8 });
    const { pool } = bench.sim.world;
    const taken: number[] = [];
    for (let buffer = 0; buffer >= 0;) {
      buffer = pool.take(Criticality.TRANSMIT, true);
      if (buffer >= 0) taken.push(buffer);
    }
    bench.send(HELLO);
    bench.sim.world.runUntil(() => bench.sim.log.length === 1);
    for (const buffer of taken) pool.give(buffer);
    expect(bench.sim.log[0]).toMatchObject({
      term: "RR",
      why: "no buffer was free for the TLS client hello within 1000 ms; see --max-mem",
    });
    bench.end();
  });
});
