/** How many connections are open: of one thread, of all, and of a thread that died. @module */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ConnectionCounts } from "../../../src/proxy/connection_counts.ts";

const LISTENERS = 2;

function openRows(count: number): ConnectionCounts[] {
  const cells = new Int32Array(new SharedArrayBuffer(ConnectionCounts.sharedBytes(LISTENERS, count)));
  return Array.from({ length: count }, (_, row) => new ConnectionCounts(cells, LISTENERS, row));
}

describe("the counts of one thread", () => {
  it("are those of the process, all and by listener", () => {
    const counts = ConnectionCounts.ofOneThread(LISTENERS);
    expect(counts.isShared).toBe(false);
    counts.add(0);
    counts.add(1);
    counts.add(1);
    counts.remove(0);
    expect([counts.total, counts.own, counts.ofListener(0), counts.ofListener(1)]).toEqual([2, 2, 0, 2]);
  });
});

describe("the counts of several threads", () => {
  it("take four bytes for each listener and one more, a thread", () => {
    expect(ConnectionCounts.sharedBytes(LISTENERS, 3)).toBe(3 * 3 * 4);
    expect(ConnectionCounts.sharedBytes(0, 1)).toBe(4);
  });

  it("are summed by every thread; its own are its own", () => {
    const rows = openRows(3);
    rows[0].add(0);
    rows[1].add(0);
    rows[2].add(1);
    rows[2].add(1);
    expect(rows.map((row) => row.own)).toEqual([1, 1, 2]);
    for (const row of rows) {
      expect(row.isShared).toBe(true);
      expect([row.total, row.ofListener(0), row.ofListener(1)]).toEqual([4, 2, 2]);
    }
  });

  it("lose those of a thread that died, and no others; who takes its place begins at nothing", () => {
    const rows = openRows(3);
    for (const row of rows) row.add(1);
    rows[1].add(0);
    rows[1].clear();
    expect([rows[1].own, rows[0].total, rows[0].ofListener(0), rows[0].ofListener(1)]).toEqual([0, 2, 0, 2]);
    rows[1].add(0);
    expect([rows[1].own, rows[2].total]).toEqual([1, 3]);
  });

  it("are those of another isolate as well", async () => {
    const cells = new Int32Array(new SharedArrayBuffer(ConnectionCounts.sharedBytes(LISTENERS, 2)));
    const here = new ConnectionCounts(cells, LISTENERS, 0);
    const place = new URL("../../../src/proxy/connection_counts.ts", import.meta.url).href;
    const code = `import { ConnectionCounts } from "${place}";
      onmessage = ({ data }) => {
        new ConnectionCounts(data, ${LISTENERS}, 1).add(1);
        postMessage("");
      };`;
    const worker = new Worker(`data:text/javascript,${encodeURIComponent(code)}`, { type: "module" });
    const answered = Promise.withResolvers<void>();
    worker.onmessage = () => answered.resolve();
    worker.postMessage(cells);
    await answered.promise;
    worker.terminate();
    here.add(1);
    expect([here.own, here.total, here.ofListener(1)]).toEqual([1, 2, 2]);
  });

  it("are right after any adding, removing and dying", () => {
    const step = fc.tuple(fc.nat({ max: 2 }), fc.nat({ max: LISTENERS - 1 }), fc.nat({ max: 9 }));
    fc.assert(fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const rows = openRows(3);
      const model = rows.map(() => new Array<number>(LISTENERS).fill(0));
      for (const [row, listener, what] of steps) {
        const open = model[row]!;
        if (what === 0) {
          rows[row]!.clear();
          open.fill(0);
        } else if (what < 4 && open[listener]! > 0) {
          rows[row]!.remove(listener);
          open[listener]!--;
        } else {
          rows[row]!.add(listener);
          open[listener]!++;
        }
      }
      const sum = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0);
      expect(rows.map((row) => row.own)).toEqual(model.map(sum));
      expect(rows[0]!.total).toBe(sum(model.map(sum)));
      expect([0, 1].map((one) => rows[2]!.ofListener(one))).toEqual(
        [0, 1].map((one) => sum(model.map((open) => open[one]!))),
      );
    }));
  });
});
