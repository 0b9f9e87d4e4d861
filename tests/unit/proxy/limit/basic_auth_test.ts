/** Basic authentication: who is asked when, slice by slice. @module */
import { describe, expect, it } from "vitest";
import { newActivity } from "../../../../src/event/activity.ts";
import { Scheduler } from "../../../../src/event/task.ts";
import { HeadParser, ParseStatus } from "../../../../src/protocol/h1/head_parser.ts";
import { AuthResult, BasicAuth } from "../../../../src/proxy/limit/basic_auth.ts";
import { latin1 } from "../../../support/sim/sim_peer.ts";

const { RIGHT, WRONG, BUSY, PENDING } = AuthResult;
const USERS = [
  { name: "ann", hash: "$2b$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK" },
  { name: "bob", hash: "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW" },
];

class Waiter {
  readonly results: boolean[] = [];
  onAuthResult(isRight: boolean): void {
    this.results.push(isRight);
  }
}

class Rig {
  readonly scheduler = new Scheduler(newActivity());
  nowMs = 1_000;
  readonly auth = new BasicAuth(USERS, this, Uint32Array.of(1, 2, 3, 4));

  /** Asks with these header lines. */
  ask(waiter: Waiter, ...fields: string[]): number {
    const head = new HeadParser("request");
    const bytes = latin1(
      `??GET / HTTP/1.1\r\nHost: a\r\n${fields.map((field) => `${field}\r\n`).join("")}\r\n`,
    );
    expect(head.parse(bytes, 2, bytes.length)).toBe(ParseStatus.DONE);
    return this.auth.ask(head, bytes, 2, waiter);
  }

  /** Runs tasks turn by turn; how many turns there was something to do. */
  run(): number {
    let turns = 0;
    for (; this.scheduler.hasRunnable; turns++) this.scheduler.runTasks();
    return turns;
  }
}

const basic = (text: string) => `Authorization: Basic ${btoa(text)}`;

describe("BasicAuth", () => {
  it("checks what it does not know in slices, and knows it then", () => {
    const rig = new Rig();
    const waiter = new Waiter();
    expect(rig.ask(waiter, basic("ann:U*U*"))).toBe(PENDING);
    expect(waiter.results).toEqual([]);
    // To begin, and 32 rounds of which 10 fit a slice.
    expect([rig.run(), waiter.results]).toEqual([5, [true]]);
    expect(rig.ask(waiter, basic("ann:U*U*"))).toBe(RIGHT);
    expect(rig.ask(waiter, basic("ann:U*U*").replace("Basic", "bAsIc"))).toBe(PENDING);
    rig.nowMs += 300_000;
    expect(rig.ask(waiter, basic("ann:U*U*"))).toBe(PENDING);
  });
  it.each([["ann:U*U"], ["bob:U*U*"], ["eve:U*U*"], ["ann:"], [":U*U*"], ["ANN:U*U*"], ["ann:U*U* "]])(
    "takes as long to find that %s is wrong, and remembers it for a while",
    (text) => {
      const rig = new Rig();
      const waiter = new Waiter();
      expect(rig.ask(waiter, basic(text))).toBe(PENDING);
      expect([rig.run(), waiter.results]).toEqual([5, [false]]);
      expect(rig.ask(waiter, basic(text))).toBe(WRONG);
      rig.nowMs += 10_000;
      expect(rig.ask(waiter, basic(text))).toBe(PENDING);
    },
  );
  it.each([
    ["no credentials", []],
    ["another scheme", ["Authorization: Bearer abcd"]],
    ["no base64", ["Authorization: Basic ann:U*U*"]],
    ["half of base64", ["Authorization: Basic YW5uO"]],
    ["no colon", [basic("ann")]],
    ["a zero in the password", [basic("ann:U*U*\0x")]],
    ["more than anybody's", [basic(`ann:${"x".repeat(500)}`)]],
    ["two of them", [basic("ann:U*U*"), basic("bob:U*U")]],
  ])("finds %s wrong at once", (_, fields) => {
    const rig = new Rig();
    expect(rig.ask(new Waiter(), ...fields)).toBe(WRONG);
    expect(rig.scheduler.hasRunnable).toBe(false);
  });
  it("checks the same credentials once, for all who wait", () => {
    const rig = new Rig();
    const waiters = [new Waiter(), new Waiter(), new Waiter()];
    for (const waiter of waiters) expect(rig.ask(waiter, basic("bob:U*U"))).toBe(PENDING);
    expect(rig.run()).toBe(7);
    expect(waiters.map(({ results }) => results)).toEqual([[true], [true], [true]]);
  });
  it("forgets who left, in the middle of a check too", () => {
    const rig = new Rig();
    const waiters = [new Waiter(), new Waiter(), new Waiter()];
    rig.ask(waiters[0]!, basic("bob:one"));
    rig.ask(waiters[1]!, basic("bob:two"));
    rig.ask(waiters[2]!, basic("bob:U*U"));
    rig.scheduler.runTasks();
    rig.scheduler.runTasks();
    rig.auth.forget(waiters[0]!);
    rig.auth.forget(waiters[1]!);
    rig.auth.forget(new Waiter());
    rig.run();
    expect(waiters.map(({ results }) => results)).toEqual([[], [], [true]]);
    expect(rig.ask(waiters[0]!, basic("bob:one"))).toBe(PENDING);
  });
  it("has a bounded number wait", () => {
    const rig = new Rig();
    const waiter = new Waiter();
    for (let i = 0; i < 64; i++) expect(rig.ask(waiter, basic(`ann:${i}`))).toBe(PENDING);
    expect(rig.ask(waiter, basic("ann:64"))).toBe(BUSY);
    rig.run();
    expect([waiter.results.length, rig.ask(waiter, basic("ann:64"))]).toEqual([64, PENDING]);
  });
});
