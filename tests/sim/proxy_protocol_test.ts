/**
 * PROXY protocol in and out in a simulated world, over both versions: headers cut anywhere, sends that take a part, few buffers. What a
 * server is told is who its bytes come from, and no byte is lost behind a header.
 *
 * @module
 */
import { describe, expect, it } from "vitest";
import { Prng } from "../../src/base/prng.ts";
import { binary, uint16 } from "../support/proxy_protocol/headers.ts";
import { forEachSeed } from "../support/sim/seeds.ts";
import { bodyOf } from "../support/sim/sim_http.ts";
import { SIM_HOST } from "../support/sim/sim_network.ts";
import { SimPeer, SimServer } from "../support/sim/sim_peer.ts";
import { SIM_FLAVOURS } from "../support/sim/sim_poller.ts";
import { SimProxy } from "../support/sim/sim_proxy.ts";
import type { SimActor } from "../support/sim/sim_world.ts";

const NO_HEADER = "GET /nobody HTTP/1.1\r\nHost: a\r\n\r\n";

/** Client number `id` is 192.0.2.<id>:<50000 + id>, and connected to 198.51.100.1:443. */
function headerOf(id: number, version: 1 | 2): string {
  const port = 50_000 + id;
  return version === 1
    ? `PROXY TCP4 192.0.2.${id} 198.51.100.1 ${port} 443\r\n`
    : binary(0x2111, `\xc0\0\x02${String.fromCharCode(id)}\xc6\x33\x64\x01${uint16(port)}${uint16(443)}`);
}

/** The header that bytes begin with; "" while it is not whole. */
function headerIn(received: string): string {
  const isText = received.startsWith("P");
  const end = isText ? received.indexOf("\r\n") + 2 : received.length < 16 ? 0 : 16 + received.charCodeAt(15);
  return end > 1 && end <= received.length ? received.slice(0, end) : "";
}

class Client implements SimActor {
  readonly peer: SimPeer;
  readonly id: number;
  /** Its header is none. */
  readonly isBad: boolean;
  readonly requests: string[];

