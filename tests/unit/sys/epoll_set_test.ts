/** An epoll instance: what is registered is told, with its fd and generation, once an edge. @module */
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { Slab } from "../../../src/base/slab.ts";
import { Epoll } from "../../../src/sys/abi.ts";
import { EpollSet } from "../../../src/sys/epoll_set.ts";
import type { Libc } from "../../../src/sys/libc.ts";
import type { TcpSockets } from "../../../src/sys/tcp_socket.ts";
import { TestSockets } from "../../support/sys/sockets.ts";

const EVENTS_MAX = 4;
const GENERATION = 0xffff_fffe;

let libc: Libc;
let kernel: TestSockets;
let sockets: TcpSockets;
let set: EpollSet;

beforeEach(() => {
  kernel = new TestSockets();
  ({ libc, sockets } = kernel);
  set = new EpollSet(libc, EVENTS_MAX);
  onTestFinished(() => set.close());
});

function openWakeup(): number {
  const fd = sockets.openWakeup();
  expect(fd).toBeGreaterThan(0);
  onTestFinished(() => sockets.close(fd));
  return fd;
}

/** Every event of a wait that does not block. */
function told(): { fd: number; generation: number; bits: number }[] {
  const count = set.wait(0);
  return Array.from({ length: count }, (_, i) => ({
    fd: set.fd(i),
    generation: set.generation(i),
    bits: set.bits(i),
  }));
}

describe("events", () => {
  it("carry the fd and its generation, all 32 bits of it", () => {
    const fd = openWakeup();
    expect(set.add(fd, GENERATION, false)).toBe(0);
    expect(told()).toEqual([]);
    sockets.wake(fd);
    expect(told()).toEqual([{ fd, generation: GENERATION, bits: Epoll.IN }]);
  });

  it("come once an edge, and again with the next one", () => {
    const fd = openWakeup();
    set.add(fd, 1, false);
    sockets.wake(fd);
    expect(told().length).toBe(1);
    expect(told()).toEqual([]);
    sockets.wake(fd);
    expect(told().length).toBe(1);
  });

  it("come for several at once, at most as many as there is room for; the others come next", () => {
    const fds = Array.from({ length: EVENTS_MAX + 2 }, openWakeup);
    for (const [index, fd] of fds.entries()) {
      set.add(fd, index, false);
      sockets.wake(fd);
    }
    const first = told();
    expect(first.length).toBe(EVENTS_MAX);
    const all = [...first, ...told()];
    expect(all.map(({ fd }) => fd).sort()).toEqual([...fds].sort());
    for (const { fd, generation } of all) expect(fds[generation]).toBe(fd);
  });

  it("tell of a socket that it may send only once that is watched", () => {
    const { client, server } = kernel.openPair();
    set.add(client, 1, false);
    set.add(server, 2, true);
    expect(told()).toEqual([{ fd: server, generation: 2, bits: Epoll.OUT }]);
    expect(set.watchSend(client, 3)).toBe(0);
    expect(told()).toEqual([{ fd: client, generation: 3, bits: Epoll.OUT }]);
  });

  it("tell of bytes, of the end of the peer's side, and of a reset", () => {
    const { client, server } = kernel.openPair();
    set.add(server, 1, false);
    expect(sockets.send(client, new Slab(8), 0, 3, false)).toBe(3);
    expect(told().map(({ bits }) => bits)).toEqual([Epoll.IN]);
    sockets.shutdownSend(client);
    expect(told().map(({ bits }) => bits)).toEqual([Epoll.IN | Epoll.RDHUP]);
    const { client: other, server: reset } = kernel.openPair();
    set.add(reset, 1, false);
    sockets.setReset(other);
    sockets.close(other);
    const bits = told()[0].bits;
    expect(bits & (Epoll.ERR | Epoll.HUP)).toBe(Epoll.ERR | Epoll.HUP);
  });

  it("do not come for what is closed", () => {
    const fd = sockets.openWakeup();
    set.add(fd, 1, false);
    sockets.wake(fd);
    sockets.close(fd);
    expect(told()).toEqual([]);
  });
});

describe("registering", () => {
  it("returns the error number, negated: a closed fd, one that is there already, one that never was", () => {
    const EEXIST = 17;
    const ENOENT = 2;
    const EBADF = 9;
    const fd = openWakeup();
    expect(set.watchSend(fd, 1)).toBe(-ENOENT);
    expect(set.add(fd, 1, false)).toBe(0);
    expect(set.add(fd, 1, false)).toBe(-EEXIST);
    expect(set.add(1_000_000, 1, false)).toBe(-EBADF);
  });
});

describe("waiting", () => {
  it("ends when its time is over", () => {
    const beganMs = performance.now();
    expect(set.wait(20)).toBe(0);
    expect(performance.now() - beganMs).toBeGreaterThanOrEqual(19);
  });

  it("parked leaves this thread free, and ends when something comes", async () => {
    const fd = openWakeup();
    set.add(fd, 7, false);
    const parked = set.park(60_000);
    await Promise.resolve();
    sockets.wake(fd);
    expect(await parked).toBe(1);
    expect([set.fd(0), set.generation(0)]).toEqual([fd, 7]);
    expect(await set.park(1)).toBe(0);
  });

  it("fails loudly when the set is closed", () => {
    const closed = new EpollSet(libc, 1);
    closed.close();
    expect(() => closed.wait(0)).toThrow("epoll_wait failed (errno 9)");
  });
});

it("there is no set for a processor whose layout is unknown", () => {
  expect(() => new EpollSet(libc, 1, null)).toThrow("no layout of epoll_event is known");
});
