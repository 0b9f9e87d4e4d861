/**
 * Socket addresses as people write them.
 *
 * May import: event.
 *
 * @module
 */
import type { SocketAddress } from "../event/poller.ts";

/** Returns an address as people write it. */
export function formatAddress(address: SocketAddress): string {
  if (address.kind === "unix") return `unix:${address.path}`;
  return address.host.includes(":") ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}
