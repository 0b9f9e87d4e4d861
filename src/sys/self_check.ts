/**
 * Whether this kernel has the ABI that abi.ts writes down: two counters are registered, woken and waited for, and a socket is
 * bound and asked where. What comes back must be what was put in; a wrong layout would corrupt memory or mix up connections.
 *
 * A dozen system calls, once for each thread, before anything else is done through FFI.
 *
 * May import: base, sys.
 *
 * @module
 */
import { errnoName } from "../base/errno.ts";
import { Slab } from "../base/slab.ts";
import { Epoll, type EpollEventLayout, epollEventLayout } from "./abi.ts";
import { EpollSet } from "./epoll_set.ts";
import { KernelPipes } from "./kernel_pipes.ts";
import type { Libc } from "./libc.ts";
import { TcpSockets } from "./tcp_socket.ts";

/** More than come: a kernel with larger events than expected stays within the memory. */
const EVENTS_MAX = 8;
/** No half of it is zero or alike another, and its sign bit is set. */
const GENERATION = 0x89ab_cdef;
const HOST = "127.0.0.1";

/** Returns null when everything is as expected, else what is not, for people. */
export function checkKernel(
  libc: Libc,
  layout: EpollEventLayout | null = epollEventLayout(Deno.build.arch),
): string | null {
  if (layout === null) return `the layout of epoll_event is not known on ${Deno.build.arch}`;
  const sockets = new TcpSockets(libc);
  return checkEvents(libc, sockets, layout) ?? checkAddress(sockets);
}

/** Two events: the second one proves how long the first one is. */
function checkEvents(libc: Libc, sockets: TcpSockets, layout: EpollEventLayout): string | null {
  const fds = [sockets.openWakeup(), sockets.openWakeup()];
  try {
    const failed = fds.find((fd) => fd < 0);
    return failed === undefined
      ? tellEvents(libc, sockets, fds, layout)
      : `no eventfd (${errnoName(failed)})`;
  } finally {
    for (const fd of fds) if (fd >= 0) sockets.close(fd);
  }
}

function tellEvents(
  libc: Libc,
  sockets: TcpSockets,
  fds: readonly number[],
  layout: EpollEventLayout,
): string | null {
  let set: EpollSet;
  try {
    set = new EpollSet(libc, EVENTS_MAX, layout);
  } catch {
    return `no epoll (errno ${libc.errno})`;
  }
  try {
    for (const [index, fd] of fds.entries()) {
      if (set.add(fd, GENERATION + index, false) < 0) return "an eventfd cannot be registered";
      sockets.wake(fd);
    }
    const count = set.wait(0);
    const told = Array.from({ length: count }, (_, i) => `${set.fd(i)} ${set.generation(i)} ${set.bits(i)}`);
    const expected = fds.map((fd, index) => `${fd} ${GENERATION + index} ${Epoll.IN}`);
    return told.sort().join() === expected.sort().join() ? null : "epoll_event has another layout";
  } finally {
    set.close();
  }
}

/** Whether bytes pass from one connection through a pipe into another: not every kernel (or what plays one) has splice(2) for sockets. */
export function canSplice(libc: Libc): boolean {
  const sockets = new TcpSockets(libc);
  const pipes = new KernelPipes(libc, 1, new Uint8Array(0));
  const listener = sockets.listen({ kind: "tcp", host: HOST, port: 0 }, 1, false);
  const client = listener < 0 ? listener : sockets.connect(sockets.localAddress(listener, ""), false);
  const server = client < 0 ? client : sockets.accept(listener);
  const pipe = pipes.take();
  try {
    const bytes = new Slab(1);
    if (server < 0 || pipe < 0 || sockets.send(client, bytes, 0, 1, false) !== 1) return false;
    // Loopback delivers before a send returns. Back to where it came from: both directions of a socket are used.
    return pipes.fill(pipe, server, 1) === 1 && pipes.drain(pipe, server, 1, false) === 1 &&
      sockets.recv(client, bytes, 0, 1) === 1;
  } finally {
    for (const fd of [listener, client, server]) if (fd >= 0) sockets.close(fd);
    if (pipe >= 0) pipes.give(pipe, true);
    pipes.close();
  }
}

function checkAddress(sockets: TcpSockets): string | null {
  const fd = sockets.listen({ kind: "tcp", host: HOST, port: 0 }, 1, false);
  if (fd < 0) return `${HOST} cannot be bound (${errnoName(fd)})`;
  const bound = sockets.localAddress(fd, "");
  sockets.close(fd);
  return bound.kind === "tcp" && bound.host === HOST && bound.port > 0
    ? null
    : "sockaddr_in has another layout";
}
