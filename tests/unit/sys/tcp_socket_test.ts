/** Stream sockets of the kernel: every call's result, on loopback and on unix sockets. @module */
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { Errno } from "../../../src/base/errno.ts";
import { Slab } from "../../../src/base/slab.ts";
import { Socket } from "../../../src/sys/abi.ts";
import type { Libc } from "../../../src/sys/libc.ts";
import { pointerTo } from "../../../src/sys/memory.ts";
import type { TcpSockets } from "../../../src/sys/tcp_socket.ts";
import { option, untilReady } from "../../support/sys/kernel.ts";
import { ANY, TestSockets } from "../../support/sys/sockets.ts";

const PIECE_BYTES = 64;
const SENDS_MAX = 1_000;

let kernel: TestSockets;
let libc: Libc;
let sockets: TcpSockets;

beforeEach(() => {
  kernel = new TestSockets();
  ({ libc, sockets } = kernel);
});

async function temporaryPath(): Promise<string> {
  const folder = await Deno.makeTempDir();
  onTestFinished(() => Deno.remove(folder, { recursive: true }));
  return `${folder}/a.sock`;
}

describe("listen, connect, accept", () => {
  it.each(["127.0.0.1", "::1"])("make a connection whose ends know each other, on %s", (host) => {
    const listener = kernel.listen({ kind: "tcp", host, port: 0 });
    expect(listener.address).toEqual({ kind: "tcp", host, port: expect.any(Number) });
    const client = kernel.keep(sockets.connect(listener.address, false));
    expect([0, -Errno.EINPROGRESS]).toContain(sockets.connectResult);
    const server = kernel.keep(untilReady(() => sockets.accept(listener.fd)));
    // Known from the accept, then asked for: the same.
    const peer = sockets.peerAddress(server, "");
    expect(peer).toEqual(sockets.localAddress(client, ""));
    expect(sockets.peerAddress(server, "")).toEqual(peer);
    expect(sockets.peerAddress(client, "")).toEqual(listener.address);
    expect(sockets.localAddress(server, "")).toEqual(listener.address);
    expect(sockets.takeError(client)).toBe(0);
  });

  it("show an IPv4 client of a listener for both families as IPv4", () => {
    const { fd, address } = kernel.listen({ kind: "tcp", host: "::", port: 0 });
    const client = kernel.keep(sockets.connect({ ...ANY, port: (address as { port: number }).port }, false));
    const server = kernel.keep(untilReady(() => sockets.accept(fd)));
    expect(sockets.peerAddress(server, "")).toEqual(sockets.localAddress(client, ""));
  });

  it("work over a unix socket, whose path is what the caller knows", async () => {
    const path = await temporaryPath();
    const { client, server } = kernel.openPair({ kind: "unix", path });
    expect(sockets.connectResult).toBe(0);
    expect(sockets.peerAddress(client, path)).toEqual({ kind: "unix", path });
    expect(sockets.peerAddress(server, "")).toEqual({ kind: "unix", path: "" });
  });

  it("set TCP_NODELAY on both ends, and no unix socket's", () => {
    const { client, server } = kernel.openPair();
    for (const fd of [client, server]) {
      expect(option(libc, fd, Socket.IPPROTO_TCP, Socket.TCP_NODELAY)).toBe(1);
    }
  });

  it("an accept with nothing to take is -EAGAIN; of what does not listen -EINVAL", () => {
    const { fd } = kernel.listen();
    expect(sockets.accept(fd)).toBe(-Errno.EAGAIN);
    expect(sockets.accept(kernel.openPair().client)).toBe(-Errno.EINVAL);
  });

  it("the peer of an fd that was closed and given out again is asked for anew", () => {
    const { address, fd } = kernel.listen();
    const first = kernel.keep(sockets.connect(address, false));
    const accepted = untilReady(() => sockets.accept(fd));
    sockets.close(accepted);
    const second = kernel.keep(sockets.connect(address, false));
    expect(second).toBe(accepted);
    expect(sockets.peerAddress(second, "")).toEqual(address);
    expect(sockets.localAddress(second, "")).not.toEqual(sockets.localAddress(first, ""));
  });
});

