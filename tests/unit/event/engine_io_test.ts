/** The engine's I/O pass on the sim poller: budget, accept, closing each other, reuse of numbers. @module */
import { describe, expect, it } from "vitest";
import { Direction, FdFlag } from "../../../src/event/fd_state.ts";
import { IO_PASS_BUDGET, IoClass } from "../../../src/event/io_queue.ts";
import { type Connection, EngineRig, ScriptedHandler } from "../../support/event/engine_rig.ts";
import { SIM_FLAVOURS } from "../../support/sim/sim_poller.ts";

describe("the budget of a pass", () => {
  it("cuts it, and the rest follows in the next turn without sleeping, each once, in order (I11, I12)", () => {
    const rig = new EngineRig("edge", { fdCapacity: 512 });
    const ran: number[] = [];
    const handler = new ScriptedHandler((fd) => {
      ran.push(fd);
      rig.table.stopRecv(fd);
    });
    const fds = Array.from({ length: 500 }, (_, i) => i + 10);
    for (const fd of fds) {
      rig.table.insert(fd, handler, IoClass.NORMAL, true);
      rig.table.wantRecv(fd);
    }
    const seen: [number, number, number][] = [];
    for (let i = 0; i < 4; i++) {
      rig.poller.onWake();
      seen.push([ran.length, rig.poller.timeoutMs, rig.engine.activity.ioPassesCut]);
    }
    expect(seen).toEqual([[IO_PASS_BUDGET, 0, 1], [2 * IO_PASS_BUDGET, 0, 2], [500, 1_000, 2], [
      500,
      1_000,
      2,
    ]]);
    expect(ran).toEqual(fds);
    expect(rig.engine.activity.ioPasses).toBe(3);
  });

  it("does not keep the poller from being asked: what came meanwhile runs in the next turn (D16, I11)", () => {
    const rig = new EngineRig("edge", { fdCapacity: 512 });
    const greedy = new ScriptedHandler();
    const late = new ScriptedHandler((fd) => rig.receiveAll(fd));
    const { fd, outside } = rig.open(late, IoClass.INTERACTIVE);
    rig.table.wantRecv(fd);
    rig.turn();
    for (let other = 100; other < 500; other++) {
      rig.table.insert(other, greedy, IoClass.NORMAL, true);
      rig.table.wantRecv(other);
    }
    rig.turn();
    rig.say(outside, "x");
    const calls = late.calls.length;
    rig.turn();
    expect(late.calls.length).toBe(calls + 1);
  });

  it("is never exceeded, though each class may have its share of it", () => {
    const rig = new EngineRig("edge", { fdCapacity: 512 });
    const { URGENT, INTERACTIVE, NORMAL, BULK, HEAVY } = IoClass;
    const counts = [[URGENT, 150], [INTERACTIVE, 50], [NORMAL, 50], [BULK, 50], [HEAVY, 50]] as const;
    let next = 10;
    for (const [ioClass, count] of counts) {
      for (let i = 0; i < count; i++) {
        rig.table.insert(next, new ScriptedHandler(), ioClass, true);
        rig.table.wantRecv(next++);
      }
    }
    rig.poller.onWake();
    expect(rig.engine.activity.ioCalls).toBe(IO_PASS_BUDGET);
  });

  it("with both ready the handler is called once, with both directions", () => {
    const rig = new EngineRig();
    const handler = new ScriptedHandler((fd) => {
      rig.table.stopRecv(fd);
      rig.table.stopSend(fd);
    });
    const { fd } = rig.open(handler);
    rig.table.wantRecv(fd);
    rig.table.wantSend(fd);
    rig.turn();
    expect(handler.calls).toEqual([{ fd, ready: Direction.RECV | Direction.SEND }]);
  });
});

