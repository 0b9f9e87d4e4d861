/**
 * What the access log says of a stream that waited: Tw, and its places in the queues (%sq, %bq).
 *
 * May import: proxy.
 *
 * @module
 */
import type { Dispatch } from "../dispatch.ts";
import type { LogRecord } from "../log_record.ts";

/** Notes it, if the stream waited; one that still does waits no more. */
export function noteQueue(record: LogRecord, dispatch: Dispatch): void {
  const { waiter } = dispatch;
  if (waiter === null) return;
  dispatch.leaveQueue();
  record.serverQueue = waiter.serverPosition;
  record.backendQueue = waiter.backendPosition;
  if (waiter.serverPosition + waiter.backendPosition > 0) record.queueMs = dispatch.queuedMs;
}
