/**
 * TLS passed through by its client hello in a simulated world: hellos of many kinds, cut anywhere, few buffers, with and without a PROXY
 * protocol header before. Each connection reaches the server that its hello names, and no byte of it is lost or changed.
 *
 * @module
 */
import { describe, expect, it } from "vitest";
import { Prng } from "../../src/base/prng.ts";
import { HELLO_BYTES_MAX } from "../../src/protocol/tls/layout.ts";
import { forEachSeed } from "../support/sim/seeds.ts";
import { binary, IPV4_ADDRESSES, tlv } from "../support/proxy_protocol/headers.ts";
import { bodyOf } from "../support/sim/sim_http.ts";
import { SIM_HOST } from "../support/sim/sim_network.ts";
import { SimPeer, SimServer } from "../support/sim/sim_peer.ts";
import { SIM_FLAVOURS } from "../support/sim/sim_poller.ts";
import { SERVER_PORT, SimProxy } from "../support/sim/sim_proxy.ts";
import type { SimActor } from "../support/sim/sim_world.ts";
import {
  helloMessage,
  helloText,
  MODERN_EXTENSIONS,
  paddedHelloText,
  records,
} from "../support/tls/hellos.ts";

/** Server 0 is the default, 1 and 2 are the routes'. */
const ROUTES = [
  `a.test=${SIM_HOST}:${SERVER_PORT + 1},name=a`,
  `.b.test=${SIM_HOST}:${SERVER_PORT + 2},name=b`,
];
/** As long as makes the longest hello too long for what is left of the buffer behind it. */
const HEADER = binary(0x2111, IPV4_ADDRESSES + tlv(0xee, "x".repeat(500)));
const REFUSED = -1;

/** Its client says no more. */
const HALF = helloText({ name: "a.test" }).slice(0, 60);

/** What clients begin with, and the server that gets it. */
const KINDS: readonly (readonly [string, number])[] = [
  [helloText({ name: "a.test", protocols: ["h2"] }), 1],
  [helloText({ name: "X.B.test" }), 2],
  [records(helloMessage({ name: "y.b.test", before: MODERN_EXTENSIONS }), 500), 2],
  [records(helloMessage({ name: "a.test" }), 3), 1],
  [paddedHelloText(HELLO_BYTES_MAX, { name: "a.test" }), 1],
  [paddedHelloText(HELLO_BYTES_MAX + 1, { name: "a.test" }), REFUSED],
  [helloText({ name: "c.test" }), 0],
  [helloText(), 0],
  ["GET / HTTP/1.1\r\nHost: a.test\r\n\r\n", 0],
  [helloText({ name: "a..test" }), REFUSED],
  [HALF, 0],
];

class Client implements SimActor {
  readonly peer: SimPeer;
  readonly id: number;
  readonly server: number;
  readonly text: string;

  constructor(peer: SimPeer, id: number, header: string, prng: Prng) {
    const [start, server] = KINDS[prng.nextBelow(KINDS.length)]!;
    this.peer = peer;
    this.id = id;
    this.server = server;
    const bodyBytes = 1 + prng.nextBelow(prng.chance(0.2) ? 20_000 : 2_000);
    this.text = start === HALF ? HALF : start + bodyOf(id, "request", bodyBytes);
    peer.queue(header + this.text);
    peer.endAfter();
  }

  get isDone(): boolean {
    return this.peer.isOver;
  }

  act(): boolean {
    const hasSent = this.peer.pumpOut();
    const hasReceived = this.peer.pumpIn();
    if (this.isDone) this.peer.close();
    return hasSent || hasReceived;
  }
}

/** Says bye to whoever has said everything. */
function serving(peer: SimPeer): () => boolean {
  let hasAnswered = false;
  return () => {
    if (peer.socket.isClosed) return false;
    const hasReceived = peer.pumpIn();
    if (peer.isEnded && !hasAnswered) {
      hasAnswered = true;
      peer.queue("bye");
      peer.endAfter();
    }
    const hasSent = peer.pumpOut();
    if (peer.isOver && peer.hasSentAll && peer.socket.isSendShut) {
      peer.close();
      return true;
    }
    return hasReceived || hasSent;
  };
}

