/**
 * Balancing: which server gets the next stream.
 *
 *     algorithm    choice                                             cost
 *     roundrobin   smooth by weight: each server in turn, spread      O(n), n servers
 *     leastconn    the fewest connections for its weight, in turn     O(n)
 *     random       the less loaded of two drawn by weight             O(n)
 *     first        the first that can be used                         O(n)
 *
 * All: a server with weight 0, not usable, or tried already is never chosen. Backup servers count only while no other server can be
 * used; then the first usable backup alone is (HAProxy without `option allbackups`). Nothing is allocated per choice; a backend has
 * few servers, and a scan of a short array beats a tree that must be kept.
 *
 * May import: base, config.
 *
 * @module
 */
import type { Bitmap } from "../../base/bitmap.ts";
import type { Prng } from "../../base/prng.ts";
import type { BalanceAlgorithm } from "../../config/model.ts";
import { First } from "./first.ts";
import { LeastConn } from "./least_conn.ts";
import { RandomTwo } from "./random_two.ts";
import { RoundRobin } from "./round_robin.ts";

/** What a balancer sees of a server. */
export interface Candidate {
  /** 0 to 256. */
  readonly weight: number;
  readonly isBackup: boolean;
  /** May take new traffic. */
  readonly usable: boolean;
  readonly currentConns: number;
}

/** One algorithm over one backend's servers. */
export interface Balancer {
  /** Index of the chosen server; -1 when none can be used. `tried` holds servers that this stream failed on. */
  choose(tried: Bitmap | null): number;
  /** Told when usable or currentConns of a server changed. */
  onServerChange(index: number): void;
}

/** Whether the server may be chosen now; backups are looked at apart. */
export function isEligible(candidate: Candidate, index: number, tried: Bitmap | null): boolean {
  return candidate.usable && candidate.weight > 0 && !candidate.isBackup &&
    (tried === null || !tried.has(index));
}

/** The first usable backup; -1 when there is none. */
export function chooseBackup(candidates: readonly Candidate[], tried: Bitmap | null): number {
  for (let i = 0; i < candidates.length; i++) {
    const { usable, weight, isBackup } = candidates[i];
    if (isBackup && usable && weight > 0 && (tried === null || !tried.has(i))) return i;
  }
  return -1;
}

/** Makes the balancer of an algorithm. */
export function newBalancer(
  algorithm: BalanceAlgorithm,
  candidates: readonly Candidate[],
  prng: Prng,
): Balancer {
  switch (algorithm) {
    case "roundrobin":
      return new RoundRobin(candidates);
    case "leastconn":
      return new LeastConn(candidates);
    case "random":
      return new RandomTwo(candidates, prng);
    case "first":
      return new First(candidates);
  }
}
