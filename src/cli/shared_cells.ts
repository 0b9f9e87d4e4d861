/**
 * The memory that all threads share: connections, and the health of servers.
 *
 * May import: config, proxy.
 *
 * @module
 */
import type { Config } from "../config/model.ts";
import { ConnectionCounts, countColumns } from "../proxy/connection_counts.ts";
import { HealthCells } from "../proxy/health/health_cells.ts";

/** See the module's text. */
export interface SharedCells {
  /** Integers of {@linkcode ConnectionCounts}, a row for each thread. */
  readonly connectionCells: SharedArrayBuffer;
  /** Integers of {@linkcode HealthCells}. */
  readonly healthCells: SharedArrayBuffer;
}

/** Makes it, as at the start. */
export function newSharedCells(config: Config, threadCount: number): SharedCells {
  const serverCount = config.backends.reduce((count, { servers }) => count + servers.length, 0);
  return {
    connectionCells: new SharedArrayBuffer(
      ConnectionCounts.sharedBytes(countColumns(config), threadCount),
    ),
    healthCells: new SharedArrayBuffer(HealthCells.sharedBytes(serverCount, threadCount)),
  };
}

/** The connections of a thread. */
export function connectionCountsOf(cells: SharedCells, config: Config, thread: number): ConnectionCounts {
  return new ConnectionCounts(new Int32Array(cells.connectionCells), countColumns(config), thread);
}

/** The health of servers as a thread sees and changes it. */
export function healthCellsOf(cells: SharedCells, threadCount: number, thread: number): HealthCells {
  return new HealthCells(new Int32Array(cells.healthCells), threadCount, thread);
}
