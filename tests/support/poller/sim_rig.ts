/** The `sim` poller as a subject of the contract, in each flavour. @module */
import { SimPeer } from "../sim/sim_peer.ts";
import type { SimFlavour } from "../sim/sim_poller.ts";
import { SIM_HOST } from "../sim/sim_network.ts";
import { type SimActor, SimWorld } from "../sim/sim_world.ts";
import { type PollerSubject, type Rig, RIG_FD_CAPACITY, type RigPeer, type RigServer } from "./rig.ts";
import type { SocketAddress } from "../../../src/event/poller.ts";

class SimRigPeer implements RigPeer, SimActor {
  readonly peer: SimPeer;
  readonly isDone = true;
  #isReading = false;

  constructor(peer: SimPeer) {
    this.peer = peer;
  }

  get received(): string {
    return this.peer.received;
  }

  get isEnded(): boolean {
    return this.peer.isEnded;
  }

  get isBroken(): boolean {
    return this.peer.error !== 0;
  }

  act(): boolean {
    const hasSent = this.peer.pumpOut();
    const hasReceived = this.#isReading && this.peer.pumpIn();
    return hasSent || hasReceived;
  }

  send(text: string): void {
    this.peer.queue(text);
  }

  startReading(): void {
    this.#isReading = true;
  }

  closeWrite(): void {
    this.peer.endAfter();
  }

  reset(): void {
    this.peer.close(true);
  }

  close(): void {
    this.peer.close();
  }
}

class SimRig implements Rig {
  readonly world: SimWorld;
  readonly anyAddress: SocketAddress = { kind: "tcp", host: SIM_HOST, port: 0 };
  readonly refusingAddress: SocketAddress = { kind: "tcp", host: SIM_HOST, port: 1 };

  constructor(flavour: SimFlavour, seed: number) {
    this.world = new SimWorld({ seed, flavour, fdCapacity: RIG_FD_CAPACITY, pipeBytes: 20_000 });
    this.world.start();
  }

  get engine() {
    return this.world.engine;
  }

  dial(address: SocketAddress): RigPeer {
    return this.#add(new SimPeer(this.world.network.connect(address), this.world.prng));
  }

  serve(): RigServer {
    const listener = this.world.network.listen(this.anyAddress);
    const peers: RigPeer[] = [];
    this.world.actors.push({
      isDone: true,
      act: () => {
        const socket = listener.backlog.shift();
        if (socket === undefined) return false;
        peers.push(this.#add(new SimPeer(socket, this.world.prng)));
        return true;
      },
    });
    return { address: listener.address, peers };
  }

  until(isSo: () => boolean): Promise<void> {
    this.world.runUntil(isSo, 20_000);
    return Promise.resolve();
  }

  settle(): Promise<void> {
    for (let still = 0; still < 30;) still = this.world.step() ? 0 : still + 1;
    return Promise.resolve();
  }

  close(): Promise<void> {
    this.world.engine.stop();
    return Promise.resolve();
  }

  #add(peer: SimPeer): SimRigPeer {
    const rigPeer = new SimRigPeer(peer);
    this.world.actors.push(rigPeer);
    return rigPeer;
  }
}

/** The subject of one flavour; every rig has another seed. */
export function simSubject(flavour: SimFlavour): PollerSubject {
  let seed = Number(Deno.env.get("HADRO_SEED") ?? 1);
  return {
    name: `sim (${flavour})`,
    isOneShot: flavour === "oneshot",
    open: () => Promise.resolve(new SimRig(flavour, seed++)),
  };
}
