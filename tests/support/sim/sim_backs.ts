/**
 * Connections of a proxy to one server in a simulated world, made one by one; a test holds both ends.
 *
 * @module
 */
import { Slab } from "../../../src/base/slab.ts";
import type { FdHandler } from "../../../src/event/fd_table.ts";
import { IoClass } from "../../../src/event/io_queue.ts";
import { H1Back, PROBE_BYTES } from "../../../src/mux/h1_back.ts";
import { HeadParser } from "../../../src/protocol/h1/head_parser.ts";
import { SIM_HOST } from "./sim_network.ts";
import { type SimPeer, SimServer } from "./sim_peer.ts";
import type { SimFlavour } from "./sim_poller.ts";
import { SimWorld } from "./sim_world.ts";

const ADDRESS = { kind: "tcp", host: SIM_HOST, port: 9_000 } as const;

/** See the module's text. */
export class SimBacks {
  readonly world: SimWorld;
  readonly server: SimServer;

  constructor(flavour: SimFlavour = "edge", seed = 1) {
    this.world = new SimWorld({ seed, flavour, pipeBytes: 100 });
    this.server = new SimServer(this.world.network, this.world.prng, ADDRESS, (peer) => () => peer.pumpOut());
    this.world.actors.push(this.server);
    this.world.start();
  }

  /** Connects; the server's end is the last of `server.peers`. */
  open(): H1Back {
    const { engine, buffers } = this.world;
    const parsers = { take: () => new HeadParser("response"), give: () => {} };
    const back = new H1Back({ engine, buffers }, parsers, new Slab(PROBE_BYTES));
    let isConnected = false;
    const connecting: FdHandler = {
      onIo(fd) {
        if (engine.poller.connectResult(fd) !== 0) return;
        engine.fdTable.stopSend(fd);
        engine.fdTable.setHandler(fd, back);
        back.open(fd, IoClass.NORMAL);
        isConnected = true;
      },
    };
    const peersBefore = this.server.peers.length;
    engine.connect(ADDRESS, connecting, IoClass.NORMAL);
    this.world.runUntil(() => isConnected && this.server.peers.length > peersBefore);
    return back;
  }

  peer(index: number): SimPeer {
    return this.server.peers[index];
  }

  /** Turns until everything that is under way has arrived and been looked at. */
  settle(): void {
    this.world.checkNothingLost();
  }

  /** Lets time pass, and a turn see it; a little more may pass. */
  wait(durationMs: number): void {
    this.world.clock.advance(durationMs);
    this.world.engine.post(() => {});
    this.world.step();
  }

  /** The network brings what it has, before the engine's next turn. */
  arrive(isThere: () => boolean): void {
    while (!isThere()) this.world.network.step();
  }
}
