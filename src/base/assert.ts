/**
 * Assertions: for our own bugs only, never for what a peer or a user sends.
 *
 * May import: nothing.
 *
 * @module
 */

/** A broken invariant of hadro itself. Reaching the top level ends the process. */
export class AssertionError extends Error {
  override name = "AssertionError";
}

/** Throws when `condition` does not hold; `message` says which invariant broke. @throws {AssertionError} */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new AssertionError(`Broken invariant: ${message}`);
}
