/**
 * Runs a configuration until it has drained: one instance here, or several in threads (thread_supervisor.ts).
 *
 *     signal            does
 *     SIGTERM, SIGINT   the first drains, the second ends at once
 *     SIGUSR1           opens the log file again (after its rotation)
 *     SIGQUIT           prints the engine's counters on stderr, as one line of JSON
 *
 * May import: everything but other commands.
 *
 * @module
 */
import type { Config } from "../config/model.ts";
import type { MemoryPlan } from "../config/memory_plan.ts";
import type { SocketAddress } from "../event/poller.ts";
import { type AccessLog, LogFileError, openAccessLog } from "../observe/access_log/access_log.ts";
import { formatAddress } from "../proxy/dispatch.ts";
import { BindError } from "../proxy/proxy.ts";
import { checkLogFormat, planOrFail } from "./dry_run.ts";
import { ExitCode } from "./exit_codes.ts";
import { Instance } from "./instance.ts";
import { runThreads } from "./thread_supervisor.ts";

/** How long the log may take to go out at the end. */
const LOG_CLOSE_MS = 2_000;

/** Runs until drained; returns the exit code. */
export function runProxy(config: Config): Promise<number> {
  const plan = planOrFail(config);
  checkLogFormat(config);
  const threadCount = config.threads === 0 ? navigator.hardwareConcurrency : config.threads;
  return threadCount === 1 ? runAlone(config, plan) : runThreads(config, plan, threadCount);
}

async function runAlone(config: Config, plan: MemoryPlan): Promise<number> {
  const log = openLog(config);
  if (log === null) return ExitCode.RUNTIME;
  const instance = openInstance(config, plan, log);
  if (instance === null) return ExitCode.RUNTIME;
  const stopSignals = handleSignals({
    onStop: (isAtOnce) => {
      if (!isAtOnce) reportStopping(instance.proxy.context.sessions.size, config.drainMs);
      instance.stop(isAtOnce);
    },
    onCounters: () => printCounters(instance.counters()),
    onReopen: () => log.reopen(),
  });
  instance.start();
  reportListeners(config, instance.addresses);
  const killedCount = await instance.drained;
  stopSignals();
  instance.close();
  await log.close(LOG_CLOSE_MS);
  reportKilled(killedCount);
  return ExitCode.OK;
}

/** Opens the access log; null when its file cannot be opened, which is told. */
function openLog(config: Config): AccessLog | null {
  try {
    return openAccessLog(config.log, { onError: report, hasColour: hasColour() });
  } catch (error) {
    if (!(error instanceof LogFileError)) throw error;
    report(error.message);
    return null;
  }
}

/** Binds; null when a listener cannot be bound, which is told. */
function openInstance(config: Config, plan: MemoryPlan, log: AccessLog): Instance | null {
  try {
    return new Instance({ config, plan, log, report, sharing: null });
  } catch (error) {
    if (!(error instanceof BindError)) throw error;
    report(error.message);
    return null;
  }
}

/** What signals ask for. */
export interface SignalActions {
  /** `isAtOnce` from the second time on. */
  onStop(isAtOnce: boolean): void;
  onCounters(): void;
  onReopen(): void;
}

/** Begins to listen to signals; returns how to end that. */
export function handleSignals(actions: SignalActions): () => void {
  let stopCount = 0;
  const onStop = () => actions.onStop(stopCount++ > 0);
  const handlers: readonly (readonly [Deno.Signal, () => void])[] = [
    ["SIGTERM", onStop],
    ["SIGINT", onStop],
    ["SIGQUIT", () => actions.onCounters()],
    ["SIGUSR1", () => actions.onReopen()],
  ];
  for (const [signal, handler] of handlers) Deno.addSignalListener(signal, handler);
  return () => {
    for (const [signal, handler] of handlers) Deno.removeSignalListener(signal, handler);
  };
}

/** Whether the access log on this terminal may be coloured. */
export function hasColour(): boolean {
  return Deno.stdout.isTerminal() && !Deno.noColor;
}

/** Tells people. */
export function report(message: string): void {
  writeStderr(`hadro: ${message}\n`);
}

export function reportListeners(config: Config, addresses: readonly SocketAddress[]): void {
  for (const [index, { scheme, name }] of config.listeners.entries()) {
    report(`listening on ${scheme}://${formatAddress(addresses[index])} (${name})`);
  }
}

export function reportStopping(openCount: number, drainMs: number): void {
  if (openCount > 0) report(`stopping: ${openCount} connections may end within ${drainMs} ms`);
}

export function reportKilled(killedCount: number): void {
  if (killedCount > 0) report(`stopped; ${killedCount} connections did not end in time and were cut`);
}

/** Prints counters with what only the process knows. */
export function printCounters(counters: Record<string, number>): void {
  writeStderr(`${JSON.stringify({ ...counters, rssBytes: Deno.memoryUsage().rss })}\n`);
}

function writeStderr(text: string): void {
  try {
    Deno.stderr.writeSync(new TextEncoder().encode(text));
  } catch {
    // Nobody listens; the proxy goes on.
  }
}
