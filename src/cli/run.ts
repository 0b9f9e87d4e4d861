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
import { type AccessLog, LogFileError, openAccessLog } from "../observe/access_log/access_log.ts";
import { BindError } from "../proxy/proxy.ts";
import { PollerError } from "./build_engine.ts";
import { checkEncoders, checkLogFormat, planOrFail, threadCountOf } from "./dry_run.ts";
import { ExitCode } from "./exit_codes.ts";
import { Instance } from "./instance.ts";
import {
  hasColour,
  printCounters,
  report,
  reportDropped,
  reportKilled,
  reportListeners,
  reportStopping,
} from "./report.ts";
import { handleSignals } from "./signals.ts";
import { runThreads } from "./thread_supervisor.ts";

/** How long the log may take to go out at the end. */
const LOG_CLOSE_MS = 2_000;

/** Runs until drained; returns the exit code. */
export function runProxy(config: Config): Promise<number> {
  const plan = planOrFail(config);
  checkLogFormat(config);
  checkEncoders(config);
  const threadCount = threadCountOf(config);
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
  reportDropped(await log.close(LOG_CLOSE_MS));
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
    if (!(error instanceof BindError || error instanceof PollerError)) throw error;
    report(error.message);
    return null;
  }
}
