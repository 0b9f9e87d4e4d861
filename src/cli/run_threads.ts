/**
 * `hadro` with several threads: a supervisor, signals, certificates.
 *
 * May import: everything but other commands.
 *
 * @module
 */
import type { MemoryPlan } from "../config/memory_plan.ts";
import type { Config } from "../config/model.ts";
import type { TlsMaterial } from "../net/tls_material.ts";
import { LogFileError } from "../observe/access_log/access_log.ts";
import { CertificateWatch } from "./certificate_watch.ts";
import { ExitCode } from "./exit_codes.ts";
import { report } from "./report.ts";
import { handleSignals } from "./signals.ts";
import { Supervisor } from "./thread_supervisor.ts";

/** Runs `threadCount` threads until all have drained; returns the exit code. */
export async function runThreads(
  config: Config,
  plan: MemoryPlan,
  threadCount: number,
  tls: TlsMaterial | null,
): Promise<number> {
  let supervisor: Supervisor;
  try {
    supervisor = new Supervisor(config, plan, {
      threadCount,
      worker: Deno.mainModule,
      restartMs: 1_000,
      tls,
    });
  } catch (error) {
    if (!(error instanceof LogFileError)) throw error;
    report(error.message);
    return ExitCode.RUNTIME;
  }
  const watch = CertificateWatch.of(config, tls, report, (material) => supervisor.setTls(material));
  const stopSignals = handleSignals({
    onStop: (isAtOnce) => supervisor.stop(isAtOnce),
    onCounters: () => supervisor.printCounters(),
    onReopen: () => supervisor.reopenLog(),
    onReload: () => watch?.reload(),
  });
  return await supervisor.run(() => {
    stopSignals();
    watch?.stop();
  });
}
