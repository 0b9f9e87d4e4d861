/** The queues of a backend: who gets a slot, in which order, in whichever thread. @module */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { QueuePlace } from "../../../../src/proxy/queue/backend_queue.ts";
import {
  PRIORITY_CLASSES,
  type QueueThread,
  QueueThreads,
  TestStream,
} from "../../../support/queue/threads.ts";

/** Streams that come to a thread one after another. */
function come(thread: QueueThread, names: string, priority = 1, server = -1): TestStream[] {
  return [...names].map((name) => {
    const stream = new TestStream(thread, name);
    thread.come(stream, priority, server);
    return stream;
  });
}

function begun({ begun }: QueueThread): string {
  return begun.map(({ name }) => name).join("");
}

describe("the queues of one thread", () => {
  it("let as many begin as there are slots, and the rest in the order of coming", () => {
    const all = new QueueThreads({ servers: [{ maxconn: 2 }] });
    const [thread] = all.threads as [QueueThread];
    come(thread, "abcde");
    all.settle();
    expect([begun(thread), thread.queue.length, all.conns(0)]).toEqual(["ab", 3, 2]);
    thread.end(thread.begun[1]!);
    all.settle();
    thread.end(thread.begun[0]!);
    all.settle();
    expect([begun(thread), thread.queue.length, all.conns(0)]).toEqual(["abcd", 1, 2]);
    expect(thread.queue.lengthMax).toBe(3);
    expect([thread.queues.waitingCount, thread.queues.waitingMax]).toEqual([1, 3]);
  });

  it("let nobody who just came pass those who wait", () => {
    const all = new QueueThreads({ servers: [{ maxconn: 1 }] });
    const [thread] = all.threads as [QueueThread];
    const [first] = come(thread, "ab");
    thread.end(first!);
    come(thread, "c");
    all.settle();
    expect(begun(thread)).toBe("ab");
  });

  it("serve class by class, each in the order of coming", () => {
    const all = new QueueThreads({ servers: [{ maxconn: 1 }] });
    const [thread] = all.threads as [QueueThread];
    come(thread, "a");
    come(thread, "xy", 2);
    come(thread, "mn", 1);
    come(thread, "hi", 0);
    for (let i = 0; i < 6; i++) {
      thread.end(thread.begun[i]!);
      all.settle();
    }
    expect(begun(thread)).toBe("ahimnxy");
  });

  it("serve of a server's queue and the backend's whoever came first", () => {
    const all = new QueueThreads({ servers: [{ maxconn: 1, maxqueue: 9 }], algorithm: "source" });
    const [thread] = all.threads as [QueueThread];
    come(thread, "a");
    come(thread, "b", 1, 0);
    const [keyless] = come(thread, "c");
    const [keyed] = come(thread, "d", 1, 0);
    for (let i = 0; i < 3; i++) {
      thread.end(thread.begun[i]!);
      all.settle();
    }
    expect(begun(thread)).toBe("abcd");
    expect([keyless!.waiter.backendPosition, keyless!.waiter.serverPosition]).toEqual([1, 0]);
    expect([keyed!.waiter.backendPosition, keyed!.waiter.serverPosition]).toEqual([0, 2]);
  });

  it("hold maxqueue for a server; more have to go elsewhere, or are too many", () => {
    const options = { servers: [{ maxconn: 1, maxqueue: 1 }] };
    const [keyed] = new QueueThreads({ ...options, algorithm: "source" }).threads as [QueueThread];
    const places = () => [0, 1, 2].map(() => keyed.come(new TestStream(keyed, "a"), 1, 0));
    expect(places()).toEqual([-1, QueuePlace.AT_SERVER, QueuePlace.FULL]);
    expect(keyed.queue.describeFull(QueuePlace.FULL)).toBe(
      "the queues of backend app are full (maxqueue s1: 1)",
    );
    const [least] = new QueueThreads({ ...options, algorithm: "leastconn" }).threads as [QueueThread];
    const came = [0, 1, 2].map(() => least.come(new TestStream(least, "a")));
    expect(came).toEqual([-1, QueuePlace.AT_SERVER, QueuePlace.AT_BACKEND]);
  });

  it("hold no more than memory allows", () => {
    const [thread] = new QueueThreads({ servers: [{ maxconn: 1 }], waitingLimit: 1 }).threads as [
      QueueThread,
    ];
    const places = [0, 1, 2].map(() => thread.come(new TestStream(thread, "a")));
    expect(places).toEqual([-1, QueuePlace.AT_BACKEND, QueuePlace.NO_MEMORY]);
    expect(thread.queue.describeFull(QueuePlace.NO_MEMORY)).toBe(
      "as many requests wait for servers as there are buffers for (1); see --max-mem",
    );
  });

  it("are left by who gives up", () => {
    const all = new QueueThreads({ servers: [{ maxconn: 1 }] });
    const [thread] = all.threads as [QueueThread];
    const [a, b] = come(thread, "abc");
    thread.queue.leave(b!.waiter);
    thread.end(a!);
    all.settle();
    expect([begun(thread), thread.queue.length]).toEqual(["ac", 0]);
  });

  it("send away who waits for a server that is gone, and everybody when all are", () => {
    const all = new QueueThreads({ servers: [{ maxconn: 1 }, { maxconn: 1 }], algorithm: "source" });
    const [thread] = all.threads as [QueueThread];
    come(thread, "ab");
    const [keyed] = come(thread, "c", 1, 0);
    const [any] = come(thread, "d");
    thread.servers[0]!.usable = false;
    thread.queue.onRoom();
    all.settle();
    expect([keyed!.closedCount, any!.closedCount]).toEqual([1, 0]);
    thread.servers[1]!.usable = false;
    thread.queue.onRoom();
    all.settle();
    expect([keyed!.closedCount, any!.closedCount, thread.queue.waitingCount]).toEqual([1, 1, 0]);
  });

  it("are served by a server that comes back, by backups only while no other can be used", () => {
    const all = new QueueThreads({ servers: [{ maxconn: 1 }, { maxconn: 2 }, { maxconn: 1 }] });
    const [thread] = all.threads as [QueueThread];
    thread.servers[1]!.usable = false;
    thread.servers[2]!.isBackup = true;
    const [first] = come(thread, "a");
    thread.servers[2]!.usable = false;
    come(thread, "bcd");
    thread.servers[2]!.usable = true;
    thread.queue.onRoom();
    all.settle();
    expect(begun(thread)).toBe("a");
    thread.servers[1]!.usable = true;
    thread.queue.onRoom();
    all.settle();
    expect([begun(thread), all.conns(1), all.conns(2)]).toEqual(["abc", 2, 0]);
    thread.servers[0]!.usable = thread.servers[1]!.usable = false;
    thread.end(first!);
    all.settle();
    expect([begun(thread), all.conns(2)]).toEqual(["abcd", 1]);
  });

  it("let a bounded number begin at a time", () => {
    const all = new QueueThreads({ servers: [{ maxconn: 1 }, null] });
    const [thread] = all.threads as [QueueThread];
    thread.servers[1]!.usable = false;
    come(thread, "abcdefg");
    thread.servers[1]!.usable = true;
    expect(thread.run(2)).toBe(2);
    expect([begun(thread), thread.queue.isPending]).toEqual(["abc", true]);
    all.settle();
    expect([begun(thread), all.conns(1)]).toEqual(["abcdefg", 6]);
  });
});

