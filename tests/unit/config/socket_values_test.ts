/** What sockets are given: keep-alive, user timeout, source. Refusals in words: tests/fixtures/config/refusals.md. @module */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { WordPlace } from "../../../src/config/config_error.ts";
import {
  formatTcpKeepAlive,
  readSource,
  readTcp,
  readTcpKeepAlive,
} from "../../../src/config/socket_values.ts";
import { refusalOf } from "../../support/config/written.ts";

const PLACE: WordPlace = { source: "-b", word: "word", column: 1 };

const keepAlive = (text: string) => readTcpKeepAlive("tcp-keepalive", text, PLACE);
const source = (text: string) => readSource("source", text, PLACE);

/** The first line of a refusal, without what it repeats. */
function refusedState(run: () => unknown): string {
  return refusalOf(run).split("\n")[0]!.replace(/^Cannot use \S+ "[^"]*": /, "").split(";")[0]!;
}

describe("tcp-keepalive", () => {
  it.each([
    ["off", null],
    ["on", [0, 0, 0]],
    ["60s", [60, 0, 0]],
    ["2m:1000", [120, 1, 0]],
    ["60s:10s:3", [60, 10, 3]],
    ["32767s:32767s:127", [32_767, 32_767, 127]],
  ])("%s", (text, values) => {
    const read = keepAlive(text);
    expect(read === null ? null : [read.idleSeconds, read.intervalSeconds, read.probeCount]).toEqual(values);
  });

  it.each([
    ["60", "the idle time must be whole seconds from 1s to 32767s"],
    ["0s", "the idle time must be whole seconds from 1s to 32767s"],
    ["32768s", "the idle time must be whole seconds from 1s to 32767s"],
    ["60s:1500ms", "the interval must be whole seconds from 1s to 32767s"],
    ["yes", '"yes" is no duration'],
    ["60s:", '"" is no duration'],
    ["60s:10s:0", "the count must be a whole number from 1 to 127"],
    ["60s:10s:128", "the count must be a whole number from 1 to 127"],
    ["60s:10s:3x", "the count must be a whole number from 1 to 127"],
    ["60s:10s:3:4", "it has more than three parts"],
  ])("is not %s", (text, state) => {
    expect(refusedState(() => keepAlive(text))).toBe(state);
  });

  it("is written as it is read", () => {
    const seconds = fc.integer({ min: 1, max: 32_767 });
    fc.assert(fc.property(seconds, seconds, fc.integer({ min: 1, max: 127 }), (idle, interval, count) => {
      for (const text of [`${idle}s`, `${idle}s:${interval}s`, `${idle}s:${interval}s:${count}`]) {
        const read = keepAlive(text);
        expect(keepAlive(formatTcpKeepAlive(read))).toEqual(read);
      }
    }));
    expect(["off", "on"].map((text) => formatTcpKeepAlive(keepAlive(text)))).toEqual(["off", "on"]);
    expect(formatTcpKeepAlive(keepAlive("120s:1s:3"))).toBe("2m:1s:3");
  });
});

describe("tcp-ut", () => {
  it.each([["off", 0], ["5s", 5_000], ["1", 1]])("%s", (text, userTimeoutMs) => {
    expect(readTcp({ text: "off", place: PLACE }, { text, place: PLACE }))
      .toEqual({ keepAlive: null, userTimeoutMs });
  });
});

describe("source", () => {
  it.each([
    ["10.0.0.5", "10.0.0.5", 0],
    ["10.0.0.5:4000", "10.0.0.5", 4_000],
    ["FD00::5", "fd00::5", 0],
    ["[fd00::5]", "fd00::5", 0],
    ["[fd00::5]:4000", "fd00::5", 4_000],
    ["::ffff:10.0.0.5", "10.0.0.5", 0],
    ["0.0.0.0", "0.0.0.0", 0],
  ])("%s", (text, host, port) => {
    expect(source(text)).toEqual({ interfaceName: "", hosts: [host], port });
  });

  it("may be an interface: its addresses, one of each family", () => {
    const own = Deno.networkInterfaces().filter(({ name }) => name === "lo");
    expect(source("lo")).toEqual({
      interfaceName: "lo",
      hosts: own.map(({ address }) => address).sort(),
      port: 0,
    });
    expect(source("lo:4000")).toMatchObject({ interfaceName: "lo", port: 4_000 });
  });

  it.each([
    ["10.0.0", '"10.0.0" is no IP address'],
    ["10.0.0.256:1", '"10.0.0.256" is no IP address'],
    ["[lo]", '"lo" is no IP address'],
    ["fd00::5::6", "it is malformed"],
    ["[fd00::5", "it is malformed"],
    ["10.0.0.5:", "it is malformed"],
    ["10.0.0.5:65536", "port 65536 is above 65535"],
    ["no-such-interface", "it is no IP address, and this machine has no such interface"],
  ])("is not %s", (text, state) => {
    expect(refusedState(() => source(text))).toBe(state);
  });
});
