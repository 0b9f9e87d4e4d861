/**
 * The memory that all threads share: connections, the health of servers, and stick tables.
 *
 * May import: config, proxy.
 *
 * @module
 */
import type { Config } from "../config/model.ts";
import { ConnectionCounts, countColumns } from "../proxy/connection_counts.ts";
import { HealthCells } from "../proxy/health/health_cells.ts";
import { StickTable } from "../proxy/stick/stick_table.ts";

/** See the module's text. */
export interface SharedCells {
  /** Integers of {@linkcode ConnectionCounts}, a row for each thread. */
  readonly connectionCells: SharedArrayBuffer;
  /** Integers of {@linkcode HealthCells}. */
  readonly healthCells: SharedArrayBuffer;
  /** Integers of the {@linkcode StickTable} of each backend; null where there is none. */
  readonly stickCells: readonly (SharedArrayBuffer | null)[];
}

/** Makes it, as at the start. */
export function newSharedCells(config: Config, threadCount: number): SharedCells {
  const serverCount = config.backends.reduce((count, { servers }) => count + servers.length, 0);
  return {
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