describe("the queues of several threads", () => {
  it("hand a slot to the oldest waiter, whichever thread it is in", () => {
    const all = new QueueThreads({ threadCount: 2, servers: [{ maxconn: 1 }] });
    const [one, two] = all.threads as [QueueThread, QueueThread];
    const [a] = come(one, "a");
    come(two, "b");
    come(one, "c");
    one.end(a!);
    one.run();
    // Taken for the other thread, and not yet its own.
    expect([begun(one), begun(two), all.conns(0), all.cells[0]!.grants(0, 1)]).toEqual(["a", "", 1, 1]);
    two.run();
    expect([begun(two), all.conns(0), all.cells[0]!.grants(0, 1)]).toEqual(["b", 1, 0]);
    expect(one.queues.handoverCount).toBe(1);
    two.end(two.begun[0]!);
    all.settle();
    expect(begun(one)).toBe("ac");
  });

  it("serve who begins to wait just after another thread freed the slot, and saw nobody", () => {
    const all = new QueueThreads({ threadCount: 2, servers: [{ maxconn: 1 }] });
    const [one, two] = all.threads as [QueueThread, QueueThread];
    const [a] = come(two, "a");
    const late = new TestStream(one, "b");
    expect(one.queue.tryTake(one.servers[0]!, false)).toBe(false);
    two.end(a!);
    all.settle();
    one.queue.wait(late.waiter, null, false, PRIORITY_CLASSES[1]);
    all.settle();
    expect([begun(one), all.conns(0)]).toEqual(["b", 1]);
  });

  it("pass on a slot that its waiter did not wait for", () => {
    const all = new QueueThreads({ threadCount: 2, servers: [{ maxconn: 1 }] });
    const [one, two] = all.threads as [QueueThread, QueueThread];
    const [a] = come(one, "a");
    const [b] = come(two, "b");
    come(one, "c");
    one.end(a!);
    one.run();
    two.queue.leave(b!.waiter);
    all.settle();
    expect([begun(one), begun(two), all.conns(0)]).toEqual(["ac", "", 1]);
  });

  it("forget the waiters of a thread that died, and give back what it was granted", () => {
    const all = new QueueThreads({ threadCount: 2, servers: [{ maxconn: 1 }] });
    const [one, two] = all.threads as [QueueThread, QueueThread];
    const [a] = come(one, "a");
    come(two, "bd");
    come(one, "c");
    one.end(a!);
    one.run();
    all.cells[1]!.clear((server) => all.counts[1]!.giveBack(server));
    all.counts[1]!.clear();
    expect([one.queue.length, all.conns(0)]).toEqual([1, 0]);
    one.queue.onRoom();
    one.run();
    expect([begun(one), all.conns(0)]).toEqual(["ac", 1]);
  });

  it("never take more than maxconn, lose nobody, and keep the order of each thread's class, whatever happens", () => {
    const step = fc.record({
      what: fc.nat({ max: 9 }),
      thread: fc.nat({ max: 2 }),
      priority: fc.nat({ max: 2 }),
      pick: fc.nat({ max: 99 }),
    });
    const property = fc.property(
      fc.array(step, { maxLength: 120 }),
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: 1, max: 2 }),
      (steps, threadCount, maxconn) => {
        const all = new QueueThreads({ threadCount, servers: [{ maxconn }, { maxconn }] });
        const waiting = all.threads.map(() => [[], [], []] as TestStream[][]);
        const busy: TestStream[] = [];
        const seen = all.threads.map(() => 0);
        const check = () => {
          for (const server of [0, 1]) expect(all.conns(server)).toBeLessThanOrEqual(maxconn);
          for (const [t, { begun }] of all.threads.entries()) {
            for (; seen[t]! < begun.length; seen[t]!++) {
              const stream = begun[seen[t]!]!;
              busy.push(stream);
              const lists = waiting[t]!;
              const list = lists.find((one) => one.length > 0);
              if (!lists.some((one) => one.includes(stream))) continue;
              expect(list![0]).toBe(stream);
              list!.shift();
            }
          }
        };
        for (const { what, thread: t, priority, pick } of steps) {
          const thread = all.threads[t % threadCount]!;
          const lists = waiting[t % threadCount]!;
          if (what < 4) {
            const stream = new TestStream(thread, "s");
            if (thread.come(stream, priority) >= 0) lists[priority]!.push(stream);
          } else if (what < 7 && busy.length > 0) {
            const [stream] = busy.splice(pick % busy.length, 1);
            stream!.thread.end(stream!);
          } else if (what === 7 && lists[priority]!.length > 0) {
            const [stream] = lists[priority]!.splice(pick % lists[priority]!.length, 1);
            thread.queue.leave(stream!.waiter);
          } else thread.run(1 + (pick % 5));
          check();
        }
        all.settle();
        check();
        const left = waiting.flat(2).length;
        expect(all.threads[0]!.queue.waitingCount).toBe(left);
        expect(busy.length).toBe(all.conns(0) + all.conns(1));
        // Nobody waits beside a free slot.
        if (left > 0) expect(busy.length).toBe(2 * maxconn);
        while (busy.length > 0) {
          const stream = busy.pop()!;
          stream.thread.end(stream);
          all.settle();
          check();
        }
        expect([waiting.flat(2).length, all.conns(0), all.conns(1)]).toEqual([0, 0, 0]);
      },
    );
    fc.assert(property, { numRuns: 300 });
  });
});
