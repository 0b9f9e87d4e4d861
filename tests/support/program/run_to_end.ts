/**
 * Runs the built program until it ends by itself.
 *
 * @module
 */
import { keep } from "./keep.ts";
import { Program } from "./program.ts";

/** What a run left. */
export interface Outcome {
  readonly code: number;
  readonly stdout: readonly string[];
  readonly stderr: readonly string[];
}

/** Runs with these words. */
export async function runToEnd(args: readonly string[], env: Record<string, string> = {}): Promise<Outcome> {
  const program = keep(Program.spawn(args, env));
  const code = await program.exitCode();
  await Promise.all([program.stdout.ended, program.stderr.ended]);
  return { code, stdout: program.stdout.lines, stderr: program.stderr.lines };
}
