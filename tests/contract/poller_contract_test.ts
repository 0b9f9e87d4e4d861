/**
 * The poller contract: one suite over every poller, word for word what src/event/poller.ts promises of sockets.
 *
 * @module
 */
import { afterEach, describe, expect, it } from "vitest";
import { Errno } from "../../src/base/errno.ts";
import { FdFlag } from "../../src/event/fd_state.ts";
import { ListenError } from "../../src/event/poller.ts";
import { ProbeConnector, ProbeListener } from "../support/poller/rig.ts";
import { Rigs, SUBJECTS } from "../support/poller/subjects.ts";

describe.each(SUBJECTS)("poller $name", (subject) => {
  const rigs = new Rigs(subject);

  afterEach(() => rigs.close());

  it("binds a free port, tells it, and accepts nothing while nobody comes", async () => {
    const rig = await rigs.open();
    const listener = new ProbeListener(rig.engine, rig.anyAddress);
    expect(listener.address).toMatchObject({ kind: "tcp" });
    expect((listener.address as { port: number }).port).toBeGreaterThan(0);
    expect(rig.engine.poller.accept(listener.fd)).toBe(-Errno.EAGAIN);
  });

  it("says why a listener cannot be bound", async () => {
    const rig = await rigs.open();
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
    const { rig, probe, listener, peer } = await rigs.connected();
    expect(rig.engine.poller.localAddress(probe.fd)).toEqual(listener.address);
    expect(rig.engine.poller.peerAddress(probe.fd)).toMatchObject({ kind: "tcp" });
    peer.send("hello");
    await rig.until(() => probe.received === "hello");
    peer.send(" again");
    await rig.until(() => probe.received === "hello again");
  });

  it("connects, and says so by a possible send; results before that are EINPROGRESS (history: connect)", async () => {
    const rig = await rigs.open();
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
    const rig = await rigs.open();
    const connector = new ProbeConnector(rig.engine, rig.refusingAddress);
    await rig.until(() => connector.result === -Errno.ECONNREFUSED);
    await rig.settle();
    expect(rig.engine.fdTable.openCount).toBe(0);
  });

  it("delivers data and the end that came with it, in this order (history: data and FIN in one segment)", async () => {
    const { rig, probe, peer } = await rigs.connected();
    peer.send("last words");
    peer.closeWrite();
    await rig.until(() => probe.receiveEnd !== null);
    expect(probe.received).toBe("last words");
    expect(probe.receiveEnd).toBe(0);
    expect(rig.engine.fdTable.flags(probe.fd) & FdFlag.HANGUP).not.toBe(0);
  });

  it("keeps a half-close: an answer still goes out after the peer ended its side", async () => {
    const { rig, probe, peer } = await rigs.connected();
    peer.closeWrite();
    await rig.until(() => probe.receiveEnd === 0);
    peer.startReading();
    probe.send("answer");
    await rig.until(() => peer.received === "answer");
    rig.engine.poller.shutdownSend(probe.fd);
    await rig.until(() => peer.isEnded);
  });

  it("ends the sending side behind everything that was accepted, and still receives", async () => {
    const { rig, probe, peer } = await rigs.connected();
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
    const { rig, probe, peer } = await rigs.connected();
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
    const { rig, probe, peer } = await rigs.connected();
    peer.reset();
    await rig.until(() => probe.receiveEnd !== null);
    expect(probe.receiveEnd).toBe(-Errno.ECONNRESET);
    await rig.settle();
    const { calls } = probe;
    await rig.settle();
    expect(probe.calls).toBe(calls);
  });

  it("a reset close is seen as a reset", async () => {
    const { rig, probe, peer } = await rigs.connected();
    peer.startReading();
    probe.close(true);
    await rig.until(() => peer.isBroken || peer.isEnded);
    expect(peer.isBroken).toBe(true);
  });

  it("a close lets what was accepted arrive", async () => {
    const { rig, probe, peer } = await rigs.connected();
    const text = "x".repeat(900);
    probe.send(text);
    expect(probe.isFlushed).toBe(true);
    probe.close();
    peer.startReading();
    await rig.until(() => peer.isEnded);
    expect(peer.received).toBe(text);
  });
});
