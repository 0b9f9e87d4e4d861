/**
 * Runs a configuration until it has drained: one instance here, or several in threads (thread_supervisor.ts).
 *
 *     signal            does
 *     SIGTERM, SIGINT   the first drains, the second ends at once
 *     SIGHUP            reads certificates again; files that changed are found out every minute as well
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
import type { TlsMaterial } from "../net/tls_material.ts";
import { BindError } from "../proxy/proxy.ts";
import { TlsContextError } from "../sys/tls_context.ts";
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
import { CertificateWatch, loadTlsOrFail } from "./certificate_watch.ts";
import { runThreads } from "./run_threads.ts";

/** How long the log may take to go out at the end. */
const LOG_CLOSE_MS = 2_000;

/** Runs until drained; returns the exit code. */
export function runProxy(config: Config): Promise<number> {
  const plan = planOrFail(config);
  checkLogFormat(config);
  checkEncoders(config);
  const tls = loadTlsOrFail(config, report);
  const threadCount = threadCountOf(config);
  return threadCount === 1 ? runAlone(config, plan, tls) : runThreads(config, plan, threadCount, tls);
}

async function runAlone(config: Config, plan: MemoryPlan, tls: TlsMaterial | null): Promise<number> {
  const log = openLog(config);
  if (log === null) return ExitCode.RUNTIME;
  const instance = openInstance(config, plan, log, tls);
  if (instance === null) return ExitCode.RUNTIME;
  const watch = CertificateWatch.of(config, tls, report, (material) => instance.setTls(material));
  const stopSignals = handleSignals({
    onStop: (isAtOnce) => {
      if (!isAtOnce) reportStopping(instance.proxy.context.sessions.size, config.drainMs);
      instance.stop(isAtOnce);
    },
    onCounters: () => printCounters(instance.counters()),
    onReopen: () => log.reopen(),
    onReload: () => watch?.reload(),
  });
  instance.start();
  reportListeners(config, instance.addresses);
  const killedCount = await instance.drained;
  stopSignals();
  watch?.stop();
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
function openInstance(
  config: Config,
  plan: MemoryPlan,
  log: AccessLog,
  tls: TlsMaterial | null,
): Instance | null {
  try {
    return new Instance({ config, plan, log, tls, report, sharing: null });
  } catch (error) {
    if (!(error instanceof BindError || error instanceof PollerError || error instanceof TlsContextError)) {
      throw error;
    }
    report(error.message);
    return null;
  }
}
