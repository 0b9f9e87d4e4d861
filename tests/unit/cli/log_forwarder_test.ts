/** The log of one thread: batches that leave, and the word that they are written. @module */
import { describe, expect, it } from "vitest";
import { LogForwarder, writeFailure } from "../../../src/cli/log_forwarder.ts";
import type { FromThread } from "../../../src/cli/thread_messages.ts";

/** A thread's end of the channel: what it sent, and a main isolate that counts what it has written. */
function open(onSent: (written: Int32Array<SharedArrayBuffer>) => void = () => {}) {
  const written = new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT);
  const sent: string[] = [];
  const forwarder = new LogForwarder((message: FromThread, transfer) => {
    if (message.kind !== "log") throw new Error(`unexpected ${message.kind}`);
    sent.push(new TextDecoder().decode(message.bytes));
    expect(transfer).toEqual([message.bytes.buffer]);
    onSent(new Int32Array(written));
  }, written);
  return { forwarder, sent };
}

const encode = (text: string) => new TextEncoder().encode(text);

describe("write", () => {
  it("sends a copy, and ends when the main isolate has written it all", async () => {
    const { forwarder, sent } = open();
    const ring = encode("a line\n");
    const promise = forwarder.write(ring);
    ring.fill(0);
    expect(sent).toEqual(["a line\n"]);
    forwarder.onWritten(null);
    expect(await promise).toBe(7);
    expect(ring.length).toBe(7);
  });
  it("fails as the main isolate failed, a closed pipe as such", async () => {
    const { forwarder } = open();
    const broken = forwarder.write(encode("a\n"));
    forwarder.onWritten({ errno: 32, message: "Broken pipe" });
    await expect(broken).rejects.toThrow(Deno.errors.BrokenPipe);
    const full = forwarder.write(encode("b\n"));
    forwarder.onWritten({ errno: 28, message: "disk full" });
    await expect(full).rejects.toThrow(new Error("disk full"));
  });
  it("is not confused by a word about a batch that was sent by writeSync", async () => {
    const { forwarder } = open((written) => Atomics.add(written, 0, 1));
    expect(forwarder.writeSync(encode("a\n"))).toBe(2);
    forwarder.onWritten(null);
    const promise = forwarder.write(encode("bcd\n"));
    forwarder.onWritten(null);
    expect(await promise).toBe(4);
  });
});

/** A main isolate: notes that it has written a batch, in its own time. */
const MAIN_ISOLATE = `data:text/javascript,onmessage = ({ data }) => {
  Atomics.add(data, 0, 1);
  Atomics.notify(data, 0);
};`;

describe("writeSync", () => {
  it("ends at once when every batch is written already", () => {
    const { forwarder, sent } = open((written) => Atomics.add(written, 0, 1));
    expect([forwarder.writeSync(encode("a\n")), forwarder.writeSync(encode("bc\n"))]).toEqual([2, 3]);
    expect(sent).toEqual(["a\n", "bc\n"]);
  });
  it("fails as the main isolate failed, and works again when that has passed", () => {
    const errnos = [32, 28, 0];
    const { forwarder, sent } = open((written) => {
      Atomics.store(written, 1, errnos.shift()!);
      Atomics.add(written, 0, 1);
    });
    expect(() => forwarder.writeSync(encode("a\n"))).toThrow(Deno.errors.BrokenPipe);
    expect(() => forwarder.writeSync(encode("b\n"))).toThrow("os error 28");
    expect(forwarder.writeSync(encode("b\n"))).toBe(2);
    expect(sent).toEqual(["a\n", "b\n", "b\n"]);
  });
  it("sleeps until the main isolate has written the batch, and those before it", () => {
    const main = new Worker(MAIN_ISOLATE, { type: "module" });
    let cells = new Int32Array(new SharedArrayBuffer(4));
    const { forwarder } = open((written) => {
      cells = written;
      main.postMessage(written);
    });
    void forwarder.write(encode("before\n"));
    expect(forwarder.writeSync(encode("a\n"))).toBe(2);
    expect(Atomics.load(cells, 0)).toBe(2);
    main.terminate();
  });
});

describe("what a thread is told of a failure", () => {
  it("is its error number and its words; EPIPE for a closed pipe, EIO where none is known", () => {
    expect(writeFailure(new Deno.errors.BrokenPipe("gone"))).toEqual({ errno: 32, message: "gone" });
    const full = "No space left on device (os error 28)";
    expect(writeFailure(new Error(full))).toEqual({ errno: 28, message: full });
    expect(writeFailure("what")).toEqual({ errno: 5, message: "what" });
  });
});
