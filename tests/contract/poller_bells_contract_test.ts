/**
 * The pollers' bells (Bells in src/event/poller.ts): one suite over those that have them.
 *
 * @module
 */
import { afterEach, describe, expect, it } from "vitest";
import { IoClass } from "../../src/event/io_queue.ts";
import type { Bells } from "../../src/event/poller.ts";
import type { Rig } from "../support/poller/rig.ts";
import { Rigs, SUBJECTS } from "../support/poller/subjects.ts";

/** A bell that an engine listens to, and how often it was heard. */
function hang(
  rig: Rig,
): { readonly bells: Bells; readonly bell: number; readonly heard: { count: number } } | null {
  const { poller, fdTable } = rig.engine;
  const bell = poller.bells?.open() ?? -1;
  if (bell < 0) return null;
  const heard = { count: 0 };
  const onIo = () => {
    poller.bells!.answer(bell);
    fdTable.cantRecv(bell);
    heard.count++;
  };
  fdTable.insert(bell, { onIo }, IoClass.INTERACTIVE, false);
  fdTable.wantRecv(bell);
  // Registered by the next wait.
  rig.engine.post(() => {});
  return { bells: poller.bells!, bell, heard };
}

describe.each(SUBJECTS)("bells of poller $name", (subject) => {
  const rigs = new Rigs(subject);

  afterEach(() => rigs.close());

  it("are there where a thread has descriptors of the kernel", async () => {
    const rig = await rigs.open();
    expect(rig.engine.poller.bells !== null).toBe(/^(epoll|joint)/.test(subject.name));
  });

  it("end a sleep at once, each time, however often they ring before they are heard", async () => {
    const rig = await rigs.open();
    const one = hang(rig);
    if (one === null) return;
    await rig.settle();
    expect(one.heard.count).toBe(0);
    for (let i = 1; i <= 3; i++) {
      const beganMs = performance.now();
      one.bells.ring(one.bell);
      one.bells.ring(one.bell);
      await rig.until(() => one.heard.count === i);
      // The longest sleep of an engine is a second.
      expect(performance.now() - beganMs).toBeLessThan(500);
    }
    rig.engine.fdTable.remove(one.bell);
  });

  it("may be rung by another engine of the process, also when their own is gone", async () => {
    const [rig, other] = [await rigs.open(), await rigs.open()];
    const one = hang(rig);
    if (one === null) return;
    other.engine.poller.bells!.ring(one.bell);
    await rig.until(() => one.heard.count === 1);
    rig.engine.fdTable.remove(one.bell);
    other.engine.poller.bells!.ring(one.bell);
    await rig.settle();
    expect(one.heard.count).toBe(1);
  });
});
