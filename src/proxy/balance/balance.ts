/**
 * Balancing: which server gets the next stream.
 *
 *     algorithm    choice                                             cost
 *     roundrobin   smooth by weight: each server in turn, spread      O(n), n servers
 *     leastconn    the fewest connections for its weight, smooth      O(n)
 *     random       the less loaded of two drawn by weight             O(n)
 *     first        the first that can be used                         O(n)
 *     least-time   the least time to answer × streams, for its weight O(n)
 *     source, uri, hdr, cookie, url_param
 *                  the same for the same key; else round robin        O(1) mostly
 *
 * All: a server with weight 0, not usable, or tried already is never chosen. Backup servers count only while no other server can be
 * used; then the first usable backup alone is (HAProxy without `option allbackups`). Nothing is allocated per choice; a backend has
 * few servers, and a scan of a short array beats a tree that must be kept.
 *
 * May import: base, config, proxy/balance.
 *
 * @module
 */
import type { BalanceAlgorithm } from "../../config/model.ts";
import type { Balancer, BalanceView, Candidate } from "./candidate.ts";
import { ConsistentHash } from "./consistent_hash.ts";
import { First } from "./first.ts";
import { LeastConn } from "./least_conn.ts";
import { LeastTime } from "./least_time.ts";
import { RandomTwo } from "./random_two.ts";
import { RoundRobin } from "./round_robin.ts";

/** Makes the balancer of an algorithm. */
export function newBalancer(
  algorithm: BalanceAlgorithm,
  hashBalanceFactor: number,
  candidates: readonly Candidate[],
  view: BalanceView,
): Balancer {
  switch (algorithm) {
    case "roundrobin":
      return new RoundRobin(candidates, view);
    case "leastconn":
      return new LeastConn(candidates, view);
    case "random":
      return new RandomTwo(candidates, view.prng);
    case "first":
      return new First(candidates);
    case "least-time":
      return new LeastTime(candidates, view);
    case "source":
    case "sni":
    case "uri":
    case "hdr":
    case "cookie":
    case "url_param":
      return new ConsistentHash(candidates, hashBalanceFactor, view);
  }
}
