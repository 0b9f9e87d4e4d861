/**
 * The pollers' pipes (Pipes in src/event/poller.ts): one suite over those that have them.
 *
 * @module
 */
import { afterEach, describe, expect, it } from "vitest";
import { Errno } from "../../src/base/errno.ts";
import type { Pipes } from "../../src/event/poller.ts";
import type { Probe, Rig, RigPeer } from "../support/poller/rig.ts";
import { Rigs, SUBJECTS } from "../support/poller/subjects.ts";

/** Two connections of one engine: bytes of the first one's peer are for the second one's. */
interface Between {
  readonly rig: Rig;
  readonly pipes: Pipes | null;
  readonly from: Probe;
  readonly to: Probe;
  readonly sender: RigPeer;
  readonly receiver: RigPeer;
}

describe.each(SUBJECTS)("pipes of poller $name", (subject) => {
  const rigs = new Rigs(subject);

  afterEach(() => rigs.close());

  async function between(): Promise<Between> {
    const { rig, listener, probe: from, peer: sender } = await rigs.connected();
    const receiver = rig.dial(listener.address);
    await rig.until(() => listener.probes.length === 2);
    receiver.startReading();
    // What comes for it is for the pipe.
    rig.engine.fdTable.stopRecv(from.fd);
    return { rig, pipes: rig.engine.poller.pipes, from, to: listener.probes[1], sender, receiver };
  }

  it("are there where bytes need not be copied, and not elsewhere", async () => {
    const { pipes } = await between();
    expect(pipes !== null).toBe(["sim (edge)", "sim (level)", "epoll"].includes(subject.name));
  });

  it("move what a socket received to another one, and tell of nothing, the end and errors as receive and send do", async () => {
    const { rig, pipes, from, to, sender, receiver } = await between();
    if (pipes === null) return;
    const pipe = pipes.take();
    if (pipe < 0) return; // simulated: a kernel may have none left
    expect(pipes.fill(pipe, from.fd, 100)).toBe(-Errno.EAGAIN);
    sender.send("hello");
    await rig.settle();
    let filled = 0;
    for (let i = 0; i < 20 && filled < 5; i++) {
      const count = pipes.fill(pipe, from.fd, 100);
      if (count < 0) await rig.settle();
      for (let left = Math.max(0, count); left > 0;) {
        const drained = pipes.drain(pipe, to.fd, left, false);
        if (drained > 0) left -= drained;
        else await rig.settle();
      }
      filled += Math.max(0, count);
    }
    await rig.until(() => receiver.received === "hello");
    sender.closeWrite();
    await rig.settle();
    expect(pipes.fill(pipe, from.fd, 100)).toBe(0);
    pipes.give(pipe, true);
  });

  it("are lent to one at a time, and all of them can be", async () => {
    const { pipes } = await between();
    if (pipes === null) return;
    const lent: number[] = [];
    for (let pipe = pipes.take(); pipe >= 0; pipe = pipes.take()) lent.push(pipe);
    expect(new Set(lent).size).toBe(lent.length);
    for (const pipe of lent) pipes.give(pipe, true);
    const again = pipes.take();
    expect(lent.length === 0 ? again === -1 : lent.includes(again)).toBe(true);
    if (again >= 0) pipes.give(again, true);
  });
});
