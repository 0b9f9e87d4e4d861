/**
 * Sockets of this machine's kernel that are closed when the test ends.
 *
 * @module
 */
import { expect, onTestFinished } from "vitest";
import type { Libc } from "../../../src/sys/libc.ts";
import { TcpSockets } from "../../../src/sys/tcp_socket.ts";
import { openLibc } from "./kernel.ts";

type Address = ReturnType<TcpSockets["localAddress"]>;

/** Any port of loopback. */
export const ANY = { kind: "tcp", host: "127.0.0.1", port: 0 } as const;

const BACKLOG = 8;

/** See the module's text; one for each test. */
export class TestSockets {
  readonly libc: Libc = openLibc();
  readonly sockets = new TcpSockets(this.libc);

  /** Closes an fd when the test ends. */
  keep(fd: number): number {
    expect(fd).toBeGreaterThan(0);
    onTestFinished(() => this.sockets.close(fd));
    return fd;
  }

  listen(address: Address = ANY, sharesPort = false): { fd: number; address: Address } {
    const fd = this.keep(this.sockets.listen(address, BACKLOG, sharesPort));
    return { fd, address: this.sockets.localAddress(fd, address.kind === "unix" ? address.path : "") };
  }

  /** Two ends of a connection, the second one accepted. */
  openPair(address: Address = ANY): { client: number; server: number } {
    const listener = this.listen(address);
    const client = this.keep(this.sockets.connect(listener.address, false));
    return { client, server: this.keep(this.sockets.accept(listener.fd)) };
  }
}
