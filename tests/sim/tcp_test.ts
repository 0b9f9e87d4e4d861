/**
 * The TCP proxy in a simulated world: bytes both ways at once, half-closes, resets, on every poller flavour.
 *
 * @module
 */
import { describe, expect, it } from "vitest";
import { Prng } from "../../src/base/prng.ts";
import { forEachSeed } from "../support/sim/seeds.ts";
import { bodyOf } from "../support/sim/sim_http.ts";
import { SimPeer, SimServer } from "../support/sim/sim_peer.ts";
import { SIM_FLAVOURS } from "../support/sim/sim_poller.ts";
import { SimProxy } from "../support/sim/sim_proxy.ts";
import type { SimActor } from "../support/sim/sim_world.ts";

/** Both sides of one connection: what each sends is known to the other by the connection's id. */
interface Talk {
  readonly id: number;
  readonly upBytes: number;
  readonly downBytes: number;
  /** The server speaks only after the client's end (a half-close must be kept). */
  readonly answersAfterEnd: boolean;
}

class TalkClient implements SimActor {
  readonly peer: SimPeer;
  readonly talk: Talk;
  isBroken = false;

  constructor(peer: SimPeer, talk: Talk) {
    this.peer = peer;
    this.talk = talk;
    peer.queue(`${String(talk.id).padStart(4, "0")}${bodyOf(talk.id, "request", talk.upBytes)}`);
    peer.endAfter();
  }

  get isDone(): boolean {
    return this.isBroken || (this.peer.isOver && this.peer.hasSentAll);
  }

  act(): boolean {
    const hasSent = this.peer.pumpOut();
    const hasReceived = this.peer.pumpIn();
    if (this.isDone) this.peer.close();
    return hasSent || hasReceived;
  }

  toString(): string {
    return `talk ${
      JSON.stringify(this.talk)
    }: received ${this.peer.received.length}, over ${this.peer.isOver}`;
  }
}

function serving(talks: Talk[]): (peer: SimPeer) => () => boolean {
  return (peer) => {
    let hasAnswered = false;
    return () => {
      if (peer.socket.isClosed) return false;
      const hasReceived = peer.pumpIn();
      const talk = peer.received.length >= 4 ? talks[Number(peer.received.slice(0, 4))] : undefined;
      const mayAnswer = talk !== undefined && (peer.isEnded || !talk.answersAfterEnd);
      if (mayAnswer && !hasAnswered) {
        hasAnswered = true;
        peer.queue(bodyOf(talk.id, "response", talk.downBytes));
        peer.endAfter();
      }
      const hasSent = peer.pumpOut();
      if (peer.isOver && hasAnswered && peer.hasSentAll && peer.socket.isSendShut) {
        peer.close();
        return true;
      }
      return hasReceived || hasSent;
    };
  };
}

function build(seed: number): { sim: SimProxy; clients: TalkClient[]; server: SimServer } {
  const prng = new Prng(seed ^ 0x7c9);
  const sim = new SimProxy({
    seed,
    flavour: SIM_FLAVOURS[seed % SIM_FLAVOURS.length],
    scheme: "tcp",
    serverCount: 1,
    bufferLimit: prng.chance(0.5) ? 8 : 64,
  });
  const { network } = sim.world;
  const talks: Talk[] = Array.from({ length: 1 + prng.nextBelow(8) }, (_, id) => ({
    id,
    upBytes: prng.nextBelow(prng.chance(0.2) ? 80_000 : 3_000),
    downBytes: prng.nextBelow(prng.chance(0.2) ? 80_000 : 3_000),
    answersAfterEnd: prng.chance(0.5),
  }));
  const server = new SimServer(network, sim.world.prng, sim.serverAddress(0), serving(talks));
  const clients = talks.map((talk) =>
    new TalkClient(new SimPeer(network.connect(sim.address), sim.world.prng), talk)
  );
  sim.world.actors.push(server, ...clients);
  return { sim, clients, server };
}

describe("simulated TCP proxy", () => {
  it("moves every byte of both ways in order and keeps half-closes (I4, I13), and leaves nothing (I14)", () => {
    forEachSeed("tcp peaceful", (seed) => {
      const { sim, clients, server } = build(seed);
      sim.world.runPeacefully();
      sim.world.runUntil(() => server.peers.every((peer) => peer.isOver));
      for (const { peer, talk } of clients) {
        expect(peer.received).toBe(bodyOf(talk.id, "response", talk.downBytes));
      }
      for (const peer of server.peers) {
        const talk = clients[Number(peer.received.slice(0, 4))].talk;
        expect(peer.received.slice(4)).toBe(bodyOf(talk.id, "request", talk.upBytes));
      }
      sim.world.checkNothingLost();
      sim.world.runUntil(() => sim.log.length === clients.length);
      for (const line of sim.log) expect(line).toMatchObject({ term: "--", why: "" });
      const sum = (pick: (client: TalkClient) => number) =>
        clients.reduce((total, client) => total + pick(client), 0);
      expect(sim.log.reduce((total, line) => total + line.bytesIn, 0)).toBe(
        sum(({ talk }) => talk.upBytes + 4),
      );
      expect(sim.log.reduce((total, line) => total + line.bytesOut, 0)).toBe(
        sum(({ talk }) => talk.downBytes),
      );
      sim.end(false);
    });
  });

  it("passes resets on and forgets nothing when either side breaks off at any moment", () => {
    forEachSeed("tcp hostile", (seed) => {
      const { sim, clients, server } = build(seed);
      const { prng } = sim.world;
      sim.world.actors.push({
        isDone: true,
        act: () => {
          if (!prng.chance(0.05)) return false;
          const client = clients[prng.nextBelow(clients.length)];
          if (prng.chance(0.5) && server.peers.length > 0) {
            server.peers[prng.nextBelow(server.peers.length)].close(true);
          } else {
            client.isBroken = true;
            client.peer.close(prng.chance(0.5));
          }
          return true;
        },
      });
      sim.world.runUntil(() => clients.every((client) => client.isDone));
      for (const { peer, talk } of clients) {
        expect(bodyOf(talk.id, "response", talk.downBytes).startsWith(peer.received)).toBe(true);
      }
      sim.end(prng.chance(0.5));
      for (const line of sim.log) expect(line.term).toMatch(/^(--|C[CD]|SD|SC|cD|sD|KD|KC)$/);
    });
  });

  it("stops accepting when descriptors run out, and goes on when some are free again, without spinning", () => {
    forEachSeed("tcp out of descriptors", (seed) => {
      const sim = new SimProxy({
        seed,
        flavour: SIM_FLAVOURS[seed % SIM_FLAVOURS.length],
        scheme: "tcp",
        serverCount: 1,
        fdMax: 7,
        flags: { retries: "100" },
      });
      const { network } = sim.world;
      const talks: Talk[] = Array.from(
        { length: 10 },
        (_, id) => ({ id, upBytes: 10 * id, downBytes: 100, answersAfterEnd: true }),
      );
      sim.world.actors.push(new SimServer(network, sim.world.prng, sim.serverAddress(0), serving(talks)));
      const clients = talks.map((talk) =>
        new TalkClient(new SimPeer(network.connect(sim.address), sim.world.prng), talk)
      );
      sim.world.actors.push(...clients);
      sim.world.runUntil(() => clients.every((client) => client.isDone));
      sim.end(false);
    });
  });
});
