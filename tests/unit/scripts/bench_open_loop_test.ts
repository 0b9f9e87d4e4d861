/**
 * The open loop: when a latency begins, who waits, and what its figures are.
 *
 * @module
 */
import { describe, expect, it } from "vitest";
import { answerLength } from "../../../scripts/bench/keepalive_client.ts";
import { describeStalls, toLatencyRow } from "../../../scripts/bench/measure_latency.ts";
import { type Asked, Dispatcher } from "../../../scripts/bench/open_loop.ts";

/** Answers when told to. */
class FakeClient implements Asked {
  readonly #open: PromiseWithResolvers<void>[] = [];
  asked = 0;

  get(): Promise<void> {
    this.asked++;
    const open = Promise.withResolvers<void>();
    this.#open.push(open);
    return open.promise;
  }

  async answer(): Promise<void> {
    this.#open.shift()?.resolve();
    await settle();
  }

  async fail(message: string): Promise<void> {
    this.#open.shift()?.reject(new Error(message));
    await settle();
  }
}

async function settle(): Promise<void> {
  for (let i = 0; i < 5; i++) await Promise.resolve();
}

function start(count: number) {
  const clients = Array.from({ length: count }, () => new FakeClient());
  const clock = { nowMs: 0 };
  return { clients, clock, dispatcher: new Dispatcher(clients, () => clock.nowMs) };
}

describe("Dispatcher", () => {
  it("counts from the moment at which a request should have been sent", async () => {
    const { clients: [client], clock, dispatcher } = start(1);
    clock.nowMs = 103;
    dispatcher.submit(100);
    clock.nowMs = 110;
    await client.answer();
    expect(dispatcher.results()).toEqual({ latenciesMs: [10], unanswered: 0, faults: [] });
    expect(dispatcher.isIdle).toBe(true);
  });
  it("counts the wait of those who came during a stall", async () => {
    const { clients: [client], clock, dispatcher } = start(1);
    for (const dueMs of [0, 1, 2]) dispatcher.submit(dueMs);
    expect(client.asked).toBe(1);
    clock.nowMs = 50;
    await client.answer();
    clock.nowMs = 51;
    await client.answer();
    await client.answer();
    expect(dispatcher.results().latenciesMs).toEqual([50, 50, 49]);
  });
  it("asks the connections in turn", async () => {
    const { clients, dispatcher } = start(3);
    dispatcher.submit(0);
    await clients[0].answer();
    dispatcher.submit(1);
    await clients[1].answer();
    dispatcher.submit(2);
    expect(clients.map(({ asked }) => asked)).toEqual([1, 1, 1]);
  });
  it("counts requests without an answer, with the time they have waited", async () => {
    const { clients: [client], clock, dispatcher } = start(1);
    dispatcher.submit(0);
    dispatcher.submit(5);
    await client.fail("the connection ended");
    clock.nowMs = 20;
    expect(dispatcher.isIdle).toBe(false);
    expect(dispatcher.results()).toEqual({
      latenciesMs: [20, 15],
      unanswered: 2,
      faults: ["the connection ended"],
    });
  });
});

describe("answerLength", () => {
  it("is head and body, once the head is there", () => {
    expect(answerLength("HTTP/1.1 200 OK\r\nContent-Le")).toBeNull();
    const head = "HTTP/1.1 200 OK\r\nContent-Length: 12\r\nServer: x\r\n\r\n";
    expect(answerLength(head)).toBe(head.length + 12);
    expect(answerLength(head.toLowerCase().replace("http", "HTTP") + "hello")).toBe(head.length + 12);
  });
  it("refuses what it cannot tell", () => {
    expect(() => answerLength("HTTP/1.1 503 No\r\n\r\n")).toThrow('answered "HTTP/1.1 503 No"');
    expect(() => answerLength("HTTP/1.1 200 OK\r\n\r\n")).toThrow("without Content-Length");
  });
});

describe("toLatencyRow", () => {
  const run = (latencyMs: number, unanswered = 0) => ({
    latenciesMs: [latencyMs],
    latenessMs: [0.1],
    unanswered,
    faults: [],
  });
  it("is the median of the percentiles of each run", () => {
    const [row] = toLatencyRow("hadro", [run(1), run(9), run(2)]);
    expect(row).toMatchObject({ row: "hadro", figures: { p50Ms: 2, p999Ms: 2, lateP99Ms: 0.1 }, faults: [] });
  });
  it("names the runs in which requests were left over", () => {
    expect(toLatencyRow("hadro", [run(1), run(1, 3)])[0].faults).toEqual([
      "round 2: 3 requests were not answered in time",
    ]);
  });
  it("comes with a caution when the generator itself was late", () => {
    const rows = toLatencyRow("hadro", [run(1)]);
    expect(describeStalls(rows)).toEqual([]);
    const late = toLatencyRow("nginx", [{ ...run(1), latenessMs: [40] }]);
    expect(describeStalls([...rows, ...late])[0]).toContain("late by up to 40 ms");
  });
  it("is nothing without a run", () => expect(toLatencyRow("hadro", [])).toEqual([]));
});
