/**
 * What a balancer sees of a server, what a balancer is, and the rules that all algorithms share: who may be chosen, and when a
 * backup is.
 *
 *     usable, weight > 0, no backup, not tried,   eligible: the algorithm chooses among these
 *       and not full
 *     the same, but full                          not now; it is waited for (proxy/queue), and no backup is chosen for it
 *     usable, weight > 0, backup, not tried       only when none is eligible, and then the first alone
 *     any other                                   never
 *
 * May import: base.
 *
 * @module
 */
import type { Bitmap } from "../../base/bitmap.ts";
import type { Prng } from "../../base/prng.ts";

/** What a balancer sees of a server. */
export interface Candidate {
  /** 0 to 256, or 16 times that where there is a slowstart; may change. */
  readonly weight: number;
  /** The weight that it has when no slowstart lessens it. */
  readonly wholeWeight: number;
  /** May change, where names say what a server is. */
  readonly isBackup: boolean;
  /** Of backups those with the least come first. */
  readonly backupRank: number;
  /** May take new traffic. */
  readonly usable: boolean;
  /** Streams on it, and those that wait for it in particular, of all threads. */
  readonly currentConns: number;
  /** It takes no more streams for now: its maxconn are on it, and its maxqueue wait for it in particular. */
  readonly isFull: boolean;
  /** Any number may wait for it in particular: whoever wants this very server, by a key, goes to it however full it is. */
  readonly isPatient: boolean;
  /** What it is known by where a key is hashed: its address as written; "" a slot without one, which owns no keys. */
  readonly hashName: string;
}

/** What a balancer sees of the world. */
export interface BalanceView {
  readonly prng: Prng;
  /** The engine's time. */
  readonly nowMs: number;
  /** Streams on all servers of the backend, of all threads. */
  readonly servedConns: number;
  /** This thread, from 0, and how many there are. */
  readonly thread: number;
  readonly threadCount: number;
}

/** One algorithm over one backend's servers. */
export interface Balancer {
  /**
   * Index of the chosen server; -1 when none can be used. `tried` holds servers that this stream failed on; `key` is what its
   * request is hashed to, NO_KEY when it has no such thing.
   */
  choose(tried: Bitmap | null, key: number): number;
  /** Told when usable, weight or currentConns of a server changed. */
  onServerChange(index: number): void;
  /** A server answered, or failed to, so long after it was chosen. */
  onResponse(index: number, elapsedUs: number, isError: boolean): void;
}

/** Whether the server may be chosen now; backups are looked at apart. */
export function isEligible(candidate: Candidate, index: number, tried: Bitmap | null): boolean {
  return candidate.usable && candidate.weight > 0 && !candidate.isBackup && !candidate.isFull &&
    (tried === null || !tried.has(index));
}

/** The same for who wants this very server, and would wait for it. */
export function isEligibleToWait(candidate: Candidate, index: number, tried: Bitmap | null): boolean {
  return candidate.usable && candidate.weight > 0 && !candidate.isBackup &&
    (candidate.isPatient || !candidate.isFull) && (tried === null || !tried.has(index));
}

/** The first usable backup of the least rank; -1 when there is none, or it is full, or an ordinary server is merely full. */
export function chooseBackup(candidates: readonly Candidate[], tried: Bitmap | null): number {
  let best = -1;
  for (let i = 0; i < candidates.length; i++) {
    const { usable, weight, isBackup, backupRank } = candidates[i];
    if (!usable || weight === 0 || (tried !== null && tried.has(i))) continue;
    if (!isBackup) return -1;
    if (best < 0 || backupRank < candidates[best].backupRank) best = i;
  }
  return best >= 0 && candidates[best].isFull ? -1 : best;
}
