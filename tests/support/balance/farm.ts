/**
 * A balancer with servers that a test changes.
 *
 * @module
 */
import { Bitmap } from "../../../src/base/bitmap.ts";
import { Prng } from "../../../src/base/prng.ts";
import type { BalanceAlgorithm, BalanceConfig } from "../../../src/config/model.ts";
import { newBalancer } from "../../../src/proxy/balance/balance.ts";
import type { Balancer, BalanceView } from "../../../src/proxy/balance/candidate.ts";
import { keyOf } from "../../../src/proxy/balance/hash_key.ts";

/** What most tests of other things have. */
export const ROUND_ROBIN: BalanceConfig = {
  algorithm: "roundrobin",
  keyName: "",
  uriLengthMax: 0,
  uriDepthMax: 0,
  uriWhole: false,
};

/** A server that a test changes. */
export interface TestServer {
  weight: number;
  isBackup: boolean;
  usable: boolean;
  currentConns: number;
  isFull: boolean;
  isPatient: boolean;
  hashName: string;
  /** The most that its weight was, unless told. */
  wholeWeight: number;
  backupRank: number;
}

export interface FarmOptions {
  readonly seed?: number;
  readonly hashBalanceFactor?: number;
  readonly thread?: number;
  readonly threadCount?: number;
}

/** One balancer and its servers, told of every change as a backend does. Its streams have a key each, one after another. */
export class Farm {
  readonly servers: TestServer[];
  readonly balancer: Balancer;
  nowMs = 1_000;
  /** The number of the next stream, which its key is made of. */
  nextStream = 0;

  constructor(
    algorithm: BalanceAlgorithm,
    servers: readonly Partial<TestServer>[],
    { seed = 1, hashBalanceFactor = 0, thread = 0, threadCount = 1 }: FarmOptions = {},
  ) {
    this.servers = servers.map((server, i) => ({
      weight: 1,
      isBackup: false,
      usable: true,
      currentConns: 0,
      isFull: false,
      isPatient: false,
      hashName: `10.0.0.${i + 1}:80`,
      wholeWeight: server.weight ?? 1,
      backupRank: 0,
      ...server,
    }));
    this.balancer = newBalancer(
      algorithm,
      hashBalanceFactor,
      this.servers,
      this.#view(seed, thread, threadCount),
    );
  }

  /** Chooses for a stream that stays. */
  begin(tried: Bitmap | null = null, key = keyOf(this.nextStream++)): number {
    const index = this.balancer.choose(tried, key);
    if (index >= 0) this.#changeConns(index, 1);
    return index;
  }

  end(index: number): void {
    this.#changeConns(index, -1);
  }

  /** A stream that takes so long. */
  run(elapsedMs: number, isError = false): number {
    const index = this.begin();
    this.nowMs += elapsedMs;
    this.balancer.onResponse(index, elapsedMs * 1_000, isError);
    this.end(index);
    return index;
  }

  setUsable(index: number, usable: boolean): void {
    this.servers[index].usable = usable;
    this.balancer.onServerChange(index);
  }

  setWeight(index: number, weight: number): void {
    const server = this.servers[index];
    server.weight = weight;
    server.wholeWeight = Math.max(server.wholeWeight, weight);
    this.balancer.onServerChange(index);
  }

  /** Chooses for `count` streams, each of which ends before the next begins; returns how many each server got. */
  share(count: number): number[] {
    const shares = this.servers.map(() => 0);
    for (let i = 0; i < count; i++) {
      const index = this.begin();
      shares[index]++;
      this.end(index);
    }
    return shares;
  }

  /** Indices that any of many choices gives, with whatever connections there are. */
  chosen(count = 200, tried: Bitmap | null = null): number[] {
    const seen = new Set<number>();
    for (let i = 0; i < count; i++) seen.add(this.balancer.choose(tried, keyOf(this.nextStream++)));
    return [...seen].sort((a, b) => a - b);
  }

  /** Who gets each of the keys 0 to `count` - 1; nobody stays. */
  owners(count: number): number[] {
    return Array.from({ length: count }, (_, i) => this.balancer.choose(null, keyOf(i)));
  }

  #changeConns(index: number, step: number): void {
    this.servers[index].currentConns += step;
    this.balancer.onServerChange(index);
  }

  #view(seed: number, thread: number, threadCount: number): BalanceView {
    const sumConns = () => this.servers.reduce((sum, server) => sum + server.currentConns, 0);
    const readMs = () => this.nowMs;
    return {
      prng: new Prng(seed),
      thread,
      threadCount,
      get nowMs() {
        return readMs();
      },
      get servedConns() {
        return sumConns();
      },
    };
  }
}

/** The servers that a stream failed on; members are 0 to 7. */
export function triedSet(...members: number[]): Bitmap {
  const tried = new Bitmap(8);
  for (const member of members) tried.set(member);
  return tried;
}
