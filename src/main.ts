/**
 * hadro: from the command line to its exit code, nothing else.
 *
 * May import: cli.
 *
 * @module
 */
import { runCli } from "./cli/cli.ts";

Deno.exit(await runCli(Deno.args));
