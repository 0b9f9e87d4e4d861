/**
 * What was measured beside the slot table (docs/decisions): a ring of points, and rendezvous at each choice.
 *
 * @module
 */
import { mix } from "../../src/proxy/balance/hash_key.ts";
import { serverIds, unitOf } from "../../src/proxy/balance/slot_table.ts";

/** Points of a server on the ring, as ketama has. HAProxy: 16 for weight 1. */
export const RING_POINTS = 160;

/** One server for a key. */
export interface KeyChooser {
  choose(key: number): number;
}

/** Sorted points; a key belongs to the next one. */
export class HashRing implements KeyChooser {
  readonly #points: Uint32Array;
  readonly #owners: Uint16Array;

  constructor(names: readonly string[]) {
    const ids = serverIds(names);
    const points: [number, number][] = [];
    for (let i = 0; i < ids.length; i++) {
      for (let p = 0; p < RING_POINTS; p++) points.push([mix(ids[i]! + p * 0x61c88647) >>> 0, i]);
    }
    points.sort(([a], [b]) => a - b);
    this.#points = Uint32Array.from(points, ([point]) => point);
    this.#owners = Uint16Array.from(points, ([, owner]) => owner);
  }

  choose(key: number): number {
    const place = (key << 2) >>> 0;
    let low = 0;
    let high = this.#points.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#points[middle]! < place) low = middle + 1;
      else high = middle;
    }
    return this.#owners[low === this.#points.length ? 0 : low]!;
  }
}

/** The best score of all servers, each time. */
export class Rendezvous implements KeyChooser {
  readonly #ids: Int32Array;

  constructor(names: readonly string[]) {
    this.#ids = serverIds(names);
  }

  choose(key: number): number {
    let best = 0;
    let most = -1;
    for (let i = 0; i < this.#ids.length; i++) {
      const unit = unitOf(key, this.#ids[i]!);
      if (unit <= most) continue;
      most = unit;
      best = i;
    }
    return best;
  }
}
