/**
 * Runs a configuration: builds the engine and the proxy, binds, prints the banner, and waits until it has drained.
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
import type { BufferWait } from "../buffer/buffer_wait.ts";
import type { Config } from "../config/model.ts";
import type { Engine } from "../event/engine.ts";
import { NameResolver } from "../net/resolver.ts";
import { type AccessLog, LogFileError, openAccessLog } from "../observe/access_log/access_log.ts";
import { formatAddress } from "../proxy/dispatch.ts";
import { BindError, Proxy } from "../proxy/proxy.ts";
import { buildEngine } from "./build_engine.ts";
import { checkLogFormat, planOrFail } from "./dry_run.ts";
import { ExitCode } from "./exit_codes.ts";

/** How long the log may take to go out at the end. */
const LOG_CLOSE_MS = 2_000;

/** Runs until drained; returns the exit code. */
export async function runProxy(config: Config): Promise<number> {
  const report = (message: string) => writeStderr(`hadro: ${message}\n`);
  const plan = planOrFail(config);
  checkLogFormat(config);
  const log = openLog(config, report);
  if (log === null) return ExitCode.RUNTIME;
  const { engine, buffers, close } = buildEngine(config, plan, report);
  engine.onTurnEnd = () => log.flushSoon();
  const drained = Promise.withResolvers<number>();
  const proxy = new Proxy(engine, buffers, {
    config,
    maxconn: plan.maxconn,
    log,
    resolver: new NameResolver({}),
    seed: crypto.getRandomValues(new Uint32Array(1))[0],
    report,
    onDrained: (killedCount) => drained.resolve(killedCount),
  });
  try {
    proxy.start();
  } catch (error) {
    if (!(error instanceof BindError)) throw error;
    report(error.message);
    engine.stop();
    close();
    return ExitCode.RUNTIME;
  }
  const stopSignals = handleSignals(engine, proxy, buffers, () => log.reopen(), report);
  engine.start();
  for (const listener of proxy.listeners) {
    report(
      `listening on ${listener.config.scheme}://${
        formatAddress(listener.localAddress)
      } (${listener.config.name})`,
    );
  }
  const killedCount = await drained.promise;
  stopSignals();
  engine.stop();
  close();
  await log.close(LOG_CLOSE_MS);
  if (killedCount > 0) report(`stopped; ${killedCount} connections did not end in time and were cut`);
  return ExitCode.OK;
}

/** Opens the access log; null when its file cannot be opened, which is told. */
function openLog(config: Config, report: (message: string) => void): AccessLog | null {
  const hasColour = Deno.stdout.isTerminal() && !Deno.noColor;
  try {
    return openAccessLog(config.log, { onError: report, hasColour });
  } catch (error) {
    if (!(error instanceof LogFileError)) throw error;
    report(error.message);
    return null;
  }
}

function handleSignals(
  engine: Engine,
  proxy: Proxy,
  buffers: BufferWait,
  reopenLog: () => void,
  report: (message: string) => void,
): () => void {
  let stopCount = 0;
  const onStop = () => {
    stopCount++;
    if (stopCount === 1) {
      const openCount = proxy.context.sessions.size;
      if (openCount > 0) {
        report(`stopping: ${openCount} connections may end within ${proxy.context.config.drainMs} ms`);
      }
      engine.post(() => proxy.drain());
    } else engine.post(() => proxy.kill());
  };
  const onQuit = () => {
    const { pool } = buffers;
    const counters = {
      ...engine.activity,
      connections: proxy.context.connectionCount,
      fds: engine.fdTable.openCount,
      tasks: engine.scheduler.taskCount,
      buffersInUse: pool.inUse,
      buffersInUseMax: pool.inUseMax,
      bufferLimit: pool.limitCount,
      bufferWaiters: buffers.waiting,
      rssBytes: Deno.memoryUsage().rss,
      heapBytes: Deno.memoryUsage().heapUsed,
    };
    writeStderr(`${JSON.stringify(counters)}\n`);
  };
  const handlers: readonly (readonly [Deno.Signal, () => void])[] = [
    ["SIGTERM", onStop],
    ["SIGINT", onStop],
    ["SIGQUIT", onQuit],
    ["SIGUSR1", reopenLog],
  ];
  for (const [signal, handler] of handlers) Deno.addSignalListener(signal, handler);
  return () => {
    for (const [signal, handler] of handlers) Deno.removeSignalListener(signal, handler);
  };
}

function writeStderr(text: string): void {
  try {
    Deno.stderr.writeSync(new TextEncoder().encode(text));
  } catch {
    // Nobody listens; the proxy goes on.
  }
}
