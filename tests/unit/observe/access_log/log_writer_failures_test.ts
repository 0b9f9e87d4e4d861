/** A log whose sink fails, is replaced or ends: what is told, what is kept, what counts as lost. @module */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { compileLogFormat } from "../../../../src/observe/access_log/compile.ts";
import { FLUSH_MS, LogWriter, RING_BYTES } from "../../../../src/observe/access_log/log_writer.ts";
import { httpRecord } from "../../../support/access_log/records.ts";
import { ScriptedSink, settled } from "../../../support/access_log/scripted_sink.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A writer of lines "<status>", its sink, and what it told. */
class Bench {
  readonly sink: ScriptedSink;
  readonly told: string[] = [];
  readonly writer: LogWriter;

  constructor({ isOpen = false, blocks = false, padding = 0 } = {}) {
    this.sink = new ScriptedSink(isOpen);
    this.writer = new LogWriter({
      format: compileLogFormat(`%ST${padding > 0 ? "," : ""}${"x".repeat(padding)}`),
      sink: this.sink,
      blocks,
      onError: (message) => this.told.push(message),
    });
  }

  log(...numbers: number[]): void {
    for (const status of numbers) this.writer.logStream(httpRecord({ status }));
  }

  /** Lets a batch begin. */
  async flush(): Promise<void> {
    this.writer.flushSoon();
    await vi.advanceTimersByTimeAsync(FLUSH_MS);
  }
}

const DISK_FULL = "No space left on device (os error 28)";
const TOLD_DISK_FULL = `access log: cannot write: ${DISK_FULL}; trying again`;
const TOLD_GONE = "access log: the reader is gone (Broken pipe (os error 32)); " +
  "lines are dropped from now on, traffic goes on";
const brokenPipe = () => new Deno.errors.BrokenPipe("Broken pipe (os error 32)");

describe("a reader that is gone", () => {
  it("is told once, and what waited counts as dropped", async () => {
    const bench = new Bench();
    bench.log(1, 2);
    await bench.flush();
    bench.log(3);
    await bench.sink.fail(brokenPipe());
    expect(bench.told).toEqual([TOLD_GONE]);
    expect(bench.writer.counters).toMatchObject({ lines: 3, dropped: 3, errors: 1, bytes: 0 });
  });

  it("costs no more writes: later lines are only counted", async () => {
    const bench = new Bench();
    bench.log(1);
    await bench.flush();
    await bench.sink.fail(brokenPipe());
    bench.log(2, 3);
    await bench.flush();
    expect(bench.sink.isWaiting).toBe(false);
    expect(bench.writer.counters).toMatchObject({ lines: 3, dropped: 3, writes: 1 });
    expect(await bench.writer.close(1_000)).toBe(3);
    expect(bench.told).toHaveLength(1);
  });

  it("counts only the lines that it did not take, one taken in part among them", async () => {
    const bench = new Bench();
    bench.log(100, 200, 300);
    await bench.flush();
    await bench.sink.take(6);
    await bench.flush();
    await bench.sink.fail(brokenPipe());
    expect(bench.sink.text).toBe("100\n20");
    expect(bench.writer.counters.dropped).toBe(2);
  });

  it("ends blocking too", () => {
    const bench = new Bench({ blocks: true });
    bench.sink.syncScript.push(brokenPipe());
    bench.log(1);
    bench.writer.flushSoon();
    bench.log(2);
    bench.writer.flushSoon();
    expect(bench.told).toEqual([TOLD_GONE]);
    expect(bench.sink.syncWrites).toBe(1);
    expect(bench.writer.counters.dropped).toBe(2);
  });
});

describe("a sink that fails for a while", () => {
  it("is told once, tried again with the next batch, and loses nothing", async () => {
    const bench = new Bench();
    bench.log(1);
    await bench.flush();
    await bench.sink.fail(new Error(DISK_FULL));
    await bench.flush();
    await bench.sink.fail(new Error(DISK_FULL));
    bench.log(2);
    await bench.flush();
    await bench.sink.take();
    expect(bench.sink.lines).toEqual(["1", "2"]);
    expect(bench.told).toEqual([TOLD_DISK_FULL]);
    expect(bench.writer.counters).toMatchObject({ dropped: 0, errors: 2, writes: 3 });
  });

  it("is told again when it fails for another reason", async () => {
    const bench = new Bench();
    bench.log(1);
    await bench.flush();
    await bench.sink.fail(new Error(DISK_FULL));
    await bench.flush();
    await bench.sink.fail(new Error("Input/output error (os error 5)"));
    expect(bench.told).toEqual([
      TOLD_DISK_FULL,
      "access log: cannot write: Input/output error (os error 5); trying again",
    ]);
  });

  it("loses, with blocking, the lines that have no room, and says so when it works again", () => {
    const bench = new Bench({ blocks: true, padding: 9_995 });
    const capacity = Math.floor(RING_BYTES / 10_000);
    for (let i = 0; i < 3; i++) bench.sink.syncScript.push(new Error(DISK_FULL));
    for (let i = 0; i < capacity + 3; i++) bench.log(100 + i);
    expect(bench.writer.counters.dropped).toBe(3);
    bench.writer.flushSoon();
    bench.log(999);
    bench.writer.flushSoon();
    const numbers = bench.sink.lines.map((line) => line.replace(/,x+$/, ""));
    expect(numbers.slice(0, capacity)).toEqual(Array.from({ length: capacity }, (_, i) => `${100 + i}`));
    expect(numbers.slice(capacity)).toEqual(["hadro: 3 log lines dropped", "999"]);
    expect(bench.told).toEqual([TOLD_DISK_FULL]);
  });

  it("is told at the end of what was dropped when no other line came", async () => {
    const bench = new Bench({ blocks: true, padding: 9_995, isOpen: true });
    bench.sink.syncScript.push(new Error(DISK_FULL));
    for (let i = 0; i <= Math.floor(RING_BYTES / 10_000); i++) bench.log(100 + i);
    bench.writer.flushSoon();
    expect(await bench.writer.close(1_000)).toBe(1);
    expect(bench.sink.lines.at(-1)).toBe("hadro: 1 log lines dropped");
  });
});