describe("what cannot be bound or connected", () => {
  it("tells why: a host that is no address, a port in use, an address of another machine", () => {
    expect(sockets.listen({ kind: "tcp", host: "localhost", port: 0 }, 1, false)).toBe(-Errno.EINVAL);
    expect(sockets.connect({ kind: "tcp", host: "localhost", port: 1 }, false)).toBe(-Errno.EINVAL);
    expect(sockets.listen(kernel.listen().address, 1, false)).toBe(-Errno.EADDRINUSE);
    expect(sockets.listen({ kind: "tcp", host: "192.0.2.1", port: 0 }, 1, false)).toBe(-Errno.EADDRNOTAVAIL);
    expect(sockets.listen({ kind: "unix", path: "/no/such/folder/a" }, 1, false)).toBe(-Errno.ENOENT);
  });

  it("leaves no descriptor behind", () => {
    const { address } = kernel.listen();
    const count = () => [...Deno.readDirSync("/proc/self/fd")].length;
    const before = count();
    for (let i = 0; i < 5; i++) sockets.listen(address, 1, false);
    expect(count()).toBe(before);
  });

  it("refused is told at the connect or as the socket's error, which is then taken", () => {
    const listener = sockets.listen(ANY, 1, false);
    const address = sockets.localAddress(listener, "");
    sockets.close(listener);
    const client = kernel.keep(sockets.connect(address, false));
    if (sockets.connectResult === -Errno.EINPROGRESS) {
      expect(untilReady(() => -sockets.takeError(client) || -Errno.EAGAIN)).toBe(-Errno.ECONNREFUSED);
    } else expect(sockets.connectResult).toBe(-Errno.ECONNREFUSED);
    expect(sockets.takeError(client)).toBe(0);
    expect(sockets.takeError(1_000_000)).toBe(Errno.EBADF);
  });

  it("a unix socket without a file: -ENOENT", async () => {
    const path = await temporaryPath();
    kernel.keep(sockets.connect({ kind: "unix", path }, false));
    expect(sockets.connectResult).toBe(-Errno.ENOENT);
  });
});

describe("a port that is shared", () => {
  it("has a second listener if both ask for it, and none beside one that does not", () => {
    const first = kernel.listen(ANY, true);
    expect(kernel.listen(first.address, true).address).toEqual(first.address);
    expect(sockets.listen(first.address, 1, false)).toBe(-Errno.EADDRINUSE);
    expect(sockets.listen(kernel.listen().address, 1, true)).toBe(-Errno.EADDRINUSE);
  });

  it("duplicate is another descriptor of the same listener: what one closes the other has still", () => {
    const fd = sockets.listen(ANY, 8, false);
    const address = sockets.localAddress(fd, "");
    const other = kernel.keep(sockets.duplicate(fd));
    expect(other).not.toBe(fd);
    sockets.close(fd);
    kernel.keep(sockets.connect(address, false));
    kernel.keep(untilReady(() => sockets.accept(other)));
    expect(sockets.duplicate(1_000_000)).toBe(-Errno.EBADF);
  });
});

describe("recv and send", () => {
  it("move bytes between places, at the begin of a piece and inside of one", () => {
    const { client, server } = kernel.openPair();
    const [from, to] = [new Slab(4 * PIECE_BYTES, PIECE_BYTES), new Slab(4 * PIECE_BYTES, PIECE_BYTES)];
    for (const offset of [0, PIECE_BYTES, 2 * PIECE_BYTES + 5]) {
      from.bytes.set([1, 2, 3, 4, offset], offset);
      expect(sockets.send(client, from, offset, 5, false)).toBe(5);
      expect(untilReady(() => sockets.recv(server, to, offset, PIECE_BYTES))).toBe(5);
      expect([...to.bytes.subarray(offset, offset + 6)]).toEqual([1, 2, 3, 4, offset, 0]);
    }
  });

  it("hold a part of a segment back while more is to follow", () => {
    const { client, server } = kernel.openPair();
    const slab = new Slab(PIECE_BYTES);
    expect(sockets.send(client, slab, 0, 3, true)).toBe(3);
    expect(sockets.send(client, slab, 0, 4, false)).toBe(4);
    expect(untilReady(() => sockets.recv(server, slab, 0, PIECE_BYTES))).toBe(7);
  });

  it("return -EAGAIN when there is nothing, 0 at the end, a negated error number after a reset", () => {
    const { client, server } = kernel.openPair();
    const slab = new Slab(PIECE_BYTES);
    expect(sockets.recv(server, slab, 0, 8)).toBe(-Errno.EAGAIN);
    sockets.shutdownSend(client);
    expect(untilReady(() => sockets.recv(server, slab, 0, 8))).toBe(0);
    const other = kernel.openPair();
    const leaving = sockets.duplicate(other.client);
    expect(leaving).toBeGreaterThan(0);
    sockets.close(leaving);
    sockets.setReset(other.client);
    libc.call.close(other.client);
    expect(untilReady(() => sockets.recv(other.server, slab, 0, 8))).toBe(-Errno.ECONNRESET);
    // No SIGPIPE ends the process.
    expect(sockets.send(other.server, slab, 0, 8, false)).toBe(-Errno.EPIPE);
  });

  it("send what fits, then -EAGAIN", () => {
    const { client } = kernel.openPair();
    const slab = new Slab(1 << 20);
    let count = 0;
    for (let i = 0; i < SENDS_MAX && count >= 0; i++) count = sockets.send(client, slab, 0, 1 << 20, false);
    expect(count).toBe(-Errno.EAGAIN);
  });
});

describe("the wake-up", () => {
  it("is readable once woken, and quiet once taken", () => {
    const fd = kernel.keep(sockets.openWakeup());
    sockets.takeWakeups(fd); // nothing there: does not block
    sockets.wake(fd);
    sockets.wake(fd);
    sockets.takeWakeups(fd);
    expect(libc.call.eventfd_read(fd, pointerTo(new Uint8Array(new ArrayBuffer(64))))).toBe(-1);
    expect(libc.errno).toBe(Errno.EAGAIN);
  });
});
