/**
 * Runs hadro from its source to its end, for command lines that end by themselves.
 *
 * @module
 */

const MAIN = new URL("../../../src/main.ts", import.meta.url).pathname;

/** What a run left behind. */
export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  /** Variables of its environment, which has no other HADRO_ ones. */
  readonly env?: Readonly<Record<string, string>>;
  /** Descriptors that it may open at most. @default as this process */
  readonly fdLimit?: number;
}

/** Runs `hadro` with these words. */
export async function runSource(words: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  const run = [Deno.execPath(), "run", "--quiet", "--allow-all", MAIN, ...words];
  const [command, ...args] = options.fdLimit === undefined
    ? run
    : ["sh", "-c", `ulimit -n ${options.fdLimit} && exec "$@"`, "sh", ...run];
  const inherited = Object.entries(Deno.env.toObject()).filter(([name]) => !name.startsWith("HADRO_"));
  const { code, stdout, stderr } = await new Deno.Command(command!, {
    args,
    env: { ...Object.fromEntries(inherited), ...options.env },
    clearEnv: true,
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}
