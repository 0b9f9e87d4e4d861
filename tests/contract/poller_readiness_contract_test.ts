/**
 * The poller contract, second half: what readiness promises to the engine and to owners, over every poller.
 *
 * @module
 */
import { afterEach, describe, expect, it } from "vitest";
import { Errno } from "../../src/base/errno.ts";
import { Slab } from "../../src/base/slab.ts";
import { FdState } from "../../src/event/fd_state.ts";
import { IoClass } from "../../src/event/io_queue.ts";
import { ProbeListener, RIG_FD_CAPACITY } from "../support/poller/rig.ts";
import { Rigs, SUBJECTS } from "../support/poller/subjects.ts";

describe.each(SUBJECTS)("readiness of poller $name", (subject) => {
  const rigs = new Rigs(subject);

  afterEach(() => rigs.close());

  it("never hands a closed fd's readiness to its next owner (I6, history: reuse within a batch)", async () => {
    const { rig, listener, probe, peer } = await rigs.connected();
    probe.isIdle = true;
    peer.send("for the old owner");
    await rig.until(() => probe.calls > 0);
    probe.close();
    const other = rig.dial(listener.address);
    await rig.until(() => listener.probes.length === 2);
    await rig.settle();
    expect(listener.probes[1].received).toBe("");
    expect(listener.probes[1].receiveEnd).toBeNull();
    other.send("for the new one");
    await rig.until(() => listener.probes[1].received === "for the new one");
  });

  it("is quiet while nobody wants to receive, and loses nothing meanwhile (I5, history: hang-up without interest)", async () => {
    const { rig, probe, peer } = await rigs.connected();
    await rig.settle();
    rig.engine.fdTable.stopRecv(probe.fd);
    peer.send("kept");
    peer.closeWrite();
    await rig.settle();
    const { turns } = rig.engine.activity;
    const { calls } = probe;
    await rig.settle();
    expect(rig.engine.activity.turns - turns).toBeLessThan(60);
    expect(probe.calls).toBe(calls);
    rig.engine.fdTable.wantRecv(probe.fd);
    rig.engine.poller.wake();
    await rig.until(() => probe.receiveEnd === 0);
    expect(probe.received).toBe("kept");
  });

  it("stop and want again in one turn keeps readiness that was known (history: lost edge)", async () => {
    const { rig, probe, peer } = await rigs.connected();
    probe.isIdle = true;
    peer.send("waiting");
    await rig.until(() => probe.calls > 0);
    rig.engine.fdTable.stopRecv(probe.fd);
    rig.engine.fdTable.wantRecv(probe.fd);
    probe.isIdle = false;
    rig.engine.poller.wake();
    await rig.until(() => probe.received === "waiting");
  });

  it("asks for few updates: one a life where registration lasts, one a report where it does not (I8)", async () => {
    const { rig, probe, peer } = await rigs.connected();
    peer.startReading();
    peer.send(".");
    await rig.until(() => probe.received.length === 1);
    const before = rig.engine.activity.updatesApplied;
    for (let i = 2; i <= 50; i++) {
      probe.send("?");
      peer.send(".");
      await rig.until(() => probe.received.length === i && peer.received.length === i - 1);
    }
    const updates = rig.engine.activity.updatesApplied - before;
    // A level-triggered or lasting registration: none. One-shot: one per report that was used up.
    expect(updates).toBeLessThanOrEqual(subject.isOneShot ? 110 : 1);
  });

  it("never calls a handler from inside the poller (I1), and reads the update list in wait only (I2)", async () => {
    const rig = await rigs.open();
    const { poller, fdTable } = rig.engine;
    let isInside = false;
    const wait = poller.wait.bind(poller);
    poller.wait = (timeoutMs) => {
      isInside = true;
      const result = wait(timeoutMs);
      expect(fdTable.updates.count).toBe(0);
      isInside = false;
      return result;
    };
    const listener = new ProbeListener(rig.engine, rig.anyAddress);
    const insideCalls: boolean[] = [];
    const onIo = listener.onIo.bind(listener);
    listener.onIo = (fd) => {
      insideCalls.push(isInside);
      onIo(fd);
    };
    rig.engine.poller.wake();
    const peer = rig.dial(listener.address);
    await rig.until(() => listener.probes.length === 1);
    peer.send("x");
    await rig.until(() => listener.probes[0].received === "x");
    expect(insideCalls.length).toBeGreaterThan(0);
    expect(insideCalls).not.toContain(true);
  });

  it("reads an accepted connection's request in the turn that accepted it (I7)", async () => {
    const rig = await rigs.open();
    const listener = new ProbeListener(rig.engine, rig.anyAddress);
    rig.engine.fdTable.stopRecv(listener.fd);
    const peer = rig.dial(listener.address);
    peer.send("early");
    await rig.settle();
    rig.engine.fdTable.wantRecv(listener.fd);
    rig.engine.poller.wake();
    await rig.until(() => listener.probes.length === 1);
    const { accepts, acceptsSameTurn } = rig.engine.activity;
    expect(acceptsSameTurn).toBe(accepts);
    await rig.until(() => listener.probes[0].received === "early");
  });

  it("leaves connections in the backlog while accepting is not wanted", async () => {
    const rig = await rigs.open();
    const listener = new ProbeListener(rig.engine, rig.anyAddress);
    await rig.settle();
    rig.engine.fdTable.stopRecv(listener.fd);
    const peers = [rig.dial(listener.address), rig.dial(listener.address), rig.dial(listener.address)];
    for (const peer of peers) peer.send("me");
    await rig.settle();
    expect(listener.probes.length).toBe(0);
    rig.engine.fdTable.wantRecv(listener.fd);
    rig.engine.poller.wake();
    await rig.until(() =>
      listener.probes.length === 3 && listener.probes.every((probe) => probe.received === "me")
    );
  });

  it("says EMFILE when every slot is taken, and accepts again when some are free", async () => {
    const rig = await rigs.open();
    // Where fds are the process's own, those of the rig before may still be closing.
    await rig.settle();
    const listener = new ProbeListener(rig.engine, rig.anyAddress);
    const first = 10;
    for (let i = 0; i < first; i++) rig.dial(listener.address);
    await rig.until(() => listener.probes.length === first);
    for (let i = first; i < RIG_FD_CAPACITY; i++) rig.dial(listener.address);
    await rig.until(() => listener.errors.length > 0);
    expect(listener.errors[0]).toBe(-Errno.EMFILE);
    const taken = listener.probes.length;
    expect(taken).toBeLessThan(RIG_FD_CAPACITY);
    expect(rig.engine.connect(rig.refusingAddress, listener, IoClass.NORMAL)).toBe(-Errno.EMFILE);
    // Several: where fds are the process's own, the peer takes one of them.
    for (const probe of listener.probes.slice(0, 5)) probe.close();
    rig.dial(listener.address);
    await rig.settle();
    rig.engine.fdTable.wantRecv(listener.fd);
    rig.engine.poller.wake();
    await rig.until(() => listener.probes.length > taken);
  });

  it("knows an idle connection that ended", async () => {
    const { rig, probe, peer } = await rigs.connected();
    await rig.settle();
    expect(rig.engine.poller.isIdleAlive(probe.fd)).toBe(true);
    probe.isIdle = true;
    peer.closeWrite();
    await rig.until(() => !rig.engine.poller.isIdleAlive(probe.fd));
  });

  it("ends a wait when woken from outside", async () => {
    const rig = await rigs.open();
    await rig.settle();
    let hasRun = false;
    rig.engine.post(() => hasRun = true);
    await rig.until(() => hasRun);
  });

  it("closing in the middle of everything leaves nothing registered", async () => {
    const { rig, listener, probe, peer } = await rigs.connected();
    peer.send("a");
    probe.send("b");
    probe.close();
    rig.engine.close(listener.fd);
    await rig.settle();
    expect(rig.engine.fdTable.openCount).toBe(0);
    expect(rig.engine.fdTable.state(listener.fd) & (FdState.POLLED_R | FdState.POLLED_W)).toBe(0);
  });

  it("a send to a peer that is gone fails, now or with the next one, and is no surprise", async () => {
    const { rig, probe, peer } = await rigs.connected();
    peer.close();
    await rig.until(() => probe.receiveEnd !== null);
    const slab = new Slab(1);
    await rig.until(() => {
      const count = rig.engine.send(probe.fd, slab, 0, 1);
      return count === -Errno.EPIPE || count === -Errno.ECONNRESET;
    });
  });
});
