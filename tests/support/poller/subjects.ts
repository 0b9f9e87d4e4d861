/** Every poller as a subject of the contract. @module */
import type { Activity } from "../../../src/event/activity.ts";
import type { Clock } from "../../../src/event/clock.ts";
import type { PollerFactory } from "../../../src/event/engine.ts";
import type { FdTable } from "../../../src/event/fd_table.ts";
import { PollerDeno } from "../../../src/event/poller_deno.ts";
import { PollerEpoll } from "../../../src/event/poller_epoll.ts";
import { PollerJoint } from "../../../src/event/poller_joint.ts";
import { Libc } from "../../../src/sys/libc.ts";
import { SocketReset } from "../../../src/sys/socket_reset.ts";
import { realSubject } from "./real_rig.ts";
import {
  type PollerSubject,
  type Probe,
  ProbeListener,
  type Rig,
  RIG_FD_CAPACITY,
  type RigPeer,
} from "./rig.ts";
import { simSubject } from "./sim_rig.ts";

/** Fewer than clients come. */
const DENO_SLOTS = 60;

const newDeno = (table: FdTable, activity: Activity, clock: Clock, firstSlot = 0): PollerDeno => {
  const socketReset = SocketReset.open()!;
  return new PollerDeno(table, activity, clock, {
    memory: null,
    firstSlot,
    resetSocket: (local, peer) =>
      local.kind === "tcp" && peer.kind === "tcp" && socketReset.reset(local.port, peer.port),
  });
};

const newEpoll = (
  table: FdTable,
  activity: Activity,
  clock: Clock,
  slotCount = table.capacity,
): PollerEpoll => {
  const libc = Libc.open();
  if (typeof libc === "string") throw new Error(libc);
  return new PollerEpoll(table, activity, clock, { libc, pipeCount: 2, slotCount });
};

/** Listens on one side, connects on epoll. */
function jointSubject(name: string, listensOnDeno: boolean): PollerSubject {
  const newJoint: PollerFactory = (table, activity, clock) => {
    const epoll = newEpoll(table, activity, clock, RIG_FD_CAPACITY);
    const deno = newDeno(table, activity, clock, RIG_FD_CAPACITY);
    const joint = new PollerJoint(table, activity, clock, { epoll, deno, firstSlot: RIG_FD_CAPACITY });
    const { listen } = joint;
    joint.listen = (address, backlog) => listen.call(joint, address, backlog, undefined, listensOnDeno);
    return joint;
  };
  return realSubject(name, listensOnDeno, () => newJoint, RIG_FD_CAPACITY + DENO_SLOTS);
}

/** Each as it runs: simulated kernels of three kinds, Deno's sockets, the kernel's. */
export const SUBJECTS: readonly PollerSubject[] = [
  simSubject("edge"),
  simSubject("level"),
  simSubject("oneshot"),
  realSubject("deno", true, () => newDeno),
  realSubject("epoll", false, () => newEpoll),
  jointSubject("joint, listening on epoll", false),
  jointSubject("joint, listening on deno", true),
];

/** Rigs of one subject; what was opened is closed by {@linkcode Rigs.close}. */
export class Rigs {
  readonly #subject: PollerSubject;
  readonly #open: Rig[] = [];

  constructor(subject: PollerSubject) {
    this.#subject = subject;
  }

  async open(): Promise<Rig> {
    const rig = await this.#subject.open();
    this.#open.push(rig);
    return rig;
  }

  /** A connection from outside, accepted. */
  async connected(): Promise<{ rig: Rig; listener: ProbeListener; probe: Probe; peer: RigPeer }> {
    const rig = await this.open();
    const listener = new ProbeListener(rig.engine, rig.anyAddress);
    const peer = rig.dial(listener.address);
    await rig.until(() => listener.probes.length === 1);
    return { rig, listener, probe: listener.probes[0], peer };
  }

  async close(): Promise<void> {
    for (const rig of this.#open.splice(0)) await rig.close();
  }
}