describe("accepting", () => {
  it.each(SIM_FLAVOURS)(
    "%s: a request that came with its connection is read in the turn of the accept (I9)",
    (flavour) => {
      const rig = new EngineRig(flavour);
      const requests: { readonly text: string; readonly turn: number; readonly waits: number }[] = [];
      const { activity } = rig.engine;
      let acceptedIn = { turn: 0, waits: 0 };
      rig.listen((fd) => {
        acceptedIn = { turn: activity.turns, waits: activity.waits };
        rig.engine.adopt(
          fd,
          new ScriptedHandler((fd) => {
            const { text } = rig.receiveAll(fd);
            requests.push({ text, turn: activity.turns, waits: activity.waits });
          }),
          IoClass.NORMAL,
        );
        rig.table.wantRecv(fd);
      });
      rig.turn();
      const outside = rig.dial();
      rig.say(outside, "request");
      rig.turn();
      expect(requests).toEqual([{ text: "request", ...acceptedIn }]);
      expect([activity.accepts, activity.acceptsSameTurn]).toEqual([1, 1]);
    },
  );

  it("counts a connection as read in its turn only if it was", () => {
    const rig = new EngineRig();
    const { fd } = rig.open(new ScriptedHandler((fd) => rig.table.cantRecv(fd)));
    rig.turn();
    rig.table.wantRecv(fd);
    rig.turn();
    expect([rig.engine.activity.accepts, rig.engine.activity.acceptsSameTurn]).toEqual([1, 0]);
  });
});

describe("a handler that closes", () => {
  /** Three connections, all ready; the first one's handler does `deed` to their fds. */
  function threeReady(
    deed: (rig: EngineRig, fds: readonly number[]) => void,
  ): { rig: EngineRig; ran: number[] } {
    const rig = new EngineRig();
    const ran: number[] = [];
    const connections: Connection[] = [];
    for (let i = 0; i < 3; i++) {
      connections.push(rig.open(
        new ScriptedHandler((fd) => {
          ran.push(fd);
          if (ran.length === 1) deed(rig, connections.map(({ fd }) => fd));
        }),
      ));
    }
    for (const { fd } of connections) rig.table.wantRecv(fd);
    rig.poller.onWake();
    rig.world.check();
    return { rig, ran: ran.map((fd) => connections.findIndex((connection) => connection.fd === fd)) };
  }

  it.each<[string, number[], number[]]>([
    ["itself", [0], [0, 1, 2]],
    ["the next one", [1], [0, 2]],
    ["the last one", [2], [0, 1]],
    ["both others", [1, 2], [0]],
    ["everybody", [0, 1, 2], [0]],
  ])("%s: nobody closed is called, everybody else is (I15, I10)", (_who, victims, expected) => {
    const { rig, ran } = threeReady((rig, fds) => {
      for (const victim of victims) rig.engine.close(fds[victim]);
    });
    expect(ran).toEqual(expected);
    expect(rig.table.openCount).toBe(3 - victims.length);
    expect(rig.table.queue.size).toBe(3 - victims.length);
  });

  it("one that ran already, and is queued for the next pass (I15)", () => {
    const rig = new EngineRig();
    const ran: string[] = [];
    const first = rig.open(new ScriptedHandler(() => ran.push("first")));
    const second = rig.open(
      new ScriptedHandler(() => {
        ran.push("second");
        if (rig.table.isOpen(first.fd)) rig.engine.close(first.fd);
      }),
    );
    rig.table.wantRecv(first.fd);
    rig.table.wantRecv(second.fd);
    rig.poller.onWake();
    rig.poller.onWake();
    expect(ran).toEqual(["first", "second", "second"]);
    rig.world.check();
  });

  it("itself, and opens another on its number: the new owner is called for what is its own (B11, I14)", () => {
    const rig = new EngineRig();
    const next = new ScriptedHandler((fd) => rig.table.stopRecv(fd));
    const first = rig.open(
      new ScriptedHandler((fd) => {
        rig.engine.close(fd);
        const second = rig.open(next);
        expect(second.fd).toBe(fd);
      }),
    );
    rig.table.wantRecv(first.fd);
    rig.table.wantSend(first.fd);
    rig.poller.onWake();
    expect([next.calls, rig.table.queue.has(first.fd), rig.table.readyDirections(first.fd)]).toEqual([
      [],
      false,
      0,
    ]);
    rig.table.wantRecv(first.fd);
    rig.poller.onWake();
    expect(next.calls).toEqual([{ fd: first.fd, ready: Direction.RECV }]);
  });

  it("and its peer in turn: two that close each other are both closed once (B14)", () => {
    const rig = new EngineRig();
    const connections: Connection[] = [];
    const closeBoth = new ScriptedHandler(() => {
      for (const { fd } of connections) if (rig.table.isOpen(fd)) rig.engine.close(fd);
    });
    connections.push(rig.open(closeBoth), rig.open(closeBoth));
    for (const { fd } of connections) rig.table.wantSend(fd);
    rig.poller.onWake();
    expect([closeBoth.calls.length, rig.table.openCount, rig.table.queue.size]).toEqual([1, 0, 0]);
  });
});

