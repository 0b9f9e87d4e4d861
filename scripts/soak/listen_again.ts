/**
 * Listening where the last life of a server listened, which may not be over quite.
 *
 * @module
 */
import type { Server } from "node:net";

const BACKLOG = 1_024;
const TRIES = 50;
const PAUSE_MS = 20;

/** Resolves to the port when it accepts; a server that could not listen is made anew. */
export async function listen(
  where: { readonly path: string } | { readonly port: number; readonly host: string },
  newServer: () => Server,
): Promise<number> {
  for (let attempt = 1;; attempt++) {
    const server = newServer();
    const done = Promise.withResolvers<void>();
    server.once("error", done.reject);
    server.listen({ ...where, backlog: BACKLOG }, done.resolve);
    try {
      await done.promise;
      const address = server.address();
      return typeof address === "object" && address !== null ? address.port : 0;
    } catch (error) {
      if (attempt === TRIES) throw error;
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }
}