function build(seed: number) {
  const prng = new Prng(seed ^ 0x516e1);
  const hasHeader = prng.chance(0.3);
  const sim = new SimProxy({
    seed,
    flavour: SIM_FLAVOURS[seed % SIM_FLAVOURS.length],
    scheme: "sni",
    serverCount: 1,
    routes: ROUTES,
    bufferLimit: prng.chance(0.5) ? 8 : 64,
    // Often less than a record.
    pipeBytes: 20 + prng.nextBelow(prng.chance(0.5) ? 60 : 5_000),
    listenKeys: hasHeader ? ",proxy" : "",
    flags: { trust: `${SIM_HOST}/32`, "timeout-client-hs": "1h", "timeout-request": "1h" },
  });
  const { network } = sim.world;
  const servers = [0, 1, 2].map((index) =>
    new SimServer(network, sim.world.prng, sim.serverAddress(index), serving)
  );
  const clients = Array.from(
    { length: 1 + prng.nextBelow(8) },
    (_, id) =>
      new Client(
        new SimPeer(network.connect(sim.address), sim.world.prng),
        id,
        hasHeader ? HEADER : "",
        prng,
      ),
  );
  sim.world.actors.push(...servers, ...clients);
  return { sim, servers, clients };
}

describe("simulated TLS pass-through", () => {
  it("brings every connection to the server that its hello names, unchanged", () => {
    forEachSeed("sni peaceful", (seed) => {
      const { sim, servers, clients } = build(seed);
      sim.world.runUntil(() => clients.every((client) => client.isDone));
      for (const [index, server] of servers.entries()) {
        const expected = clients.filter((client) => client.server === index).map(({ text }) => text);
        expect(server.peers.map(({ received }) => received).sort()).toEqual(expected.sort());
      }
      for (const { peer, server } of clients) {
        if (server !== REFUSED) expect(peer.received).toBe("bye");
      }
      sim.world.checkNothingLost();
      sim.world.runUntil(() => sim.log.length === clients.length);
      const refused = clients.filter(({ server }) => server === REFUSED).length;
      expect(sim.log.filter(({ term }) => term === "PR").length).toBe(refused);
      expect(sim.log.filter(({ term }) => term === "--").length).toBe(clients.length - refused);
      expect(sim.proxy.listeners[0].counters.helloErrors).toBe(refused);
      for (const { backend, sni, term } of sim.log) {
        if (term === "--") {
          expect(`${backend} ${sni}`).toMatch(/^(a a\.test|b [xy]\.b\.test|app (c\.test)?)$/);
        }
      }
      for (const name of ["app", "a", "b"]) expect(sim.proxy.backends.get(name)!.currentConns).toBe(0);
      sim.end(false);
    });
  });

  it("forgets nothing when anybody breaks off, or hadro stops, at any moment", () => {
    forEachSeed("sni hostile", (seed) => {
      const { sim, servers, clients } = build(seed);
      const { prng } = sim.world;
      sim.world.actors.push({
        isDone: true,
        act: () => {
          if (!prng.chance(0.05)) return false;
          const { peers } = servers[prng.nextBelow(servers.length)]!;
          if (prng.chance(0.5) && peers.length > 0) {
            peers[prng.nextBelow(peers.length)]!.close(prng.chance(0.5));
          } else clients[prng.nextBelow(clients.length)]!.peer.close(prng.chance(0.5));
          return true;
        },
      });
      const doneCount = prng.nextBelow(clients.length + 1);
      sim.world.runUntil(() => clients.filter((client) => client.isDone).length >= doneCount);
      const isKill = prng.chance(0.5);
      if (!isKill) sim.world.runUntil(() => clients.every((client) => client.isDone));
      sim.end(isKill);
      for (const line of sim.log) expect(line.term).toMatch(/^(--|PR|[CSKcsP][RCHDL])$/);
      for (const name of ["app", "a", "b"]) expect(sim.proxy.backends.get(name)!.currentConns).toBe(0);
    });
  });
});
