/** The log's ring: batches, a reader that stalls, lines dropped and counted, and blocking instead. @module */
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { compileLogFormat } from "../../../../src/observe/access_log/compile.ts";
import { FormatJson } from "../../../../src/observe/access_log/format_json.ts";
import {
  FLUSH_BYTES,
  FLUSH_MS,
  LINE_BYTES_MAX,
  LogWriter,
  RING_BYTES,
} from "../../../../src/observe/access_log/log_writer.ts";
import { httpRecord } from "../../../support/access_log/records.ts";
import { ScriptedSink, settled } from "../../../support/access_log/scripted_sink.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Lines are "<number> <padding>"; the number is the record's status. */
function newWriter(sink: ScriptedSink, padding = 0, blocks = false): LogWriter {
  const onError = (message: string) => expect.fail(message);
  return new LogWriter({ format: compileLogFormat("%ST " + "x".repeat(padding)), sink, blocks, onError });
}

function log(writer: LogWriter, ...numbers: number[]): void {
  for (const status of numbers) writer.logStream(httpRecord({ status }));
}

function numbers(from: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => from + i);
}

describe("batches", () => {
  it("begin a short time after the first line, and hold every line until then", async () => {
    const sink = new ScriptedSink(true);
    const writer = newWriter(sink);
    expect(writer.enabled).toBe(true);
    log(writer, 1);
    writer.flushSoon();
    await vi.advanceTimersByTimeAsync(FLUSH_MS - 1);
    log(writer, 2);
    writer.flushSoon();
    expect(sink.text).toBe("");
    await vi.advanceTimersByTimeAsync(1);
    expect(sink.text).toBe("1 \n2 \n");
    expect(writer.counters).toEqual({ lines: 2, dropped: 0, bytes: 6, writes: 1, errors: 0 });
  });

  it("begin at once when enough waits", async () => {
    const sink = new ScriptedSink(true);
    const writer = newWriter(sink, 1_000);
    log(writer, ...numbers(100, Math.ceil(FLUSH_BYTES / 1_005)));
    expect(sink.text).toBe("");
    writer.flushSoon();
    await settled();
    expect(sink.lines).toHaveLength(Math.ceil(FLUSH_BYTES / 1_005));
  });

  it("arm no timer when nothing waits", () => {
    newWriter(new ScriptedSink(true)).flushSoon();
    expect(vi.getTimerCount()).toBe(0);
  });

  it("are one at a time: lines that come meanwhile are in the next", async () => {
    const sink = new ScriptedSink(false);
    const writer = newWriter(sink);
    log(writer, 1);
    writer.flushSoon();
    await vi.advanceTimersByTimeAsync(FLUSH_MS);
    log(writer, 2, 3);
    writer.flushSoon();
    await vi.advanceTimersByTimeAsync(FLUSH_MS);
    await sink.take();
    expect(sink.text).toBe("1 \n");
    await vi.advanceTimersByTimeAsync(FLUSH_MS);
    await sink.take();
    expect(sink.text).toBe("1 \n2 \n3 \n");
    expect(writer.counters.writes).toBe(2);
  });

  it("go on behind a write that was taken in part", async () => {
    const sink = new ScriptedSink(false);
    const writer = newWriter(sink);
    log(writer, 100, 200);
    writer.flushSoon();
    await vi.advanceTimersByTimeAsync(FLUSH_MS);
    await sink.take(2);
    await vi.advanceTimersByTimeAsync(FLUSH_MS);
    await sink.take();
    expect(sink.lines).toEqual(["100 ", "200 "]);
    expect(writer.counters.bytes).toBe(10);
  });

  it("hold the largest line whole", async () => {
    const sink = new ScriptedSink(true);
    const writer = new LogWriter({ format: new FormatJson(), sink, blocks: false, onError: expect.fail });
    const userAgent = new Uint8Array(256).fill(1);
    const texts = { requestLine: `GET /${'"'.repeat(1_000)} HTTP/1.1`, referer: userAgent, userAgent };
    writer.logStream(httpRecord({ why: "\x01".repeat(512) }, texts));
    writer.flushSoon();
    await vi.advanceTimersByTimeAsync(FLUSH_MS);
    expect(JSON.parse(sink.text).uri).toBe(`/${'"'.repeat(1_000)}`);
  });
});

