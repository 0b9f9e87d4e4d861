/**
 * A binary heap of small integers by key, with the place of each known: so a member can be moved or removed anywhere.
 *
 * insert, update, remove, pop: O(log n); has, peek: O(1). Typed arrays that grow by doubling; no allocation per operation.
 * Equal keys come out in any order.
 *
 * May import: base.
 *
 * @module
 */
import { assert } from "./assert.ts";

const ABSENT = -1;

/** A heap whose smallest key comes first. Ids are 0 upwards; each is in it once or not at all. */
export class IndexedHeap {
  #ids = new Int32Array(64);
  #keys = new Float64Array(64);
  #places = new Int32Array(64).fill(ABSENT);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  has(id: number): boolean {
    return id < this.#places.length && this.#places[id] !== ABSENT;
  }

  /** The key of a member. */
  key(id: number): number {
    return this.#keys[this.#places[id]];
  }

  insert(id: number, key: number): void {
    assert(!this.has(id), "a member is not in the heap when inserted");
    if (id >= this.#places.length) this.#growPlaces(id);
    if (this.#size === this.#ids.length) this.#growHeap();
    this.#place(this.#size, id, key);
    this.#size++;
    this.#siftUp(this.#size - 1);
  }

  /** Changes a member's key. */
  update(id: number, key: number): void {
    assert(this.has(id), "a member is in the heap when updated");
    const place = this.#places[id];
    this.#keys[place] = key;
    this.#siftUp(place);
    this.#siftDown(this.#places[id]);
  }

  /** Takes a member out. */
  remove(id: number): void {
    assert(this.has(id), "a member is in the heap when removed");
    const place = this.#places[id];
    this.#places[id] = ABSENT;
    this.#size--;
    if (place === this.#size) return;
    const moved = this.#ids[this.#size];
    this.#place(place, moved, this.#keys[this.#size]);
    this.#siftUp(place);
    this.#siftDown(this.#places[moved]);
  }

  /** The member with the smallest key; -1 when empty. */
  peek(): number {
    return this.#size === 0 ? -1 : this.#ids[0];
  }

  /** The smallest key; Infinity when empty. */
  peekKey(): number {
    return this.#size === 0 ? Infinity : this.#keys[0];
  }

  /** Takes out and returns the member with the smallest key; -1 when empty. */
  pop(): number {
    const id = this.peek();
    if (id >= 0) this.remove(id);
    return id;
  }

  #place(place: number, id: number, key: number): void {
    this.#ids[place] = id;
    this.#keys[place] = key;
    this.#places[id] = place;
  }

  #siftUp(start: number): void {
    const id = this.#ids[start];
    const key = this.#keys[start];
    let place = start;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (this.#keys[parent] <= key) break;
      this.#place(place, this.#ids[parent], this.#keys[parent]);
      place = parent;
    }
    if (place !== start) this.#place(place, id, key);
  }

  #siftDown(start: number): void {
    const id = this.#ids[start];
    const key = this.#keys[start];
    let place = start;
    for (;;) {
      let child = place * 2 + 1;
      if (child >= this.#size) break;
      if (child + 1 < this.#size && this.#keys[child + 1] < this.#keys[child]) child++;
      if (this.#keys[child] >= key) break;
      this.#place(place, this.#ids[child], this.#keys[child]);
      place = child;
    }
    if (place !== start) this.#place(place, id, key);
  }

  #growPlaces(id: number): void {
    const places = new Int32Array(Math.max(id + 1, this.#places.length * 2)).fill(ABSENT);
    places.set(this.#places);
    this.#places = places;
  }

  #growHeap(): void {
    const ids = new Int32Array(this.#ids.length * 2);
    ids.set(this.#ids);
    this.#ids = ids;
    const keys = new Float64Array(this.#keys.length * 2);
    keys.set(this.#keys);
    this.#keys = keys;
  }
}
