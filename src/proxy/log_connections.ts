/**
 * The connections that are open when a line of the access log is written: %ac, %fc, %bc, %sc.
 *
 * May import: proxy.
 *
 * @module
 */
import type { Backend } from "./backend.ts";
import type { ConnectionCounts } from "./connection_counts.ts";
import type { Dispatch } from "./dispatch.ts";
import type { LogRecord } from "./log_record.ts";

/** Notes them; before the stream leaves `backend` and its server. */
export function noteConnections(
  record: LogRecord,
  connections: ConnectionCounts,
  listener: { readonly connectionCount: number },
  backend: Backend | null,
  dispatch: Dispatch | null,
): void {
  const server = dispatch?.server ?? null;
  record.processConns = connections.total;
  record.frontendConns = listener.connectionCount;
  record.backendConns = backend === null ? 0 : backend.currentConns;
  // One that could not be connected to has no connection of ours; one that is waited for never had.
  record.serverConns = server === null
    ? 0
    : server.servedConns - (dispatch!.hasSlot && record.connectMs < 0 ? 1 : 0);
}
