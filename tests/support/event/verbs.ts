/** The four verbs of the fd table by name and direction, for tests that go through all of them. @module */
import { Direction, FdState } from "../../../src/event/fd_state.ts";
import type { FdTable } from "../../../src/event/fd_table.ts";

export type Verb = "want" | "stop" | "may" | "cant";
export const VERBS: readonly Verb[] = ["want", "stop", "may", "cant"];
export const DIRECTIONS: readonly number[] = [Direction.RECV, Direction.SEND];

/** The states of one direction; the index is its bits: 1 active, 2 ready, 4 polled. */
export const STATE_NAMES = [
  "disabled",
  "mustpoll",
  "stopped",
  "active",
  "abort",
  "polled",
  "paused",
  "ready",
] as const;
export type StateName = typeof STATE_NAMES[number];

/** Says a verb for one direction of an fd. */
export function say(table: FdTable, fd: number, direction: number, verb: Verb): void {
  const isReceive = direction === Direction.RECV;
  switch (verb) {
    case "want":
      return isReceive ? table.wantRecv(fd) : table.wantSend(fd);
    case "stop":
      return isReceive ? table.stopRecv(fd) : table.stopSend(fd);
    case "may":
      return isReceive ? table.mayRecv(fd) : table.maySend(fd);
    case "cant":
      return isReceive ? table.cantRecv(fd) : table.cantSend(fd);
  }
}

/** The three bits of one direction. */
export function bitsOf(state: number, direction: number): number {
  return (direction === Direction.RECV ? state : state >> 4) & 7;
}

export function nameOf(table: FdTable, fd: number, direction: number): StateName {
  return STATE_NAMES[bitsOf(table.state(fd), direction)];
}

/** Brings both directions of an open fd into the given states, with nothing left in the update list. */
export function setStates(table: FdTable, fd: number, receive: StateName, send: StateName): void {
  const wanted: readonly (readonly [number, number])[] = [
    [Direction.RECV, STATE_NAMES.indexOf(receive)],
    [Direction.SEND, STATE_NAMES.indexOf(send)],
  ];
  let polled = 0;
  for (const [direction, bits] of wanted) {
    say(table, fd, direction, (bits & 1) !== 0 ? "want" : "stop");
    say(table, fd, direction, (bits & 2) !== 0 ? "may" : "cant");
    if ((bits & 4) !== 0) polled |= direction === Direction.RECV ? FdState.POLLED_R : FdState.POLLED_W;
  }
  table.setPolled(fd, polled);
  clearUpdates(table);
}

/** Empties the update list without looking at it, as a poller that has nothing to do. */
export function clearUpdates(table: FdTable): void {
  for (let i = 0; i < table.updates.count; i++) table.clearUpdated(table.updates.at(i));
  table.updates.clear();
}

/** The fds in the update list, in order. */
export function updatesOf(table: FdTable): number[] {
  return Array.from({ length: table.updates.count }, (_, i) => table.updates.at(i));
}
