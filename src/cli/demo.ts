/**
 * `hadro demo`: two built-in HTTP servers behind one listener, to see it work without a backend of one's own.
 *
 * May import: config.
 *
 * @module
 */
import type { Config } from "../config/model.ts";

const SERVER_NAMES = ["alpha", "beta"] as const;

/**
 * Starts the two servers on free loopback ports, builds the configuration with `makeConfig` from their ports, and does `run`
 * with it. Returns the exit code.
 */
export async function runDemo(
  makeConfig: (ports: readonly number[]) => Config,
  run: (config: Config) => number | Promise<number>,
): Promise<number> {
  const servers = SERVER_NAMES.map((name) =>
    Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
      const forwardedFor = request.headers.get("x-forwarded-for") ?? "nobody";
      const { pathname } = new URL(request.url);
      return new Response(
        `Hello from demo server ${name}: ${request.method} ${pathname} for ${forwardedFor}\n`,
      );
    })
  );
  try {
    return await run(makeConfig(servers.map((server) => server.addr.port)));
  } finally {
    await Promise.all(servers.map((server) => server.shutdown()));
  }
}
