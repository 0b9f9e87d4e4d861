/**
 * Waits for the built program to end.
 *
 * @module
 */
import { expect } from "vitest";
import { keep } from "./keep.ts";
import { Program } from "./program.ts";

/** A hadro that was told to stop has by then. */
const STOPPED_MS_MAX = 5_000;

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

/** The exit code of a program that ends now, with all that it wrote read. */
export async function exitSoon(program: Program): Promise<number> {
  const beganMs = performance.now();
  const code = await program.exitCode();
  expect(performance.now() - beganMs).toBeLessThan(STOPPED_MS_MAX);
  await program.stderr.ended;
  await program.stdout.ended;
  return code;
}