  constructor(peer: SimPeer, id: number, scheme: "tcp" | "http", prng: Prng) {
    this.peer = peer;
    this.id = id;
    this.isBad = prng.chance(0.1);
    const request = (n: number) =>
      scheme === "http"
        ? `GET /${id}/${n} HTTP/1.1\r\nHost: a\r\n\r\n`
        : bodyOf(id, "request", 1 + prng.nextBelow(3_000));
    this.requests = Array.from(
      { length: scheme === "http" ? 1 + prng.nextBelow(4) : 1 },
      (_, n) => request(n),
    );
    peer.queue(this.isBad ? NO_HEADER : headerOf(id, prng.chance(0.5) ? 1 : 2));
    peer.queue(this.requests.join(""));
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

/** Answers each request of one connection behind its header: a tcp one at its end. */
function serving(scheme: "tcp" | "http"): (peer: SimPeer) => () => boolean {
  return (peer) => {
    let answered = 0;
    return () => {
      if (peer.socket.isClosed) return false;
      const hasReceived = peer.pumpIn();
      const header = headerIn(peer.received);
      if (scheme === "tcp" && peer.isEnded && answered++ === 0) {
        peer.queue("bye");
        peer.endAfter();
      }
      const count = header === "" || scheme === "tcp" ? 0 : peer.received.split("\r\n\r\n").length - 1 -
        (header.split("\r\n\r\n").length - 1);
      for (; scheme === "http" && answered < count; answered++) {
        peer.queue("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nyes");
      }
      const hasSent = peer.pumpOut();
      if (peer.isOver && peer.hasSentAll && (scheme === "http" || peer.socket.isSendShut)) {
        peer.close();
        return true;
      }
      return hasReceived || hasSent;
    };
  };
}

function build(seed: number, scheme: "tcp" | "http") {
  const prng = new Prng(seed ^ 0x9407);
  const version = prng.chance(0.5) ? 1 as const : 2 as const;
  const sim = new SimProxy({
    seed,
    flavour: SIM_FLAVOURS[seed % SIM_FLAVOURS.length],
    scheme,
    serverCount: 1,
    bufferLimit: prng.chance(0.5) ? 8 : 64,
    // Often less than a header.
    pipeBytes: 1 + prng.nextBelow(prng.chance(0.5) ? 60 : 5_000),
    listenKeys: ",proxy",
    serverKeys: `,proxy=${version}`,
    flags: {
      trust: `${SIM_HOST}/32`,
      "timeout-client-hs": "1h",
      "timeout-request": "1h",
      "http-reuse": "always",
    },
  });
  const { network } = sim.world;
  const server = new SimServer(network, sim.world.prng, sim.serverAddress(0), serving(scheme));
  const clients = Array.from(
    { length: 1 + prng.nextBelow(8) },
    (_, id) => new Client(new SimPeer(network.connect(sim.address), sim.world.prng), id + 1, scheme, prng),
  );
  sim.world.actors.push(server, ...clients);
  return { sim, server, clients, version };
}

describe.each(["tcp", "http"] as const)("simulated PROXY protocol over %s", (scheme) => {
  it("tells servers who their clients are, and moves every byte behind the headers", () => {
    forEachSeed(`proxy protocol ${scheme}`, (seed) => {
      const { sim, server, clients, version } = build(seed, scheme);
      sim.world.runUntil(() => clients.every((client) => client.isDone));
      const good = clients.filter((client) => !client.isBad);
      const told = server.peers.map(({ received }) => {
        const header = headerIn(received);
        return { header, rest: received.slice(header.length) };
      });
      for (const client of clients) {
        const own = told.filter(({ header }) => header === headerOf(client.id, version));
        // A session goes on with its own connection, unless that was closed meanwhile.
        const expected = client.isBad ? 0 : 1;
        expect(own.length, `client ${client.id}`).toBe(expected);
        if (client.isBad) continue;
        const rest = own[0].rest.replaceAll(/\r\nX-Forwarded-(For: 192\.0\.2\.\d+|Proto: http|Host: a)/g, "");
        expect(rest).toBe(client.requests.join(""));
        const answers = scheme === "tcp" ? "bye" : "yes".repeat(client.requests.length);
        expect(client.peer.received.replaceAll(/HTTP\/1.1 200 OK\r\n([^\r]+\r\n)*\r\n/g, "")).toBe(answers);
      }
      expect(server.peers.length).toBe(good.length);
      sim.world.checkNothingLost();
      const lineCount = clients.reduce((sum, { isBad, requests }) => sum + (isBad ? 1 : requests.length), 0);
      sim.world.runUntil(() => sim.log.length === lineCount);
      expect(sim.log.filter(({ term }) => term === "PR").length).toBe(clients.length - good.length);
      expect(sim.proxy.listeners[0].counters.handshakeErrors).toBe(clients.length - good.length);
      for (const { term, client } of sim.log) {
        expect(client).toMatch(term === "PR" ? /^10\.0\.0\.1 4/ : /^192\.0\.2\.(\d+) 5000\1$/);
      }
      sim.end(false);
    });
  });

  it("forgets nothing when anybody breaks off, or hadro stops, at any moment", () => {
    forEachSeed(`proxy protocol ${scheme} hostile`, (seed) => {
      const { sim, server, clients } = build(seed, scheme);
      const { prng } = sim.world;
      sim.world.actors.push({
        isDone: true,
        act: () => {
          if (!prng.chance(0.05)) return false;
          if (prng.chance(0.5) && server.peers.length > 0) {
            server.peers[prng.nextBelow(server.peers.length)].close(prng.chance(0.5));
          } else clients[prng.nextBelow(clients.length)].peer.close(prng.chance(0.5));
          return true;
        },
      });
      const doneCount = prng.nextBelow(clients.length + 1);
      sim.world.runUntil(() => clients.filter((client) => client.isDone).length >= doneCount);
      const isKill = prng.chance(0.5);
      if (!isKill) sim.world.runUntil(() => clients.every((client) => client.isDone));
      sim.end(isKill);
      for (const line of sim.log) expect(line.term).toMatch(/^(--|PR|[CSKcsP][RCHDL])$/);
    });
  });
});
