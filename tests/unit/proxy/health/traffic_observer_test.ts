/** What traffic says about a server: which errors count, and when there are too many. @module */
import { describe, expect, it } from "vitest";
import { HealthCells } from "../../../../src/proxy/health/health_cells.ts";
import { TrafficError } from "../../../../src/proxy/health/health_reason.ts";
import { noteNoAnswer, TrafficObserver } from "../../../../src/proxy/health/traffic_observer.ts";
import { EndCause, EndPhase } from "../../../../src/proxy/log_record.ts";

function observer(isLayer7: boolean, errorLimit = 3): { observer: TrafficObserver; told: number[][] } {
  const told: number[][] = [];
  const onLimit = (...news: number[]) => told.push(news);
  return {
    observer: new TrafficObserver(HealthCells.ofOneThread(2), 1, { isLayer7, errorLimit, onLimit }),
    told,
  };
}

describe("observe", () => {
  it("l4 counts failed connects in a row, and nothing of answers", () => {
    const { observer: it, told } = observer(false);
    it.onConnectFailed();
    it.onConnectFailed();
    it.onConnected();
    it.onConnectFailed();
    it.onConnectFailed();
    it.onStatus(200);
    it.onStatus(500);
    it.onNoAnswer(TrafficError.CLOSED);
    expect(told).toEqual([]);
    it.onConnectFailed();
    expect(told).toEqual([[TrafficError.CONNECT, 3]]);
  });

  it("l7 counts failed connects, 5xx but 501 and 505, and missing answers; only a good answer ends the row", () => {
    const { observer: it, told } = observer(true);
    for (const status of [200, 404, 501, 505]) {
      it.onStatus(500);
      it.onStatus(502);
      it.onStatus(status);
    }
    it.onConnectFailed();
    it.onConnected();
    it.onNoAnswer(TrafficError.TIMEOUT);
    expect(told).toEqual([]);
    it.onStatus(503);
    expect(told).toEqual([[503, 3]]);
  });

  it("begins to count anew at the limit", () => {
    const { observer: it, told } = observer(false, 1);
    it.onConnectFailed();
    it.onConnectFailed();
    expect(told).toEqual([[1, 1], [1, 1]]);
  });
});

describe("a stream that failed", () => {
  it.each([
    [EndCause.SERVER, EndPhase.HEADERS, TrafficError.CLOSED],
    [EndCause.SERVER_TIMEOUT, EndPhase.HEADERS, TrafficError.TIMEOUT],
    [EndCause.PROXY, EndPhase.HEADERS, TrafficError.BAD_ANSWER],
    [EndCause.DOWN, EndPhase.HEADERS, 0],
    [EndCause.CLIENT, EndPhase.HEADERS, 0],
    [EndCause.SERVER, EndPhase.DATA, 0],
    [EndCause.SERVER, EndPhase.CONNECT, 0],
  ])("with cause %i in phase %i is error %i", (cause, phase, error) => {
    const { observer: it, told } = observer(true, 1);
    noteNoAnswer(it, cause, phase);
    noteNoAnswer(null, cause, phase);
    expect(told).toEqual(error === 0 ? [] : [[error, 1]]);
  });
});
