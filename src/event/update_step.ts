/**
 * The update step of a turn: the one place where the update list is read (I2), whatever the poller.
 *
 * May import: base.
 *
 * @module
 */
import type { Activity } from "./activity.ts";
import type { FdTable } from "./fd_table.ts";

/** Who applies an update: a poller. */
export interface UpdateTarget {
  /** Makes what is polled of an open fd what its state asks for; returns whether it changed anything. */
  update(fd: number, state: number): boolean;
}

/** Applies every entry, by the state that its fd has now, and empties the list. */
export function applyUpdates(table: FdTable, activity: Activity, target: UpdateTarget): void {
  const { updates } = table;
  for (let i = 0; i < updates.count; i++) {
    const fd = updates.at(i);
    table.clearUpdated(fd);
    if (table.isOpen(fd) && target.update(fd, table.state(fd))) activity.updatesApplied++;
    else activity.updatesVoid++;
  }
  updates.clear();
}
