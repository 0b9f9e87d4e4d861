/** The log of several threads: whole lines, each thread's in its order, whatever the sink takes at a time. @module */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LogCollector } from "../../../src/cli/log_collector.ts";
import type { ByteSink } from "../../../src/observe/access_log/log_writer.ts";

const encode = (text: string) => new TextEncoder().encode(text);

/** A file that takes a few bytes at a time, when it is let. */
class SlowSink implements ByteSink {
  text = "";
  isClosed = false;
  failure: Error | null = null;
  #gate: Promise<void> = Promise.resolve();
  #open = () => {};

  constructor(readonly bytesAtOnce = 1_000) {}

  /** Writes take no byte from now on, until {@linkcode SlowSink.resume}. */
  stall(): void {
    const { promise, resolve } = Promise.withResolvers<void>();
    [this.#gate, this.#open] = [promise, resolve];
  }

  resume(): void {
    this.#open();
  }

  async write(bytes: Uint8Array): Promise<number> {
    await this.#gate;
    if (this.isClosed) throw new Error("closed");
    if (this.failure !== null) throw this.failure;
    const taken = bytes.subarray(0, this.bytesAtOnce);
    this.text += new TextDecoder().decode(taken);
    return taken.length;
  }

  writeSync(): number {
    throw new Error("the collector never blocks");
  }

  close(): void {
    this.isClosed = true;
  }
}

/** Adds a text; resolves when it is written, to null or the reason why not. */
function add(collector: LogCollector, thread: number, text: string): Promise<unknown> {
  return new Promise((resolve) => collector.add(thread, encode(text), resolve));
}

describe("LogCollector", () => {
  it("writes batches in the order in which they came", async () => {
    const sink = new SlowSink();
    const collector = new LogCollector(sink, 2);
    expect(
      await Promise.all([add(collector, 0, "a\nb\n"), add(collector, 1, "c\n"), add(collector, 0, "d\n")]),
    )
      .toEqual([null, null, null]);
    expect(sink.text).toBe("a\nb\nc\nd\n");
  });
  it("keeps half of a line until its end comes, though other threads' lines come between", async () => {
    const sink = new SlowSink();
    const collector = new LogCollector(sink, 2);
    await add(collector, 0, "a\nfirst ");
    await add(collector, 1, "b\nother");
    await add(collector, 0, "half ");
    expect(sink.text).toBe("a\nb\n");
    await add(collector, 0, "line\nc\n");
    await add(collector, 1, " line\n");
    expect(sink.text).toBe("a\nb\nfirst half line\nc\nother line\n");
  });
  it("goes on where a sink took only a part", async () => {
    const sink = new SlowSink(3);
    const collector = new LogCollector(sink, 1);
    await add(collector, 0, "a longer line\nand another\n");
    expect(sink.text).toBe("a longer line\nand another\n");
  });
  it("tells who sent a batch why it could not be written, and goes on with the next", async () => {
    const sink = new SlowSink();
    const collector = new LogCollector(sink, 1);
    sink.failure = new Error("disk full");
    expect(await add(collector, 0, "lost\n")).toBe(sink.failure);
    sink.failure = null;
    expect(await add(collector, 0, "kept\n")).toBeNull();
    expect(sink.text).toBe("kept\n");
  });
  it("takes a batch that failed again from its thread, with the half of a line that waited before it", async () => {
    const sink = new SlowSink();
    const collector = new LogCollector(sink, 2);
    await add(collector, 0, "first ");
    sink.failure = new Error("disk full");
    for (let i = 0; i < 2; i++) expect(await add(collector, 0, "half\nsecond ")).toBe(sink.failure);
    sink.failure = null;
    await add(collector, 1, "other\n");
    expect(await add(collector, 0, "half\nsecond ")).toBeNull();
    await add(collector, 0, "half\n");
    expect(sink.text).toBe("other\nfirst half\nsecond half\n");
  });
  it("does not bring back what it forgot when the batch of a dead thread fails", async () => {
    const sink = new SlowSink();
    const collector = new LogCollector(sink, 1);
    await add(collector, 0, "half ");
    sink.stall();
    const dead = add(collector, 0, "of it\n");
    collector.forget(0);
    sink.failure = new Error("disk full");
    sink.resume();
    expect(await dead).toBe(sink.failure);
    sink.failure = null;
    await add(collector, 0, "new\n");
    expect(sink.text).toBe("new\n");
  });
  it("forgets the half of a line that a thread left when it died", async () => {
    const sink = new SlowSink();
    const collector = new LogCollector(sink, 2);
    await add(collector, 0, "half ");
    await add(collector, 1, "other ");
    collector.forget(0);
    await add(collector, 0, "new\n");
    await add(collector, 1, "line\n");
    expect(sink.text).toBe("new\nother line\n");
  });
  it("mixes no lines, however threads and sinks cut them", async () => {
    const piece = fc.tuple(fc.nat({ max: 2 }), fc.integer({ min: 1, max: 9 }));
    const schedule = fc.tuple(fc.array(piece, { maxLength: 60 }), fc.integer({ min: 1, max: 12 }));
    await fc.assert(fc.asyncProperty(schedule, async ([pieces, bytesAtOnce]) => {
      const sink = new SlowSink(bytesAtOnce);
      const collector = new LogCollector(sink, 3);
      const rests = [0, 1, 2].map((thread) =>
        Array.from({ length: 8 }, (_, i) => `${thread}:line ${i}\n`).join("")
      );
      const sent = ["", "", ""];
      for (const [thread, length] of pieces) {
        const text = rests[thread]!.slice(0, length);
        rests[thread] = rests[thread]!.slice(length);
        sent[thread] += text;
        collector.add(thread, encode(text), () => {});
      }
      await collector.close(1_000);
      const lines = sink.text.split(/(?<=\n)/);
      for (const [thread, text] of sent.entries()) {
        const whole = text.slice(0, text.lastIndexOf("\n") + 1);
        expect(lines.filter((line) => line.startsWith(`${thread}:`)).join("")).toBe(whole);
      }
      expect(lines.join("").length).toBe(sink.text.length);
    }));
  });
});

describe("a rotated file", () => {
  it("is closed at once when nothing is being written", async () => {
    const [old, fresh] = [new SlowSink(), new SlowSink()];
    const collector = new LogCollector(old, 1);
    await add(collector, 0, "a\n");
    await collector.close(0);
    const again = new LogCollector(old, 1);
    again.reopen(fresh);
    expect(old.isClosed).toBe(true);
    await add(again, 0, "b\n");
    expect([old.text, fresh.text]).toEqual(["a\n", "b\n"]);
  });
  it("gets the whole of a batch that was begun, and the new one all that follows", async () => {
    const [old, fresh] = [new SlowSink(3), new SlowSink(3)];
    const collector = new LogCollector(old, 1);
    old.stall();
    const begun = add(collector, 0, "a line begun before\n");
    const waiting = add(collector, 0, "a line that waited\n");
    collector.reopen(fresh);
    expect(old.isClosed).toBe(false);
    old.resume();
    expect(await Promise.all([begun, waiting])).toEqual([null, null]);
    expect([old.text, fresh.text]).toEqual(["a line begun before\n", "a line that waited\n"]);
    await add(collector, 0, "\n");
    expect(old.isClosed).toBe(true);
  });
});

describe("closing", () => {
  it("waits until everything is written", async () => {
    const sink = new SlowSink(1);
    const collector = new LogCollector(sink, 1);
    collector.add(0, encode("a\n"), () => {});
    collector.add(0, encode("b\n"), () => {});
    await collector.close(60_000);
    expect([sink.text, sink.isClosed]).toEqual(["a\nb\n", true]);
  });
  it("waits no longer than it may for a sink that stalls", async () => {
    const sink = new SlowSink();
    const collector = new LogCollector(sink, 1);
    sink.stall();
    const written = add(collector, 0, "a\n");
    await collector.close(1);
    expect([sink.text, sink.isClosed]).toEqual(["", true]);
    sink.resume();
    expect(await written).toEqual(new Error("closed"));
  });
});
