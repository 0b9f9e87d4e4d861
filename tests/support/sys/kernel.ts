/**
 * The kernel of this machine, for tests of what calls it.
 *
 * @module
 */
import { expect, onTestFinished } from "vitest";
import { Errno } from "../../../src/base/errno.ts";
import { Libc } from "../../../src/sys/libc.ts";
import { pointerTo } from "../../../src/sys/memory.ts";

const LOOKS_MAX = 1_000;

/** The C library, closed when the test ends. */
export function openLibc(): Libc {
  const libc = Libc.open();
  if (typeof libc === "string") throw new Error(libc);
  onTestFinished(() => libc.close());
  return libc;
}

/** Repeats what is not ready yet: loopback delivers soon, not at once. */
export function untilReady(call: () => number): number {
  for (let i = 0; i < LOOKS_MAX; i++) {
    const result = call();
    if (result !== -Errno.EAGAIN) return result;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
  }
  return -Errno.EAGAIN;
}

/** An integer option of a socket. */
export function option(libc: Libc, fd: number, level: number, name: number): number {
  const value = new Int32Array(new ArrayBuffer(64));
  value[1] = 4;
  const pointer = pointerTo(new Uint8Array(value.buffer));
  expect(libc.call.getsockopt(fd, level, name, pointer, Deno.UnsafePointer.offset(pointer, 4))).toBe(0);
  return value[0];
}
