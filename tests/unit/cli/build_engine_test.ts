/** What the poller at hand cannot do is found out before anything runs. @module */
import { describe, expect, it } from "vitest";
import { buildEngine, PollerError } from "../../../src/cli/build_engine.ts";
import { planOrFail } from "../../../src/cli/dry_run.ts";
import { configOf } from "../../support/config/written.ts";

/** Builds on the deno poller, as where epoll cannot be used; what people are told. */
function buildOnDeno(line: string): string[] {
  const config = { ...configOf(line), poller: "deno" as const };
  const told: string[] = [];
  const { engine, close } = buildEngine(config, planOrFail(config), (message) => told.push(message));
  engine.stop();
  close();
  return told;
}

describe("on the deno poller", () => {
  it("nothing is told of what nobody asked for", () => {
    expect(buildOnDeno("hadro 1 :2")).toEqual([]);
  });

  it("nothing is started that would connect from another address than asked for", () => {
    expect(() => buildOnDeno("hadro -l :1 -b :2 :3,source=127.0.0.8")).toThrow(
      new PollerError(
        "Cannot start: source= of server app/s2 needs poller epoll; leave it out, or use Linux with FFI",
      ),
    );
  });

  it.each(["hadro -l :1,tcp-ut=1s -b :2", "hadro -l :1 -b :2,tcp-keepalive=on"])(
    "what TCP is told is left out, and people are told: %s",
    (line) => {
      expect(buildOnDeno(line)).toEqual([
        "poller deno cannot set tcp-keepalive and tcp-ut: they are left to the system",
      ]);
    },
  );
});
