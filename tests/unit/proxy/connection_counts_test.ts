/** How many connections are open: of one thread, of all, and of a thread that died. @module */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BackendCounts } from "../../../src/proxy/backend_counts.ts";
import { ConnectionCounts, countColumns } from "../../../src/proxy/connection_counts.ts";
import { configOf } from "../../support/config/written.ts";

const LISTENERS = 2;
/** Two backends, of one server and of two. */
const COLUMNS = { listenerCount: LISTENERS, serverCount: 3, backendCount: 2 };

function openRows(count: number): ConnectionCounts[] {
  const cells = new Int32Array(new SharedArrayBuffer(ConnectionCounts.sharedBytes(COLUMNS, count)));
  return Array.from({ length: count }, (_, row) => new ConnectionCounts(cells, COLUMNS, row));
}

describe("the counts of one thread", () => {
  it("are those of the process, all and by listener", () => {
    const counts = ConnectionCounts.ofOneThread(COLUMNS);
    expect(counts.isShared).toBe(false);
    counts.add(0);
    counts.add(1);
    counts.add(1);
    counts.remove(0);
    expect([counts.total, counts.own, counts.ofListener(0), counts.ofListener(1)]).toEqual([2, 2, 0, 2]);
  });
});

describe("the counts of several threads", () => {
  it("take four bytes for each listener, server and backend and one more, a thread and once more", () => {
    expect(ConnectionCounts.sharedBytes(COLUMNS, 3)).toBe((3 + 1) * (1 + 2 + 3 + 2) * 4);
    expect(countColumns(configOf("hadro -l :1 -b :2 -r /x=:3 -r /x=:4 -l :5 -b :6"))).toEqual({
      listenerCount: 2,
      serverCount: 4,
      backendCount: 3,
    });
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
    const cells = new Int32Array(new SharedArrayBuffer(ConnectionCounts.sharedBytes(COLUMNS, 2)));
    const here = new ConnectionCounts(cells, COLUMNS, 0);
    const place = new URL("../../../src/proxy/connection_counts.ts", import.meta.url).href;
    const code = `import { ConnectionCounts } from "${place}";
      onmessage = ({ data }) => {
        const counts = new ConnectionCounts(data, ${JSON.stringify(COLUMNS)}, 1);
        counts.add(1);
        counts.changeServer(2, 1, 1);
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
    expect([here.ofServer(2), here.ofBackend(1), here.ofServer(1)]).toEqual([1, 1, 0]);
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

describe("the streams of servers", () => {
  /** The two backends as each of the threads counts them. */
  const backends = (rows: readonly ConnectionCounts[]) =>
    rows.map((row) => [new BackendCounts(row, 0, 0), new BackendCounts(row, 1, 1)] as const);

  it("are those of all threads, by server and by backend", () => {
    const [[small, large], [otherSmall, otherLarge]] = backends(openRows(2)) as [
      readonly [BackendCounts, BackendCounts],
      readonly [BackendCounts, BackendCounts],
    ];
    small.begin(0);
    otherSmall.begin(0);
    large.begin(1);
    otherLarge.begin(0);
    otherLarge.begin(1);
    large.end(1);
    expect([small.ofServer(0), large.ofServer(0), large.ofServer(1)]).toEqual([2, 1, 1]);
    expect([otherSmall.total, otherLarge.total]).toEqual([2, 2]);
    expect([large.thread, otherLarge.thread, large.threadCount]).toEqual([0, 1, 2]);
  });

  it("are taken up to a limit, of all threads together; a place is nobody's until it is adopted or given back", () => {
    const [small, otherSmall] = openRows(2).map((row) => new BackendCounts(row, 0, 0)) as [
      BackendCounts,
      BackendCounts,
    ];
    expect([small.tryTake(0, 2), otherSmall.tryTake(0, 2), small.tryTake(0, 2)]).toEqual([true, true, false]);
    expect([small.ofServer(0), small.total]).toEqual([2, 0]);
    small.adopt(0);
    otherSmall.giveBack(0);
    expect([small.ofServer(0), otherSmall.total]).toEqual([1, 1]);
    small.end(0);
    expect([small.ofServer(0), otherSmall.total, otherSmall.tryTake(0, 0)]).toEqual([0, 0, false]);
  });

  it("are no connections of clients, and the other way round", () => {
    const [row] = openRows(1);
    const [[small]] = backends([row!]) as [readonly [BackendCounts, BackendCounts]];
    small.begin(0);
    expect([row!.own, row!.total, row!.ofListener(0), row!.ofListener(1)]).toEqual([0, 0, 0, 0]);
    row!.add(0);
    expect([small.ofServer(0), small.total]).toEqual([1, 1]);
  });

  it("lose those of a thread that died, and no others", () => {
    const rows = openRows(3);
    const all = backends(rows);
    for (const [small, large] of all) {
      small.begin(0);
      large.begin(1);
    }
    rows[1]!.clear();
    expect([all[0]![0].ofServer(0), all[0]![1].ofServer(1), all[2]![1].total]).toEqual([2, 2, 2]);
    rows[1]!.clear();
    all[1]![1].begin(1);
    expect(all[0]![1].total).toBe(3);
  });
});
