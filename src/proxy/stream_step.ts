/**
 * How far an HTTP stream is; http_stream.ts has the table of what leads from one step to the next.
 *
 * May import: nothing.
 *
 * @module
 */

/** The steps, in the order in which they are taken. */
export const StreamStep = { REQUEST: 0, CONNECT: 1, RESPONSE: 2, DATA: 3, REPLY: 4, TUNNEL: 5 } as const;
