/**
 * The program's entry: the command line in the main isolate, an engine in each thread (which begins here as well).
 *
 * May import: cli.
 *
 * @module
 */
import { runCli } from "./cli/cli.ts";
import { isThread, runThread } from "./cli/thread_worker.ts";

if (isThread()) runThread();
else Deno.exit(await runCli(Deno.args));
