/** Connecting in the whole proxy while the poller says more, or less, than is so. @module */
import { describe, expect, it } from "vitest";
import { Errno } from "../../src/base/errno.ts";
import type { SocketAddress } from "../../src/event/poller.ts";
import { bodyOf } from "../support/sim/sim_http.ts";
import { SIM_HOST } from "../support/sim/sim_network.ts";
import { SimPeer, SimServer } from "../support/sim/sim_peer.ts";
import { SIM_FLAVOURS, type SimFlavour } from "../support/sim/sim_poller.ts";
import { SimProxy } from "../support/sim/sim_proxy.ts";
import { SimSocket } from "../support/sim/sim_socket.ts";

const ANSWER = bodyOf(1, "response", 5_000);

interface Connecting {
  readonly sim: SimProxy;
  readonly client: SimPeer;
  /** The fd that connects to the server. */
  readonly fd: number;
  /** Lets the connection be made. */
  readonly release: () => void;
}

/** A proxy in the middle of connecting to a server that answers and ends; the poller says EINPROGRESS until it is released. */
function connecting(flavour: SimFlavour, isForEver = false): Connecting {
  const sim = new SimProxy({
    seed: 5,
    flavour,
    scheme: "tcp",
    serverCount: 1,
    pipeBytes: 2_000,
    flags: { "timeout-connect": "3s", retries: "0" },
  });
  const { world } = sim;
  const { poller } = world;
  let fd = -1;
  let isHeld = true;
  const connect = poller.connect.bind(poller);
  poller.connect = (address) => fd = connect(address);
  const connectResult = poller.connectResult.bind(poller);
  poller.connectResult = (asked) => isHeld ? -Errno.EINPROGRESS : connectResult(asked);
  const serving = (peer: SimPeer) => {
    peer.queue(ANSWER);
    peer.endAfter();
    return () => peer.pumpOut();
  };
  const client = new SimPeer(world.network.connect(sim.address), world.prng);
  if (isForEver) world.network.connect = (address) => pendingSocket(address);
  world.actors.push(
    new SimServer(world.network, world.prng, sim.serverAddress(0), serving),
    { isDone: true, act: () => client.pumpIn() },
  );
  world.runUntil(() => fd >= 0);
  return { sim, client, fd, release: () => isHeld = false };
}

/** A socket whose connection the network never makes. */
function pendingSocket(address: SocketAddress): SimSocket {
  const socket = new SimSocket({ kind: "tcp", host: SIM_HOST, port: 1 }, address, 1);
  socket.isConnecting = true;
  return socket;
}

describe.each(SIM_FLAVOURS)("while it connects, %s poller", (flavour) => {
  it("an error that is reported before anything is known costs a call, not a spin; time decides (B7)", () => {
    const { sim, client, fd } = connecting(flavour, true);
    const { world } = sim;
    const { engine } = world;
    const beganMs = world.clock.monotonicMs();
    let reports = 0;
    world.runUntil(() => {
      if (engine.fdTable.isOpen(fd) && reports < 5) {
        engine.fdTable.mayError(fd);
        reports++;
      }
      return sim.log.length === 1;
    });
    expect(sim.log).toMatchObject([{ term: "sC" }]);
    expect(world.clock.monotonicMs() - beganMs).toBeGreaterThan(2_999);
    // Listener, client, and one for each report.
    expect(engine.activity.ioCalls).toBeLessThan(20);
    client.close();
    sim.end(true);
  });

  it("a hang-up that is reported is not believed when the connection is made after all (B8)", () => {
    const { sim, client, fd, release } = connecting(flavour);
    const { world } = sim;
    world.engine.fdTable.mayHangup(fd);
    for (let i = 0; i < 5; i++) world.step();
    release();
    world.engine.fdTable.maySend(fd);
    world.runUntil(() => client.isEnded);
    expect(client.received === ANSWER).toBe(true);
    client.close();
    world.runUntil(() => sim.log.length === 1);
    expect(sim.log).toMatchObject([{ term: "--", bytesOut: ANSWER.length }]);
    sim.end(false);
  });

  it("a possible send that is reported too early is not believed either (B6)", () => {
    const { sim, client, fd, release } = connecting(flavour);
    const { world } = sim;
    for (let i = 0; i < 3; i++) {
      world.engine.fdTable.maySend(fd);
      world.step();
      expect(world.engine.fdTable.readyDirections(fd)).toBe(0);
    }
    release();
    world.engine.fdTable.maySend(fd);
    world.runUntil(() => client.isEnded);
    expect(client.received === ANSWER).toBe(true);
    client.close();
    sim.end(false);
  });
});