describe("a reader that stalls", () => {
  const LINE_BYTES = 10_000;
  const CAPACITY = Math.floor(RING_BYTES / LINE_BYTES);

  /** A writer with a full ring whose first write is waiting. */
  async function stalled(): Promise<{ sink: ScriptedSink; writer: LogWriter }> {
    const sink = new ScriptedSink(false);
    const writer = newWriter(sink, LINE_BYTES - 5);
    log(writer, ...numbers(100, CAPACITY));
    writer.flushSoon();
    await settled();
    return { sink, writer };
  }

  it("costs the lines that have no room, and each is counted", async () => {
    const { sink, writer } = await stalled();
    log(writer, 901, 902, 903);
    expect(writer.counters).toMatchObject({ lines: CAPACITY + 3, dropped: 3 });
    expect(sink.isWaiting).toBe(true);
  });

  it("is told how many were dropped, between the lines before and those after", async () => {
    const { sink, writer } = await stalled();
    log(writer, 901, 902, 903);
    await sink.take();
    log(writer, 500);
    sink.isOpen = true;
    await writer.close(1_000);
    const heads = sink.lines.map((line) => line.replace(/x+$/, ""));
    expect(heads.slice(-3)).toEqual([`${99 + CAPACITY} `, "hadro: 3 log lines dropped", "500 "]);
  });

  it("is told once for each time that it stalled", async () => {
    const { sink, writer } = await stalled();
    log(writer, 901);
    await sink.take();
    log(writer, ...numbers(300, CAPACITY + 1));
    expect(sink.isWaiting).toBe(false);
    sink.isOpen = true;
    expect(await writer.close(1_000)).toBe(2);
    expect(sink.lines.filter((line) => line.startsWith("hadro"))).toEqual([
      "hadro: 1 log lines dropped",
      "hadro: 1 log lines dropped",
    ]);
  });

  it("is told in the words of the format", async () => {
    const sink = new ScriptedSink(false);
    const writer = new LogWriter({ format: new FormatJson(), sink, blocks: false, onError: expect.fail });
    while (writer.counters.dropped < 5) writer.logStream(httpRecord());
    sink.isOpen = true;
    await writer.close(1_000);
    const last = sink.lines.at(-1)!;
    expect(last).toBe('{"v":1,"event":"log_dropped","lines":5}');
  });

  it("never sees a line that is not whole, out of order, or missing without a note", async () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant("log" as const), count: fc.integer({ min: 1, max: 40 }) }),
      fc.record({ kind: fc.constant("take" as const), count: fc.integer({ min: 1, max: RING_BYTES }) }),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 60 }),
        fc.integer({ min: 0, max: 30_000 }),
        async (steps, padding) => {
          const sink = new ScriptedSink(false);
          const writer = newWriter(sink, padding);
          for (const { kind, count } of steps) {
            if (kind === "log") log(writer, ...numbers(writer.counters.lines, count));
            else if (sink.isWaiting) await sink.take(count);
            writer.flushSoon();
          }
          sink.isOpen = true;
          if (sink.isWaiting) await sink.take();
          const dropped = await writer.close(1_000);
          checkLines(sink.lines, writer.counters.lines, padding, dropped);
        },
      ),
      { numRuns: 50 },
    );
  });
});

/** Every number up to `count` comes in order, or is one of those that a note counts. */
function checkLines(lines: readonly string[], count: number, padding: number, dropped: number): void {
  let next = 0;
  let noted = 0;
  let missing = 0;
  for (const line of lines) {
    const note = /^hadro: (\d+) log lines dropped$/.exec(line);
    if (note !== null) {
      noted += Number(note[1]);
      continue;
    }
    expect(line).toMatch(/^\d+ x*$/);
    const number = parseInt(line);
    expect(line.length).toBe(String(number).length + 1 + padding);
    expect(number).toBeGreaterThanOrEqual(next);
    missing += number - next;
    next = number + 1;
  }
  expect(missing + count - next).toBe(dropped);
  expect(noted).toBe(dropped);
}

describe("blocking", () => {
  it("writes at the end of a turn, before anything else happens", () => {
    const sink = new ScriptedSink(true);
    const writer = newWriter(sink, 0, true);
    log(writer, 1, 2);
    expect(sink.text).toBe("");
    writer.flushSoon();
    expect(sink.text).toBe("1 \n2 \n");
    expect(vi.getTimerCount()).toBe(0);
    expect(writer.counters).toEqual({ lines: 2, dropped: 0, bytes: 6, writes: 1, errors: 0 });
  });

  it("waits for the reader when the ring is full, and loses nothing", () => {
    const sink = new ScriptedSink(true);
    const writer = newWriter(sink, LINE_BYTES_MAX / 2, true);
    sink.syncScript.push(10, 1);
    log(writer, ...numbers(100, 700));
    expect(sink.syncWrites).toBeGreaterThan(3);
    writer.flushSoon();
    expect(sink.lines.map((line) => parseInt(line))).toEqual(numbers(100, 700));
    expect(writer.counters.dropped).toBe(0);
  });

  it("tries again when a pipe that somebody made non-blocking is full", () => {
    const sink = new ScriptedSink(true);
    const writer = newWriter(sink, 0, true);
    sink.syncScript.push(new Deno.errors.WouldBlock("full"), new Error("no room (os error 11)"));
    log(writer, 1);
    writer.flushSoon();
    expect(sink.text).toBe("1 \n");
    expect(writer.counters.errors).toBe(0);
  });
});
