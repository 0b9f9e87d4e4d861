/**
 * CPU time and memory from the text of /proc files.
 *
 * @module
 */
import { describe, expect, it } from "vitest";
import {
  type CpuSnapshot,
  findTree,
  measureCpu,
  parseResidentBytes,
  parseSchedstat,
  parseStat,
} from "../../../scripts/bench/proc_stat.ts";

/** A stat line with this name, 12 ticks of utime and 30 of stime. */
const statOf = (name: string) =>
  `15147 (${name}) S 15122 15122 2213 0 -1 4194304 100 0 0 0 12 30 500 600 20 0 7 0 384318 3133440 390 1`;

const MS = 1_000_000;

function snapshot(processNs: Record<number, number>, threadNs: Record<number, number> | null): CpuSnapshot {
  const toMap = (record: Record<number, number>) =>
    new Map(Object.entries(record).map(([id, value]) => [Number(id), value]));
  return { processNs: toMap(processNs), threadNs: threadNs === null ? null : toMap(threadNs) };
}

describe("parseStat", () => {
  it("adds utime and stime, and leaves out those of ended children", () => {
    expect(parseStat(statOf("hadro"))).toEqual({ pid: 15_147, parentPid: 15_122, cpuNs: 420 * MS });
  });
  it.each(["nginx: worker process", "a) R 1 (b", ")", ""])("is not misled by the name %j", (name) => {
    expect(parseStat(statOf(name))).toMatchObject({ parentPid: 15_122, cpuNs: 420 * MS });
  });
  it.each(["", "1 hadro S 1", "1 (hadro) S"])("refuses %j", (text) => {
    expect(() => parseStat(text)).toThrow("Not the text of");
  });
});

describe("parseSchedstat", () => {
  it("reads the first number", () => expect(parseSchedstat("167842501 16978912 379\n")).toBe(167_842_501));
  it.each(["", "1 2", "x 1 2", "1 2 3 4"])("refuses %j", (text) => {
    expect(() => parseSchedstat(text)).toThrow("Not the text of");
  });
});

describe("parseResidentBytes", () => {
  it("reads VmRSS", () => {
    expect(parseResidentBytes("Name:\thadro\nVmHWM:\t   52000 kB\nVmRSS:\t   51200 kB\nRssAnon:\t 3 kB\n"))
      .toBe(
        52_428_800,
      );
  });
  it("refuses a text without it, as that of a kernel thread", () => {
    expect(() => parseResidentBytes("Name:\tkthreadd\n")).toThrow("Not the text of /proc/PID/status");
  });
});

describe("findTree", () => {
  const process = (pid: number, parentPid: number) => ({ pid, parentPid, cpuNs: 0 });
  it("finds children and theirs, in any order", () => {
    const all = [process(30, 20), process(20, 10), process(10, 1), process(11, 1), process(21, 10)];
    expect(findTree(10, all)).toEqual([10, 20, 21, 30]);
  });
  it("is the process alone when nothing is below it", () => {
    expect(findTree(10, [process(10, 1)])).toEqual([10]);
  });
});

describe("measureCpu", () => {
  it("believes schedstat, over all threads", () => {
    const before = snapshot({ 10: 100 * MS }, { 10: 101 * MS, 11: 5 * MS });
    const after = snapshot({ 10: 300 * MS }, { 10: 301.5 * MS, 11: 9 * MS });
    expect(measureCpu(before, after)).toEqual({ ns: 204.5 * MS, source: "schedstat" });
  });
  it("counts a thread that began in between", () => {
    const after = snapshot({ 10: 60 * MS }, { 10: 40 * MS, 11: 20 * MS });
    expect(measureCpu(snapshot({ 10: 0 }, { 10: 0 }), after)).toEqual({ ns: 60 * MS, source: "schedstat" });
  });
  it("believes stat when a thread ended and took its time along", () => {
    const before = snapshot({ 10: 100 * MS }, { 10: 50 * MS, 11: 50 * MS });
    const after = snapshot({ 10: 400 * MS }, { 10: 150 * MS });
    expect(measureCpu(before, after)).toEqual({ ns: 300 * MS, source: "stat" });
  });
  it("takes the rounding of stat for what it is", () => {
    const before = snapshot({ 10: 100 * MS }, { 10: 109 * MS });
    const after = snapshot({ 10: 220 * MS }, { 10: 211 * MS });
    expect(measureCpu(before, after)).toEqual({ ns: 102 * MS, source: "schedstat" });
  });
  it("counts a worker that was started again", () => {
    const before = snapshot({ 10: 0, 20: 500 * MS }, { 10: 0, 20: 500 * MS });
    const after = snapshot({ 10: 0, 21: 80 * MS }, { 10: 0, 21: 80 * MS });
    expect(measureCpu(before, after)).toEqual({ ns: 80 * MS, source: "schedstat" });
  });
  it("does without schedstat", () => {
    expect(measureCpu(snapshot({ 10: 0 }, null), snapshot({ 10: 70 * MS }, null))).toEqual({
      ns: 70 * MS,
      source: "stat",
    });
  });
});
