/** What a connection's socket is given beyond the usual: keep-alive, the user timeout, where it comes from. @module */
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { Errno } from "../../../src/base/errno.ts";
import { Socket } from "../../../src/sys/abi.ts";
import type { Libc } from "../../../src/sys/libc.ts";
import type { TcpSockets } from "../../../src/sys/tcp_socket.ts";
import { option, untilReady } from "../../support/sys/kernel.ts";
import { ANY, TestSockets } from "../../support/sys/sockets.ts";

let kernel: TestSockets;
let libc: Libc;
let sockets: TcpSockets;

beforeEach(() => {
  kernel = new TestSockets();
  ({ libc, sockets } = kernel);
});

describe("what TCP does about a silent peer", () => {
  const KEEP_ALIVE = { idleSeconds: 61, intervalSeconds: 11, probeCount: 4 };
  const options = (fd: number) => [
    option(libc, fd, Socket.SOL_SOCKET, Socket.SO_KEEPALIVE),
    option(libc, fd, Socket.IPPROTO_TCP, Socket.TCP_KEEPIDLE),
    option(libc, fd, Socket.IPPROTO_TCP, Socket.TCP_KEEPINTVL),
    option(libc, fd, Socket.IPPROTO_TCP, Socket.TCP_KEEPCNT),
    option(libc, fd, Socket.IPPROTO_TCP, Socket.TCP_USER_TIMEOUT),
  ];

  it("is inherited from the listening socket, which alone is told", () => {
    const listener = kernel.listen();
    sockets.setTcp(listener.fd, { keepAlive: KEEP_ALIVE, userTimeoutMs: 5_000 });
    kernel.keep(sockets.connect(listener.address, false));
    const server = kernel.keep(untilReady(() => sockets.accept(listener.fd)));
    expect(options(server)).toEqual([1, 61, 11, 4, 5_000]);
  });

  it("is told to each socket that connects", () => {
    const tcp = { keepAlive: KEEP_ALIVE, userTimeoutMs: 5_000 };
    expect(options(kernel.keep(sockets.connect(kernel.listen().address, false, { tcp, source: null }))))
      .toEqual([
        1,
        61,
        11,
        4,
        5_000,
      ]);
  });

  it("is left to the system where nothing is asked for", () => {
    const { address } = kernel.listen();
    const asUsual = options(kernel.keep(sockets.connect(address, false)));
    const tcp = { keepAlive: null, userTimeoutMs: 0 };
    expect(options(kernel.keep(sockets.connect(address, false, { tcp, source: null })))).toEqual(asUsual);
    const on = { idleSeconds: 0, intervalSeconds: 0, probeCount: 0 };
    const probed = kernel.keep(
      sockets.connect(address, false, { tcp: { ...tcp, keepAlive: on }, source: null }),
    );
    expect(options(probed)).toEqual([1, ...asUsual.slice(1)]);
  });

  it("is nothing to a unix socket", async () => {
    const folder = await Deno.makeTempDir();
    onTestFinished(() => Deno.remove(folder, { recursive: true }));
    const listener = kernel.listen({ kind: "unix", path: `${folder}/a.sock` });
    const tcp = { keepAlive: KEEP_ALIVE, userTimeoutMs: 5_000 };
    kernel.keep(sockets.connect(listener.address, false, { tcp, source: { ...ANY } }));
    expect(sockets.connectResult).toBe(0);
  });
});

describe("the source of a connection", () => {
  const tcp = { keepAlive: null, userTimeoutMs: 0 };
  const from = (host: string, port = 0) => ({ tcp, source: { kind: "tcp" as const, host, port } });
  const freePort = () => {
    const fd = sockets.listen(ANY, 1, false);
    const { port } = sockets.localAddress(fd, "") as { port: number };
    sockets.close(fd);
    return port;
  };

  it.each([["127.0.0.1", "127.0.0.9"], ["::1", "::1"]])("to %s is %s, at any port", (host, source) => {
    const listener = kernel.listen({ kind: "tcp", host, port: 0 });
    const fd = kernel.keep(sockets.connect(listener.address, false, from(source)));
    expect([0, -Errno.EINPROGRESS]).toContain(sockets.connectResult);
    const server = kernel.keep(untilReady(() => sockets.accept(listener.fd)));
    expect(sockets.peerAddress(server, "")).toEqual({ kind: "tcp", host: source, port: expect.any(Number) });
    expect(option(libc, fd, Socket.IPPROTO_IP, Socket.IP_BIND_ADDRESS_NO_PORT)).toBe(1);
  });

  it("may have a port, which serves towards several servers at once", () => {
    const port = freePort();
    for (const listener of [kernel.listen(), kernel.listen()]) {
      kernel.keep(sockets.connect(listener.address, false, from("127.0.0.9", port)));
      const server = kernel.keep(untilReady(() => sockets.accept(listener.fd)));
      expect(sockets.peerAddress(server, "")).toEqual({ kind: "tcp", host: "127.0.0.9", port });
    }
  });

  it.each([
    ["this machine has not", "192.0.2.1", -Errno.EADDRNOTAVAIL],
    ["is of another family", "::1", -Errno.EAFNOSUPPORT],
    ["is no address", "lo", -Errno.EINVAL],
  ])("that %s is the result of the connect", (_, host, errno) => {
    const { address } = kernel.listen();
    kernel.keep(sockets.connect(address, false, from(host)));
    expect(sockets.connectResult).toBe(errno);
  });

  it("whose port is in use towards the same server is the result of the connect", () => {
    const { address } = kernel.listen();
    const port = freePort();
    kernel.keep(sockets.connect(address, false, from("127.0.0.9", port)));
    kernel.keep(sockets.connect(address, false, from("127.0.0.9", port)));
    expect(sockets.connectResult).toBe(-Errno.EADDRNOTAVAIL);
  });
});
