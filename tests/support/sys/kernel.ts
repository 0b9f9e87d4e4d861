/**
 * The kernel of this machine, for tests of what calls it.
 *
 * @module
 */
import { onTestFinished } from "vitest";
import { Libc } from "../../../src/sys/libc.ts";

/** The C library, closed when the test ends. */
export function openLibc(): Libc {
  const libc = Libc.open();
  if (typeof libc === "string") throw new Error(libc);
  onTestFinished(() => libc.close());
  return libc;
}
