/**
 * TLS handshakes on sockets of either side, step by step; and whom a server is asked for.
 *
 * May import: base, event, proxy.
 *
 * @module
 */
import { Errno } from "../base/errno.ts";
import type { Engine } from "../event/engine.ts";
import { Handshake } from "../event/poller.ts";
import type { Server } from "./server.ts";

/**
 * Goes on with a handshake, and awaits the direction that it needs. Returns 0 when it is over, -EAGAIN while it is not, -EPROTO when it
 * failed: the poller's `tls.failure` says why.
 */
export function shakeHands(engine: Engine, fd: number): number {
  const { fdTable } = engine;
  switch (engine.poller.tls!.handshake(fd)) {
    case Handshake.DONE:
      fdTable.stopSend(fd);
      return 0;
    case Handshake.AWAITS_RECV:
      fdTable.stopSend(fd);
      fdTable.cantRecv(fd);
      fdTable.wantRecv(fd);
      return -Errno.EAGAIN;
    case Handshake.AWAITS_SEND:
      fdTable.stopRecv(fd);
      fdTable.cantSend(fd);
      fdTable.wantSend(fd);
      return -Errno.EAGAIN;
    default:
      return -Errno.EPROTO;
  }
}

/** Whom a connection to `server` for a request of `authority` (host and port; "" for none) asks for. */
export function nameOf(server: Server, authority: string): string {
  const { kind, name } = server.config.tls!.serverName;
  if (kind === "name" || authority === "") return name;
  return authority.replace(/:\d*$/, "").replace(/^\[(.*)\]$/, "$1").toLowerCase() || name;
}
