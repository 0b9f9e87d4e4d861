/**
 * Exit codes.
 *
 * May import: nothing.
 *
 * @module
 */

/** 0 fine; 1 it failed while running (a port in use); 2 it was called wrongly. */
export const ExitCode = { OK: 0, RUNTIME: 1, USAGE: 2 } as const;