describe("a sink that is replaced", () => {
  it("is closed, and the lines that wait go to the new one", async () => {
    const bench = new Bench({ isOpen: true });
    const next = new ScriptedSink(true);
    bench.log(1);
    await bench.flush();
    bench.log(2);
    bench.writer.reopen(next);
    await bench.flush();
    expect([bench.sink.text, next.text]).toEqual(["1\n", "2\n"]);
    expect([bench.sink.isClosed, next.isClosed]).toEqual([true, false]);
  });

  it("is closed only once the write in flight has ended", async () => {
    const bench = new Bench();
    const next = new ScriptedSink(true);
    bench.log(1);
    await bench.flush();
    bench.writer.reopen(next);
    expect(bench.sink.isClosed).toBe(false);
    await bench.sink.take();
    expect(bench.sink.isClosed).toBe(true);
    expect(next.isClosed).toBe(false);
  });

  it("is closed at once when it was never written to", async () => {
    const bench = new Bench();
    const [second, third] = [new ScriptedSink(true), new ScriptedSink(true)];
    bench.log(1);
    await bench.flush();
    bench.writer.reopen(second);
    bench.writer.reopen(third);
    expect([bench.sink.isClosed, second.isClosed]).toEqual([false, true]);
    await bench.sink.take();
    expect([bench.sink.isClosed, third.isClosed]).toEqual([true, false]);
  });

  it("says nothing of the new one when its last write fails: the lines go there", async () => {
    const bench = new Bench();
    const next = new ScriptedSink(true);
    bench.log(1);
    await bench.flush();
    bench.writer.reopen(next);
    await bench.sink.fail(brokenPipe());
    await bench.flush();
    expect(next.text).toBe("1\n");
    expect(bench.sink.isClosed).toBe(true);
    expect(bench.told).toEqual([]);
  });

  it("gives the log a new reader, who is told what was dropped without one", async () => {
    const bench = new Bench();
    const next = new ScriptedSink(true);
    bench.log(1);
    await bench.flush();
    await bench.sink.fail(brokenPipe());
    bench.log(2);
    bench.writer.reopen(next);
    bench.log(3);
    await bench.flush();
    expect(next.text).toBe("hadro: 2 log lines dropped\n3\n");
  });
});

describe("closing", () => {
  it("writes what waits, closes the sink and tells that nothing was lost", async () => {
    const bench = new Bench({ isOpen: true });
    bench.log(1, 2);
    bench.writer.flushSoon();
    expect(await bench.writer.close(1_000)).toBe(0);
    expect(bench.sink.text).toBe("1\n2\n");
    expect(bench.sink.isClosed).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("is immediate when nothing waits", async () => {
    const bench = new Bench();
    expect(await bench.writer.close(1_000)).toBe(0);
    expect(bench.writer.counters.writes).toBe(0);
    expect(bench.sink.isClosed).toBe(true);
  });

  it("waits for the write in flight and what came behind it", async () => {
    const bench = new Bench();
    bench.log(1);
    await bench.flush();
    bench.log(2);
    const closed = bench.writer.close(1_000);
    await bench.sink.take();
    await bench.sink.take();
    expect(await closed).toBe(0);
    expect(bench.sink.text).toBe("1\n2\n");
  });

  it("gives up at its time limit and counts what is left as lost", async () => {
    const bench = new Bench();
    bench.log(1, 2);
    await bench.flush();
    bench.log(3);
    const closed = bench.writer.close(1_000);
    await vi.advanceTimersByTimeAsync(999);
    expect(bench.sink.isClosed).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(await closed).toBe(3);
    expect(bench.sink.isClosed).toBe(true);
  });

  it("leaves a write that ends too late without consequence", async () => {
    const bench = new Bench();
    bench.log(1, 2);
    await bench.flush();
    const closed = bench.writer.close(1_000);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await closed).toBe(2);
    await bench.sink.take(2);
    await settled();
    bench.log(3);
    bench.writer.flushSoon();
    expect(bench.told).toEqual([]);
    expect(bench.writer.counters).toMatchObject({ writes: 1, dropped: 3 });
    expect(vi.getTimerCount()).toBe(0);
  });

  it("gives up when the sink fails", async () => {
    const bench = new Bench();
    bench.log(1);
    const closed = bench.writer.close(1_000);
    await bench.sink.fail(new Error(DISK_FULL));
    expect(await closed).toBe(1);
    expect(bench.told).toEqual([TOLD_DISK_FULL]);
  });

  it("writes what waited behind a sink that was replaced and failed", async () => {
    const bench = new Bench();
    const next = new ScriptedSink(true);
    bench.log(1);
    await bench.flush();
    bench.writer.reopen(next);
    const closed = bench.writer.close(1_000);
    await bench.sink.fail(new Error(DISK_FULL));
    expect(await closed).toBe(0);
    expect(next.text).toBe("1\n");
  });
});
