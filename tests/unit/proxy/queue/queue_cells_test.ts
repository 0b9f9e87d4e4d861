/** What threads share about queues, word by word. @module */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  isServedBefore,
  QueueCells,
  queueColumns,
  queueKey,
} from "../../../../src/proxy/queue/queue_cells.ts";
import { configOf } from "../../../support/config/written.ts";

const COLUMNS = { serverCount: 3, backendCount: 2 };

function open(threadCount: number): QueueCells[] {
  const words = new Int32Array(QueueCells.sharedBytes(COLUMNS, threadCount) / 4);
  return Array.from({ length: threadCount }, (_, i) => new QueueCells(words, COLUMNS, threadCount, i));
}

describe("keys", () => {
  it("order by class, then by ticket, and nobody comes last", () => {
    const order = [queueKey(0, 7), queueKey(0, 8), queueKey(1, 0), queueKey(1, 1), queueKey(2, 5), 0];
    for (let i = 0; i < order.length; i++) {
      for (let j = 0; j < order.length; j++) {
        expect(isServedBefore(order[i]!, order[j]!), `${i} ${j}`).toBe(i < j);
      }
    }
  });

  it("go on in order when tickets wrap", () => {
    fc.assert(
      fc.property(
        fc.integer(),
        fc.integer({ min: 1, max: 2 ** 26 }),
        fc.nat({ max: 2 }),
        (ticket, ahead, priority) => {
          const [one, other] = [queueKey(priority, ticket), queueKey(priority, (ticket + ahead) | 0)];
          expect(one).toBeGreaterThan(0);
          expect([isServedBefore(one, other), isServedBefore(other, one)]).toEqual([true, false]);
        },
      ),
    );
  });
});

describe("cells", () => {
  it("exist only where a server has a maxconn", () => {
    expect(queueColumns(configOf("hadro -l :1 -b :2"))).toBeNull();
    expect(queueColumns(configOf("hadro -l :1 -b :2 :3,maxconn=1 -r /x=:4"))).toEqual(COLUMNS);
  });

  it("of every kind are apart, for every thread and queue", () => {
    const all = open(3);
    const write = (cells: QueueCells, t: number) => {
      cells.setBell(100 + t);
      for (let queue = 0; queue < 5; queue++) {
        cells.publishHead(queue, 1 + t * 5 + queue);
        expect(cells.tryJoin(queue, 99)).toBe(true);
        for (let i = 0; i <= queue; i++) cells.countServed(queue);
      }
      for (let server = 0; server < 3; server++) {
        for (let i = 0; i <= server + t; i++) all[0]!.grant(server, t);
      }
      cells.nextTicket(t % 2);
    };
    all.forEach(write);
    for (const cells of all) {
      for (let t = 0; t < 3; t++) {
        expect(cells.bell(t)).toBe(100 + t);
        for (let queue = 0; queue < 5; queue++) {
          expect([cells.head(queue, t), cells.lengthOfThread(queue, t)]).toEqual([1 + t * 5 + queue, 1]);
        }
        for (let server = 0; server < 3; server++) expect(cells.grants(server, t)).toBe(server + t + 1);
      }
      for (let queue = 0; queue < 5; queue++) {
        expect([cells.length(queue), cells.served(queue)]).toEqual([3, 3 * (queue + 1)]);
      }
    }
    expect([all[0]!.nextTicket(0), all[0]!.nextTicket(1)]).toEqual([2, 1]);
    expect([all[0]!.queueOfServer(2), all[0]!.queueOfBackend(0), all[0]!.queueOfBackend(1)]).toEqual([
      2,
      3,
      4,
    ]);
  });

  it("of a queue count at most what may wait there", () => {
    const [one, two] = open(2) as [QueueCells, QueueCells];
    expect([one.tryJoin(0, 2), two.tryJoin(0, 2), one.tryJoin(0, 2)]).toEqual([true, true, false]);
    two.leave(0);
    expect([one.tryJoin(0, 2), one.length(0), one.lengthOfThread(0, 0)]).toEqual([true, 2, 2]);
  });

  it("of a thread that died are cleared: who waited, and what it was granted is told", () => {
    const [one, two] = open(2) as [QueueCells, QueueCells];
    one.tryJoin(4, 9);
    two.tryJoin(4, 9);
    two.publishHead(4, 77);
    one.grant(1, 1);
    one.grant(1, 1);
    const given: number[] = [];
    two.clear((server) => given.push(server));
    expect([one.length(4), one.head(4, 1), one.grants(1, 1), given]).toEqual([1, 0, 0, [1, 1]]);
    // One that comes too late is found by who takes its place.
    one.grant(2, 1);
    expect([two.takeGrant(2), two.takeGrant(2)]).toEqual([true, false]);
  });

  it("have no bell unless one is set", () => {
    const [one] = open(1) as [QueueCells];
    expect([one.bell(0), one.isShared]).toEqual([-1, false]);
  });
});
