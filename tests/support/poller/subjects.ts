/** Every poller as a subject of the contract. @module */
import { PollerDeno } from "../../../src/event/poller_deno.ts";
import { PollerEpoll } from "../../../src/event/poller_epoll.ts";
import { Libc } from "../../../src/sys/libc.ts";
import { SocketReset } from "../../../src/sys/socket_reset.ts";
import { realSubject } from "./real_rig.ts";
import { type PollerSubject, type Probe, ProbeListener, type Rig, type RigPeer } from "./rig.ts";
import { simSubject } from "./sim_rig.ts";

/** Each as it runs: simulated kernels of three kinds, Deno's sockets, the kernel's. */
export const SUBJECTS: readonly PollerSubject[] = [
  simSubject("edge"),
  simSubject("level"),
  simSubject("oneshot"),
  realSubject("deno", true, () => {
    const socketReset = SocketReset.open();
    return (table, activity, clock) =>
      new PollerDeno(table, activity, clock, {
        memory: null,
        resetSocket: (local, peer) =>
          local.kind === "tcp" && peer.kind === "tcp" && socketReset!.reset(local.port, peer.port),
      });
  }),
  realSubject("epoll", false, () => {
    const libc = Libc.open();
    if (typeof libc === "string") throw new Error(libc);
    return (table, activity, clock) => new PollerEpoll(table, activity, clock, { libc, pipeCount: 2 });
  }),
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
