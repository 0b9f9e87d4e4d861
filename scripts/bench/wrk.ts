/**
 * One run of wrk.
 *
 * @module
 */
import { type BenchCase, wrkArgs } from "./cases.ts";
import { parseWrkOutput, type WrkResult } from "./wrk_output.ts";

/** @throws when the run is called off, or wrk could not connect. */
export async function runWrk(
  bench: BenchCase,
  port: number,
  seconds: number,
  context: { readonly programs: { readonly wrk: string }; readonly signal: AbortSignal },
): Promise<WrkResult> {
  context.signal.throwIfAborted();
  const command = new Deno.Command(context.programs.wrk, {
    args: wrkArgs(bench, port, seconds),
    stdin: "null",
    signal: context.signal,
  });
  const { stdout, stderr } = await command.output();
  context.signal.throwIfAborted();
  const decoder = new TextDecoder();
  return parseWrkOutput(decoder.decode(stdout) + decoder.decode(stderr));
}
