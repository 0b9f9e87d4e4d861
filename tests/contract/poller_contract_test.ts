/**
 * The poller contract: one suite over every poller, word for word what src/event/poller.ts promises.
 *
 * @module
 */
import { afterEach, describe, expect, it } from "vitest";
import { Errno } from "../../src/base/errno.ts";
import { Slab } from "../../src/base/slab.ts";
import { FdFlag, FdState } from "../../src/event/fd_state.ts";
import { IoClass } from "../../src/event/io_queue.ts";
import { ListenError } from "../../src/event/poller.ts";
import { PollerDeno } from "../../src/event/poller_deno.ts";
import { PollerEpoll } from "../../src/event/poller_epoll.ts";
import { Libc } from "../../src/sys/libc.ts";
import { SocketReset } from "../../src/sys/socket_reset.ts";
import { realSubject } from "../support/poller/real_rig.ts";
import {
  Probe,
  ProbeConnector,
  ProbeListener,
  type Rig,
  RIG_FD_CAPACITY,
  type RigPeer,
} from "../support/poller/rig.ts";
import { simSubject } from "../support/poller/sim_rig.ts";

const SUBJECTS = [
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
    return (table, activity, clock) => new PollerEpoll(table, activity, clock, libc);
  }),
];

describe.each(SUBJECTS)("poller $name", (subject) => {
  let rig: Rig;
  const rigs: Rig[] = [];

  afterEach(async () => {
    for (const opened of rigs.splice(0)) await opened.close();
  });

  async function open(): Promise<Rig> {
    rig = await subject.open();
    rigs.push(rig);
    return rig;
  }

  /** A connection from outside, accepted. */
  async function connected(): Promise<{ listener: ProbeListener; probe: Probe; peer: RigPeer }> {
    await open();
    const listener = new ProbeListener(rig.engine, rig.anyAddress);
    const peer = rig.dial(listener.address);
    await rig.until(() => listener.probes.length === 1);
    return { listener, probe: listener.probes[0], peer };
  }

  it("binds a free port, tells it, and accepts nothing while nobody comes", async () => {
    await open();
    const listener = new ProbeListener(rig.engine, rig.anyAddress);
    expect(listener.address).toMatchObject({ kind: "tcp" });
    expect((listener.address as { port: number }).port).toBeGreaterThan(0);
    expect(rig.engine.poller.accept(listener.fd)).toBe(-Errno.EAGAIN);
  });

  it("says why a listener cannot be bound", async () => {
    await open();
    const { address } = new ProbeListener(rig.engine, rig.anyAddress);
    const before = rig.engine.fdTable.openCount;
    let error: unknown;
    try {
      rig.engine.poller.listen(address, 8);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(ListenError);
    expect((error as ListenError).errno).toBe(Errno.EADDRINUSE);
    expect(rig.engine.fdTable.openCount).toBe(before);
  });

  it("reports a connection, tells both its addresses, and receives what it says", async () => {
    const { probe, listener, peer } = await connected();
    expect(rig.engine.poller.localAddress(probe.fd)).toEqual(listener.address);
    expect(rig.engine.poller.peerAddress(probe.fd)).toMatchObject({ kind: "tcp" });
    peer.send("hello");
    await rig.until(() => probe.received === "hello");
    peer.send(" again");
    await rig.until(() => probe.received === "hello again");
  });

  it("connects, and says so by a possible send; results before that are EINPROGRESS (history: connect)", async () => {
    await open();
    const server = rig.serve();
    const connector = new ProbeConnector(rig.engine, server.address);
    // On loopback a connect may be over at once.
    expect([0, -Errno.EINPROGRESS]).toContain(rig.engine.poller.connectResult(connector.fd));
    await rig.until(() => connector.result === 0 && server.peers.length === 1);
    expect(connector.results.slice(0, -1).every((result) => result === -Errno.EINPROGRESS)).toBe(true);
    server.peers[0].startReading();
    connector.probe.send("ping");
    await rig.until(() => server.peers[0].received === "ping");
    server.peers[0].send("pong");
    await rig.until(() => connector.probe.received === "pong");
  });

  it("reports a refused connect with its reason, once and for all", async () => {
    await open();
    const connector = new ProbeConnector(rig.engine, rig.refusingAddress);
    await rig.until(() => connector.result === -Errno.ECONNREFUSED);
    await rig.settle();
    expect(rig.engine.fdTable.openCount).toBe(0);
  });

  it("delivers data and the end that came with it, in this order (history: data and FIN in one segment)", async () => {
    const { probe, peer } = await connected();
    peer.send("last words");
    peer.closeWrite();
    await rig.until(() => probe.receiveEnd !== null);
    expect(probe.received).toBe("last words");
    expect(probe.receiveEnd).toBe(0);
    expect(rig.engine.fdTable.flags(probe.fd) & FdFlag.HANGUP).not.toBe(0);
  });

  it("keeps a half-close: an answer still goes out after the peer ended its side", async () => {
    const { probe, peer } = await connected();
    peer.closeWrite();
    await rig.until(() => probe.receiveEnd === 0);
    peer.startReading();
    probe.send("answer");
    await rig.until(() => peer.received === "answer");
    rig.engine.poller.shutdownSend(probe.fd);
    await rig.until(() => peer.isEnded);
  });

  it("ends the sending side behind everything that was accepted, and still receives", async () => {
    const { probe, peer } = await connected();
    const text = "0123456789".repeat(900);
    peer.startReading();
    probe.send(text);
    await rig.until(() => probe.isFlushed);
    rig.engine.poller.shutdownSend(probe.fd);
    await rig.until(() => peer.isEnded);
    expect(peer.received).toBe(text);
    peer.send("still here");
    await rig.until(() => probe.received === "still here");
  });

  it("pushes back when a peer does not read, and reports room: every byte, in order", async () => {
    const { probe, peer } = await connected();
    let text = "";
    for (let i = 0; text.length < 12_000_000 / (subject.name.startsWith("sim") ? 100 : 1); i++) {
      text += `${i},`;
    }
    probe.send(text);
    await rig.settle();
    expect(probe.isFlushed).toBe(false);
    const turns = rig.engine.activity.turns;
    await rig.settle();
    expect(rig.engine.activity.turns - turns).toBeLessThan(60);
    peer.startReading();
    await rig.until(() => peer.received.length === text.length);
    expect(peer.received === text).toBe(true);
  }, 60_000);

  it("reports a reset, once, to whoever receives", async () => {
    const { probe, peer } = await connected();
    peer.reset();
    await rig.until(() => probe.receiveEnd !== null);
    expect(probe.receiveEnd).toBe(-Errno.ECONNRESET);
    await rig.settle();
    const { calls } = probe;
    await rig.settle();
    expect(probe.calls).toBe(calls);
  });

  it("a reset close is seen as a reset", async () => {
    const { probe, peer } = await connected();
    peer.startReading();
    probe.close(true);
    await rig.until(() => peer.isBroken || peer.isEnded);
    expect(peer.isBroken).toBe(true);
  });

  it("a close lets what was accepted arrive", async () => {
    const { probe, peer } = await connected();
    const text = "x".repeat(900);
    probe.send(text);
    expect(probe.isFlushed).toBe(true);
    probe.close();
    peer.startReading();
    await rig.until(() => peer.isEnded);
    expect(peer.received).toBe(text);
  });

  it("never hands a closed fd's readiness to its next owner (I6, history: reuse within a batch)", async () => {
    const { listener, probe, peer } = await connected();
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
    const { probe, peer } = await connected();
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
    const { probe, peer } = await connected();
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
    const { probe, peer } = await connected();
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
    await open();
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
    await open();
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
    await open();
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
    await open();
    const listener = new ProbeListener(rig.engine, rig.anyAddress);
    for (let i = 0; i < RIG_FD_CAPACITY; i++) rig.dial(listener.address);
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
    const { probe, peer } = await connected();
    await rig.settle();
    expect(rig.engine.poller.isIdleAlive(probe.fd)).toBe(true);
    probe.isIdle = true;
    peer.closeWrite();
    await rig.until(() => !rig.engine.poller.isIdleAlive(probe.fd));
  });

  it("ends a wait when woken from outside", async () => {
    await open();
    await rig.settle();
    let hasRun = false;
    rig.engine.post(() => hasRun = true);
    await rig.until(() => hasRun);
  });

  it("closing in the middle of everything leaves nothing registered", async () => {
    const { listener, probe, peer } = await connected();
    peer.send("a");
    probe.send("b");
    probe.close();
    rig.engine.close(listener.fd);
    await rig.settle();
    expect(rig.engine.fdTable.openCount).toBe(0);
    expect(rig.engine.fdTable.state(listener.fd) & (FdState.POLLED_R | FdState.POLLED_W)).toBe(0);
  });

  it("a send to a peer that is gone fails, now or with the next one, and is no surprise", async () => {
    const { probe, peer } = await connected();
    peer.close();
    await rig.until(() => probe.receiveEnd !== null);
    const slab = new Slab(1);
    await rig.until(() => {
      const count = rig.engine.send(probe.fd, slab, 0, 1);
      return count === -Errno.EPIPE || count === -Errno.ECONNRESET;
    });
  });
});
