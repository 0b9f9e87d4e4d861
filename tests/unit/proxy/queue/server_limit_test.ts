/** How many streams a server takes: fixed, growing with its backend, growing after its start. @module */
import { describe, expect, it } from "vitest";
import { fullconnOf } from "../../../../src/proxy/queue/server_limit.ts";
import { configOf } from "../../../support/config/written.ts";
import { type QueueThread, QueueThreads, TestStream } from "../../../support/queue/threads.ts";

function oneOf(options: ConstructorParameters<typeof QueueThreads>[0]): QueueThread {
  return new QueueThreads(options).threads[0]!;
}

/** So many streams are at the backend's unlimited server. */
function crowd(thread: QueueThread, count: number): void {
  for (let i = 0; i < count; i++) thread.counts.changeServer(1, 0, 1);
}

describe("the limit of a server", () => {
  it("is its maxconn without a minconn, however little there is to do", () => {
    const { servers } = oneOf({ servers: [{ maxconn: 7 }], fullconn: 100 });
    expect(servers[0]!.limit!.current).toBe(7);
  });

  it.each([
    [0, 2],
    [10, 2],
    [25, 5],
    [49, 9],
    [50, 10],
    [80, 10],
  ])("with minconn 2, maxconn 10 and fullconn 50 is, at %i streams, %i (HAProxy)", (streams, limit) => {
    const thread = oneOf({ servers: [{ maxconn: 10, minconn: 2 }, null], fullconn: 50 });
    crowd(thread, streams);
    expect(thread.servers[0]!.limit!.current).toBe(limit);
  });

  it("counts those who wait as well", () => {
    const thread = oneOf({ servers: [{ maxconn: 4, minconn: 1 }], fullconn: 8 });
    for (let i = 0; i < 6; i++) thread.come(new TestStream(thread, "a"));
    thread.run();
    expect([thread.servers[0]!.limit!.current, thread.counts.ofServer(0)]).toEqual([3, 3]);
  });

  it("grows with the weight of a server that starts slowly; it is 1 at least", () => {
    const thread = oneOf({ servers: [{ maxconn: 8 }], slowStartMs: 1_000 });
    const limitAt = (weight: number) => {
      thread.servers[0]!.weight = weight;
      return thread.servers[0]!.limit!.current;
    };
    expect([1, 4, 8, 15, 16].map(limitAt)).toEqual([1, 2, 4, 7, 8]);
  });

  it("is reached by slots and places in its own queue together", () => {
    const thread = oneOf({ servers: [{ maxconn: 1, maxqueue: 1 }], algorithm: "leastconn" });
    const limit = thread.servers[0]!.limit!;
    const states = [0, 1, 2].map(() => {
      const { isFull } = limit;
      thread.come(new TestStream(thread, "a"));
      return isFull;
    });
    expect([states, limit.queueLength, limit.lengthMax]).toEqual([[false, false, true], 1, 1]);
  });
});

describe("fullconn", () => {
  const fullconn = (line: string, maxconn: number) => {
    const config = configOf(line);
    return config.backends.map((backend) => fullconnOf(config, backend, maxconn));
  };

  it("is as written, else a tenth of what may come", () => {
    const keys = "maxconn=9,minconn=1";
    expect(fullconn(`hadro -l :1 -b :2,${keys},fullconn=33`, 1_000)).toEqual([33]);
    expect(fullconn(`hadro -l :1 -b :2,${keys} -l :3,maxconn=50 -b :4 -r /x=:5`, 1_000)).toEqual([100, 5, 5]);
    expect(fullconn(`hadro -l :1 -b :2,${keys}`, 5)).toEqual([1]);
  });
});
