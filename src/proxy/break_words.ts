/**
 * How a relayed connection broke, in words.
 *
 * May import: base.
 *
 * @module
 */
import { Errno } from "../base/errno.ts";

/** Time-outs are TCP's own: of keep-alive, of the user timeout, or of the system. */
export function describeBreak(who: string, errno: number): string {
  return errno === -Errno.ETIMEDOUT
    ? `the ${who}'s machine did not answer in time (ETIMEDOUT)`
    : `the ${who} reset the connection`;
}
