/**
 * `--dry-run`: prints what would run, and whether it could.
 *
 * May import: config, net, observe, proxy, cli.
 *
 * @module
 */
import { ConfigError } from "../config/config_error.ts";
import { explainConfig } from "../config/explain.ts";
import {
  CONNECTION_COST_BYTES,
  DENO_CONNECTION_COST_BYTES,
  MemoryPlanError,
  planMemory,
} from "../config/memory_plan.ts";
import type { MemoryPlan } from "../config/memory_plan.ts";
import type { Config } from "../config/model.ts";
import { type CodingConfig, encoderCostBytes } from "../config/model_compress.ts";
import { THREADS_MAX } from "../config/resolve.ts";
import { LogFormatError } from "../observe/access_log/compile.ts";
import { newFormat } from "../observe/access_log/access_log.ts";
import { codingId } from "../proxy/compress/compress_rule.ts";
import { checkEncoder } from "../proxy/compress/content_encoder.ts";
import { usesBoth } from "./build_engine.ts";
import { ExitCode } from "./exit_codes.ts";
import { reachesTls } from "../net/tls_material.ts";
import { readFdLimit } from "./fd_limit.ts";

/** Prints the explanation on standard output. @throws {ConfigError} */
export function dryRun(config: Config): number {
  const lines = explainConfig(config, planOrFail(config));
  checkLogFormat(config);
  checkEncoders(config);
  Deno.stdout.writeSync(new TextEncoder().encode(`${lines.join("\n")}\n`));
  return ExitCode.OK;
}

/** Engines to run: as many as were asked for, or one for each processor. */
export function threadCountOf(config: Config): number {
  return config.threads === 0 ? Math.min(navigator.hardwareConcurrency, THREADS_MAX) : config.threads;
}

/** Whether the poller will be epoll, as far as can be known before it is opened. */
function usesEpoll(config: Config): boolean {
  return config.poller !== "deno" && Deno.build.os === "linux";
}

/** Plans the memory of a configuration. @throws {ConfigError} when it does not suffice. */
export function planOrFail(config: Config): MemoryPlan {
  try {
    return planMemory({
      maxMemBytes: config.maxMemBytes,
      maxconn: config.maxconn,
      fdLimit: readFdLimit(),
      threadCount: threadCountOf(config),
      ...planOfEncoders(config),
      hasPipes: usesEpoll(config) && !usesBoth(config),
      connectionCostBytes: usesEpoll(config) && !usesBoth(config)
        ? CONNECTION_COST_BYTES
        : DENO_CONNECTION_COST_BYTES,
      tlsSideCount: (config.listeners.some(({ tls }) => tls !== null) ? 1 : 0) + (reachesTls(config) ? 1 : 0),
    });
  } catch (error) {
    if (!(error instanceof MemoryPlanError)) throw error;
    throw new ConfigError(`Cannot start: ${error.message}`);
  }
}

/** Every coding that is used anywhere. */
function codingsOf(config: Config): CodingConfig[] {
  return [...config.listeners, ...config.backends].flatMap(({ compress }) =>
    compress === null || compress === "off" ? [] : compress.codings
  );
}

function planOfEncoders(config: Config): { compressBytes: number | null; encoderBytes: number } {
  const costs = codingsOf(config).map(encoderCostBytes);
  return costs.length === 0
    ? { compressBytes: null, encoderBytes: 0 }
    : { compressBytes: config.compressMemBytes, encoderBytes: Math.max(...costs) };
}

/** @throws {ConfigError} when a coding cannot be had of this runtime. */
export function checkEncoders(config: Config): void {
  for (const coding of codingsOf(config)) {
    const reason = checkEncoder(codingId(coding.name), coding.level);
    if (reason === "") continue;
    throw new ConfigError(
      `Cannot use compress ${coding.name}: ${reason}; leave it out`,
    );
  }
}

/** @throws {ConfigError} for a custom format that cannot be compiled. */
export function checkLogFormat(config: Config): void {
  if (config.log.format === "off") return;
  try {
    newFormat(config.log, false);
  } catch (error) {
    if (!(error instanceof LogFormatError)) throw error;
    throw new ConfigError(error.message);
  }
}
