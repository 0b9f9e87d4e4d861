/**
 * Trouble for the servers of the chaos case: at any moment some of them, never more than three, are killed, stopped, or in a mood of
 * chaos_server.ts that is not well; each for 0.3 to 3 s.
 *
 * @module
 */
import type { Prng } from "../../src/base/prng.ts";
import { type Mood, MOODS } from "./chaos_server.ts";
import { ScriptProcess } from "./crash_process.ts";
import { sleep } from "./soak_case.ts";

export const TROUBLED_MAX = 3;
const TROUBLE_MS_MIN = 300;
const TROUBLE_MS_MAX = 3_000;
const CALM_MS_MAX = 1_500;
const START_MS_MAX = 10_000;

const TROUBLES = [
  "killed",
  "killed",
  "killed",
  "stopped",
  "stopped",
  ...MOODS.filter((mood) => mood !== "well"),
] as const;

/** A server process that keeps its port over its lives. */
export class ChaosServerProcess {
  port = 0;
  /** Requests that were with it at once, at most; of all its lives. */
  most = 0;
  /** How often each POST came. */
  readonly posts: Map<string, number>;
  #process: ScriptProcess | null = null;

  constructor(posts: Map<string, number>) {
    this.posts = posts;
  }

  /** Resolves when it accepts. */
  async start(): Promise<void> {
    const ready = Promise.withResolvers<number>();
    const process = new ScriptProcess("chaos_server.ts", [String(this.port)], (report) => {
      if (report.port !== undefined) ready.resolve(report.port);
      this.most = Math.max(this.most, report.most ?? 0);
      for (const [what, count] of Object.entries(report.counts ?? {})) {
        this.posts.set(what, (this.posts.get(what) ?? 0) + count);
      }
    });
    this.#process = process;
    const timer = setTimeout(() => ready.reject(new Error("A server did not start")), START_MS_MAX);
    this.port = await ready.promise.finally(() => clearTimeout(timer));
  }

  async kill(): Promise<void> {
    await this.#process?.kill();
  }

  async suffer(trouble: typeof TROUBLES[number], ms: number): Promise<void> {
    if (trouble === "killed") {
      await this.kill();
      await sleep(ms);
      await this.start();
      return;
    }
    if (trouble === "stopped") this.#process?.signal("SIGSTOP");
    else await this.#tell(trouble);
    await sleep(ms);
    if (trouble === "stopped") this.#process?.signal("SIGCONT");
    else await this.#tell("well");
  }

  async #tell(mood: Mood): Promise<void> {
    await this.#process?.tell(mood);
  }
}

/** Until `isOver`, then all servers are well. Returns how often which trouble was made. */
export async function makeTrouble(
  servers: readonly ChaosServerProcess[],
  prng: Prng,
  isOver: () => boolean,
): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  const calm = [...servers];
  const lane = async () => {
    for (;;) {
      await sleep(prng.nextBelow(CALM_MS_MAX));
      if (isOver()) return;
      const [server] = calm.splice(prng.nextBelow(calm.length), 1);
      const trouble = TROUBLES[prng.nextBelow(TROUBLES.length)]!;
      counts.set(trouble, (counts.get(trouble) ?? 0) + 1);
      await server!.suffer(trouble, TROUBLE_MS_MIN + prng.nextBelow(TROUBLE_MS_MAX - TROUBLE_MS_MIN));
      calm.push(server!);
    }
  };
  await Promise.all(Array.from({ length: TROUBLED_MAX }, lane));
  return counts;
}
