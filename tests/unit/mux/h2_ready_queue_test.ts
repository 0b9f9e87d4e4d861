import { describe, expect, it } from "vitest";
import { H2ReadyQueue, type Turning } from "../../../src/mux/h2_ready_queue.ts";

class Item implements Turning {
  isReady = false;
  readyNext: Turning | null = null;
  readyPrev: Turning | null = null;
  readonly name: string;
  urgency: number;
  constructor(name: string, urgency: number) {
    this.name = name;
    this.urgency = urgency;
  }
  onTurn(): void {}
}

function names(queue: H2ReadyQueue, count: number, comesBack: boolean): string {
  let text = "";
  for (let i = 0; i < count; i++) {
    const item = queue.take() as Item | null;
    text += item?.name ?? "-";
    if (comesBack && item !== null) queue.add(item);
  }
  return text;
}

describe("H2ReadyQueue", () => {
  it("gives turns by urgency, then in the order of arrival", () => {
    const queue = new H2ReadyQueue();
    for (const item of [new Item("a", 3), new Item("b", 1), new Item("c", 3), new Item("d", 0)]) {
      queue.add(item);
    }
    expect(queue.size).toBe(4);
    expect(names(queue, 5, false)).toBe("dbac-");
  });

  it("who comes back goes behind its equals", () => {
    const queue = new H2ReadyQueue();
    for (const name of ["a", "b", "c"]) queue.add(new Item(name, 3));
    expect(names(queue, 7, true)).toBe("abcabca");
  });

  it("every eighth turn is for the least urgent: nobody starves", () => {
    const queue = new H2ReadyQueue();
    queue.add(new Item("u", 0));
    queue.add(new Item("l", 7));
    expect(names(queue, 16, true)).toBe("uuuuuuuluuuuuuul");
  });

  it("adds once, removes from anywhere, and forgets its links", () => {
    const queue = new H2ReadyQueue();
    const items = ["a", "b", "c"].map((name) => new Item(name, 2));
    for (const item of items) queue.add(item);
    queue.add(items[0]!);
    expect(queue.size).toBe(3);
    queue.remove(items[1]!);
    queue.remove(items[1]!);
    expect([queue.size, items[1]!.isReady, items[1]!.readyNext]).toEqual([2, false, null]);
    queue.remove(items[2]!);
    queue.add(items[1]!);
    expect(names(queue, 3, false)).toBe("ab-");
  });
});
