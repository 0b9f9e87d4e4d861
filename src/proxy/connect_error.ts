/**
 * Why a connection to a server was not had, in words for the log.
 *
 * May import: base, config, event, proxy.
 *
 * @module
 */
import { Errno, errnoName } from "../base/errno.ts";
import type { SourceConfig } from "../config/model.ts";
import type { SocketAddress } from "../event/poller.ts";
import { formatAddress } from "./address_text.ts";

/** @param timeoutMs What was waited for in vain; 0 when it did not come to that. */
export function describeConnectError(
  address: SocketAddress,
  source: SourceConfig | null,
  errno: number,
  timeoutMs: number,
): string {
  const where = formatAddress(address);
  if (timeoutMs > 0) return `${where} did not accept the connection within ${timeoutMs} ms`;
  if (errno === -Errno.ECONNREFUSED) return `${where} refused the connection (ECONNREFUSED)`;
  if (source === null) return `cannot connect to ${where} (${errnoName(errno)})`;
  const from = source.hosts.join(" or ");
  const isMismatch = errno === -Errno.EAFNOSUPPORT;
  const reason = isMismatch ? "one is IPv4, the other IPv6" : errnoName(errno);
  return `cannot connect to ${where} from ${from} (${reason})`;
}