describe("late reports", () => {
  it.each(SIM_FLAVOURS)(
    "%s: a number that was closed and reused gets nothing of what came before (B11, I14)",
    (flavour) => {
      const rig = new EngineRig(flavour);
      const old = rig.open(new ScriptedHandler((fd) => rig.receiveAll(fd)));
      rig.table.wantRecv(old.fd);
      rig.turn();
      old.outside.send(new Uint8Array(5), 0, 5);
      rig.network.step();
      rig.engine.close(old.fd);
      const heard: string[] = [];
      const next = rig.open(new ScriptedHandler((fd) => heard.push(rig.receiveAll(fd).text)));
      expect(next.fd).toBe(old.fd);
      rig.table.wantRecv(next.fd);
      rig.turn();
      rig.turn();
      expect(heard.join("")).toBe("");
      expect(rig.table.flags(next.fd) & (FdFlag.ERROR | FdFlag.HANGUP)).toBe(0);
      rig.say(next.outside, "mine");
      rig.turn();
      expect(heard.join("")).toBe("mine");
    },
  );

  it.each(SIM_FLAVOURS)(
    "%s: an update queued for the one that closed polls the next owner rightly (A4, A5)",
    (flavour) => {
      const rig = new EngineRig(flavour);
      const old = rig.open(new ScriptedHandler((fd) => rig.receiveAll(fd)));
      rig.table.wantRecv(old.fd);
      rig.table.cantRecv(old.fd);
      rig.engine.close(old.fd);
      const heard: string[] = [];
      const next = rig.open(new ScriptedHandler((fd) => heard.push(rig.receiveAll(fd).text)));
      rig.table.wantRecv(next.fd);
      rig.turn();
      rig.say(next.outside, "mine");
      rig.turn();
      expect([next.fd, heard.join("")]).toEqual([old.fd, "mine"]);
    },
  );

  it.each(SIM_FLAVOURS)(
    "%s: one that closed in the middle of the list does not keep the others from being polled (A7, A8)",
    (flavour) => {
      const rig = new EngineRig(flavour);
      const heard: string[] = [];
      const connections = [1, 2, 3].map(() =>
        rig.open(new ScriptedHandler((fd) => heard.push(rig.receiveAll(fd).text)))
      );
      for (const { fd } of connections) {
        rig.table.wantRecv(fd);
        rig.table.cantRecv(fd);
      }
      rig.engine.close(connections[1].fd);
      rig.turn();
      const { updatesApplied, updatesVoid } = rig.engine.activity;
      expect([updatesApplied, updatesVoid]).toEqual([2, 1]);
      rig.say(connections[0].outside, "first");
      rig.turn();
      rig.say(connections[2].outside, "third");
      rig.turn();
      expect(heard.filter((text) => text !== "")).toEqual(["first", "third"]);
    },
  );
});

describe("accepting under load", () => {
  it("goes on while established connections have more work than a pass can do (D11)", () => {
    const rig = new EngineRig("edge", { fdCapacity: 512 });
    for (let fd = 100; fd < 500; fd++) {
      rig.table.insert(fd, new ScriptedHandler(), IoClass.NORMAL, true);
      rig.table.wantRecv(fd);
    }
    const accepted: number[] = [];
    rig.listen((fd) => {
      accepted.push(fd);
      rig.engine.adopt(fd, new ScriptedHandler((fd) => rig.receiveAll(fd)), IoClass.NORMAL);
    });
    rig.turn();
    for (let i = 1; i <= 5; i++) {
      rig.dial();
      rig.turn();
      expect(accepted.length).toBe(i);
    }
  });
});
