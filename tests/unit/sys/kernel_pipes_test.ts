/** Pipes between two real sockets: what goes in comes out, in order; lent, kept and closed as promised. @module */
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { Errno } from "../../../src/base/errno.ts";
import { Slab } from "../../../src/base/slab.ts";
import { KernelPipes } from "../../../src/sys/kernel_pipes.ts";
import type { TcpSockets } from "../../../src/sys/tcp_socket.ts";
import { TestSockets } from "../../support/sys/sockets.ts";

const COUNT = 3;
const BYTES = 100_000;

let kernel: TestSockets;
let sockets: TcpSockets;
let pipes: KernelPipes;
let openFds: Uint8Array;

beforeEach(() => {
  kernel = new TestSockets();
  ({ sockets } = kernel);
  openFds = new Uint8Array(256);
  pipes = new KernelPipes(kernel.libc, COUNT, openFds);
  onTestFinished(() => pipes.close());
});

function pattern(sizeBytes: number): Slab {
  const slab = new Slab(sizeBytes);
  for (let i = 0; i < sizeBytes; i++) slab.bytes[i] = (i * 7 + (i >> 8)) & 0xff;
  return slab;
}

/** Sends all of it; the receiving side's window is larger. */
function sendAll(fd: number, slab: Slab): void {
  for (let sent = 0; sent < slab.bytes.length;) {
    const count = sockets.send(fd, slab, sent, slab.bytes.length - sent, false);
    expect(count).toBeGreaterThan(0);
    sent += count;
  }
}

function openCount(): number {
  return openFds.reduce((sum, isOpen) => sum + isOpen, 0);
}

describe("a pipe", () => {
  it("moves bytes from one socket to another, whole and in order", () => {
    const { client: sender, server: from } = kernel.openPair();
    const { client: to, server: receiver } = kernel.openPair();
    const sent = pattern(BYTES);
    sendAll(sender, sent);
    const pipe = pipes.take();
    const received = new Slab(BYTES);
    let at = 0;
    for (let looks = 0; at < BYTES && looks < 1_000_000; looks++) {
      const filled = pipes.fill(pipe, from, BYTES);
      if (filled === -Errno.EAGAIN) continue;
      expect(filled).toBeGreaterThan(0);
      for (let left = filled; left > 0;) {
        const drained = pipes.drain(pipe, to, left, false);
        if (drained > 0) left -= drained;
        else expect(drained).toBe(-Errno.EAGAIN);
        const count = sockets.recv(receiver, received, at, BYTES - at);
        if (count > 0) at += count;
      }
      const count = sockets.recv(receiver, received, at, Math.max(1, BYTES - at));
      if (count > 0) at += count;
    }
    expect(at).toBe(BYTES);
    expect(received.bytes).toEqual(sent.bytes);
    pipes.give(pipe, true);
  });

  it("says what a receive would: nothing there, the end, how much", () => {
    const { client: sender, server: from } = kernel.openPair();
    const pipe = pipes.take();
    expect(pipes.fill(pipe, from, BYTES)).toBe(-Errno.EAGAIN);
    sockets.shutdownSend(sender);
    expect(pipes.fill(pipe, from, BYTES)).toBe(0);
    pipes.give(pipe, true);
  });

  it("says what a send would: the peer is gone, and nobody is killed by it (SIGPIPE)", () => {
    const { client: sender, server: from } = kernel.openPair();
    const { client: to } = kernel.openPair();
    sendAll(sender, pattern(10));
    const pipe = pipes.take();
    expect(pipes.fill(pipe, from, BYTES)).toBe(10);
    sockets.shutdownSend(to);
    expect(pipes.drain(pipe, to, 10, false)).toBe(-Errno.EPIPE);
    pipes.give(pipe, false);
  });

  it("takes no more than is asked for: what is behind it stays in the socket", () => {
    const { client: sender, server: from } = kernel.openPair();
    sendAll(sender, pattern(10));
    const pipe = pipes.take();
    expect(pipes.fill(pipe, from, 4)).toBe(4);
    expect(sockets.recv(from, new Slab(16), 0, 16)).toBe(6);
    pipes.give(pipe, false);
  });
});

describe("the pipes", () => {
  it("are so many and no more, made when asked for, and kept when they come back empty", () => {
    expect(openCount()).toBe(0);
    const lent = [pipes.take(), pipes.take(), pipes.take()];
    expect([new Set(lent).size, pipes.take(), openCount()]).toEqual([COUNT, -1, 2 * COUNT]);
    pipes.give(lent[1], true);
    expect([pipes.take(), openCount()]).toEqual([lent[1], 2 * COUNT]);
    for (const pipe of lent) pipes.give(pipe, true);
    pipes.close();
    expect(openCount()).toBe(0);
  });

  it("that come back with bytes in them are closed, and made anew: nobody sees another's bytes", () => {
    const { client: sender, server: from } = kernel.openPair();
    const { client: to, server: receiver } = kernel.openPair();
    sendAll(sender, pattern(10));
    const first = pipes.take();
    expect(pipes.fill(first, from, 10)).toBe(10);
    pipes.give(first, false);
    expect(openCount()).toBe(0);
    const second = pipes.take();
    sendAll(sender, pattern(1));
    expect(pipes.fill(second, from, 10)).toBe(1);
    expect(pipes.drain(second, to, 10, false)).toBe(1);
    expect(sockets.recv(receiver, new Slab(16), 0, 16)).toBe(1);
    pipes.give(second, true);
  });
});
