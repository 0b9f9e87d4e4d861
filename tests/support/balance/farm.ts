/**
 * A balancer with servers that a test changes.
 *
 * @module
 */
import { Bitmap } from "../../../src/base/bitmap.ts";
import { Prng } from "../../../src/base/prng.ts";
import type { BalanceAlgorithm } from "../../../src/config/model.ts";
import { newBalancer } from "../../../src/proxy/balance/balance.ts";
import type { Balancer } from "../../../src/proxy/balance/candidate.ts";

/** A server that a test changes. */
export interface TestServer {
  weight: number;
  isBackup: boolean;
  usable: boolean;
  currentConns: number;
}

/** One balancer and its servers, told of every change as a backend does. */
export class Farm {
  readonly servers: TestServer[];
  readonly balancer: Balancer;

  constructor(algorithm: BalanceAlgorithm, servers: readonly Partial<TestServer>[], seed = 1) {
    this.servers = servers.map((server) => ({
      weight: 1,
      isBackup: false,
      usable: true,
      currentConns: 0,
      ...server,
    }));
    this.balancer = newBalancer(algorithm, this.servers, new Prng(seed));
  }

  /** Chooses for a stream that stays. */
  begin(tried: Bitmap | null = null): number {
    const index = this.balancer.choose(tried);
    if (index >= 0) this.#changeConns(index, 1);
    return index;
  }

  end(index: number): void {
    this.#changeConns(index, -1);
  }

  setUsable(index: number, usable: boolean): void {
    this.servers[index].usable = usable;
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
    for (let i = 0; i < count; i++) seen.add(this.balancer.choose(tried));
    return [...seen].sort((a, b) => a - b);
  }

  #changeConns(index: number, step: number): void {
    this.servers[index].currentConns += step;
    this.balancer.onServerChange(index);
  }
}

/** The servers that a stream failed on; members are 0 to 7. */
export function triedSet(...members: number[]): Bitmap {
  const tried = new Bitmap(8);
  for (const member of members) tried.set(member);
  return tried;
}
