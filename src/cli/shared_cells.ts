/**
 * The memory that all threads share: connections, the health of servers, stick tables, who waits for servers.
 *
 * May import: config, proxy.
 *
 * @module
 */
import type { Config } from "../config/model.ts";
import { ConnectionCounts, countColumns } from "../proxy/connection_counts.ts";
import { HealthCells } from "../proxy/health/health_cells.ts";
import { StickTable } from "../proxy/stick/stick_table.ts";
import { QueueCells, queueColumns } from "../proxy/queue/queue_cells.ts";

/** See the module's text. */
export interface SharedCells {
  /** Integers of {@linkcode ConnectionCounts}, a row for each thread. */
  readonly connectionCells: SharedArrayBuffer;
  /** Integers of {@linkcode HealthCells}. */
  readonly healthCells: SharedArrayBuffer;
  /** Integers of the {@linkcode StickTable} of each backend; null where there is none. */
  readonly stickCells: readonly (SharedArrayBuffer | null)[];
  /** Integers of {@linkcode QueueCells}; null when no server has a maxconn. */
  readonly queueCells: SharedArrayBuffer | null;
}

/** Makes it, as at the start. */
export function newSharedCells(config: Config, threadCount: number): SharedCells {
  const serverCount = config.backends.reduce((count, { servers }) => count + servers.length, 0);
  const columns = queueColumns(config);
  return {
    queueCells: columns === null ? null : new SharedArrayBuffer(QueueCells.sharedBytes(columns, threadCount)),
    connectionCells: new SharedArrayBuffer(
      ConnectionCounts.sharedBytes(countColumns(config), threadCount),
    ),
    healthCells: new SharedArrayBuffer(HealthCells.sharedBytes(serverCount, threadCount)),
    stickCells: config.backends.map(({ stick }) =>
      stick.table === null ? null : newStickCells(stick.table.entryCount)
    ),
  };
}

/** What keys are hashed with is the same in all threads, and nobody else's. */
function newStickCells(entryCount: number): SharedArrayBuffer {
  const cells = new SharedArrayBuffer(StickTable.sharedBytes(entryCount));
  const [low, high] = crypto.getRandomValues(new Int32Array(2));
  StickTable.seed(new Int32Array(cells), low!, high!);
  return cells;
}

/** The stick tables, as any thread sees and changes them. */
export function stickCellsOf(cells: SharedCells): (Int32Array | null)[] {
  return cells.stickCells.map((table) => table === null ? null : new Int32Array(table));
}

/** The connections of a thread. */
export function connectionCountsOf(cells: SharedCells, config: Config, thread: number): ConnectionCounts {
  return new ConnectionCounts(new Int32Array(cells.connectionCells), countColumns(config), thread);
}

/** The health of servers as a thread sees and changes it. */
export function healthCellsOf(cells: SharedCells, threadCount: number, thread: number): HealthCells {
  return new HealthCells(new Int32Array(cells.healthCells), threadCount, thread);
}

/** The queues as a thread sees them; null when nobody ever waits. */
export function queueCellsOf(
  cells: SharedCells,
  config: Config,
  threadCount: number,
  thread: number,
): QueueCells | null {
  if (cells.queueCells === null) return null;
  return new QueueCells(new Int32Array(cells.queueCells), queueColumns(config)!, threadCount, thread);
}

/** Counts nothing of a dead thread any more: first who waited there, so that nothing is given to it. */
export function clearThread(cells: SharedCells, config: Config, threadCount: number, thread: number): void {
  const connections = connectionCountsOf(cells, config, thread);
  queueCellsOf(cells, config, threadCount, thread)?.clear((server) => connections.giveBack(server));
  connections.clear();
}
