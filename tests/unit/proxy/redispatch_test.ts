/** Which retries leave their server. @module */
import { describe, expect, it } from "vitest";
import type { Backend } from "../../../src/proxy/backend.ts";
import { NO_KEY } from "../../../src/proxy/balance/hash_key.ts";
import { Redispatch } from "../../../src/proxy/redispatch.ts";
import type { Server } from "../../../src/proxy/server.ts";

const server = { addressCount: 1 } as Server;

/** The retries, of `retries`, that leave. */
function leaving(
  redispatch: number,
  retries: number,
  { isDirect = true, isForced = false, key = NO_KEY } = {},
): number[] {
  const backend = { config: { redispatch, retries } } as Backend;
  const one = new Redispatch();
  one.begin(isDirect ? server : null, isForced);
  return Array.from({ length: retries }, (_, i) => i + 1).filter((retry) =>
    one.leaves(server, backend, retry, key)
  );
}

describe("a sticky stream", () => {
  it.each([
    [1, 4, [1, 2, 3, 4]],
    [2, 5, [2, 4]],
    [3, 3, [3]],
    [4, 3, []],
    [-1, 3, [3]],
    [-2, 3, [2]],
    [-9, 3, []],
    [0, 3, []],
  ])("leaves, with redispatch %i of %i retries, at %j", (redispatch, retries, expected) => {
    expect(leaving(redispatch, retries)).toEqual(expected);
    expect(leaving(redispatch, retries, { isDirect: false, key: 5 })).toEqual(expected);
  });

  it("stays when it is forced to", () => expect(leaving(1, 3, { isForced: true })).toEqual([]));
});

it("a stream that any server will do for leaves at once, unless redispatch is off", () => {
  const any = { isDirect: false, isForced: true };
  expect([leaving(-1, 3, any), leaving(3, 3, any), leaving(0, 3, any)]).toEqual([[1, 2, 3], [1, 2, 3], []]);
});

it("the server that is stayed with is given once, while it has an address", () => {
  const one = new Redispatch();
  one.begin(server, true);
  one.leaves(server, { config: { redispatch: 0, retries: 3 } } as Backend, 1, NO_KEY);
  expect([one.takeAgain(), one.takeAgain()]).toEqual([server, null]);
  const gone = { addressCount: 0 } as Server;
  one.leaves(gone, { config: { redispatch: 0, retries: 3 } } as Backend, 1, NO_KEY);
  expect(one.takeAgain()).toBe(null);
  one.leaves(server, { config: { redispatch: 0, retries: 3 } } as Backend, 1, NO_KEY);
  one.begin(null, false);
  expect(one.takeAgain()).toBe(null);
});
