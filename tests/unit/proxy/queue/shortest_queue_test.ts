/** Where a stream waits whose server failed it, while all others are full. @module */
import { describe, expect, it } from "vitest";
import { Bitmap } from "../../../../src/base/bitmap.ts";
import { PRIORITY_CLASSES, QueueThreads, TestStream } from "../../../support/queue/threads.ts";

describe("the queues of a backend", () => {
  it("tell the shortest of those that a stream has not failed at", () => {
    const all = new QueueThreads({ servers: [1, 2, 3].map(() => ({ maxconn: 1 })) });
    const { queue, servers } = all.threads[0]!;
    const tried = new Bitmap(3);
    expect(queue.shortest(tried)).toBe(0);
    queue.wait(new TestStream(all.threads[0]!, "a").waiter, servers[0]!, true, PRIORITY_CLASSES[1]);
    expect(queue.shortest(tried)).toBe(1);
    tried.set(1);
    expect(queue.shortest(tried)).toBe(2);
    tried.set(0);
    tried.set(2);
    expect(queue.shortest(tried)).toBe(-1);
  });
});
