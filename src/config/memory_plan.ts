/**
 * Where `--max-mem` goes: connections get at most half of it (more only when maxconn is written), buffers the rest.
 *
 *     max-mem = maxconn × 2 fds × CONNECTION_COST_BYTES + encoders + buffers × 16,448 + pipes × 262,144
 *
 * Encoders, where responses are compressed, have what was written or a quarter of what connections leave over.
 * BUFFER_COUNT_MIN buffers for each thread at least; pipes (of the `epoll` poller) have what descriptors and buffers leave over.
 *
 * Outside of it: the runtime itself (about 70 MB, as any Deno program), and the kernel's socket buffers.
 *
 * May import: nothing.
 *
 * @module
 */

/** Memory of one connection, either side: socket, slot, handler, timers. Measured: docs/measurements.md. */
export const CONNECTION_COST_BYTES = 6_144;
/** The same where Deno's own sockets are used. */
export const DENO_CONNECTION_COST_BYTES = 14_336;
/**
 * What TLS adds to a connection on either side, while its handshake is under way; 20 kB when it is idle after it. Measured 2026-11-24:
 * 3,000 connections, OpenSSL 3.0.19, resident memory: 49,934 bytes each with half a hello, 19,840 idle, 23,174 idle behind a request.
 */
const TLS_COST_BYTES = 51_200;
/** As in buffer/pool.ts. */
export const PLAN_BUFFER_BYTES = 16_448;
/** As in sys/kernel_pipes.ts. */
export const PLAN_PIPE_BYTES = 262_144;
const BUFFER_COUNT_MIN = 32;
/** Pipes have at most this part of what buffers have, and this many: more connections at once that move much do it by buffers. */
const PIPE_PART = 8;
const PIPE_COUNT_MAX = 64;
/** Encoders have this part of what connections leave over. */
const ENCODER_PART = 4;
/** With fewer descriptors all are for connections. */
const PIPE_FD_LIMIT_MIN = 512;
/** Descriptors that are not connections: listeners, log, runtime. */
const FD_RESERVE = 64;

export interface MemoryRequest {
  readonly maxMemBytes: number;
  /** 0: derive it. */
  readonly maxconn: number;
  readonly fdLimit: number;
  /** What an open fd costs. @default {CONNECTION_COST_BYTES} */
  readonly connectionCostBytes?: number;
  /** On how many sides of a connection there may be TLS. @default {0} */
  readonly tlsSideCount?: number;
  /** Threads that divide the buffers among them. */
  readonly threadCount: number;
  /** What encoders are to have: 0 derives it; null, as by default: nothing is compressed. */
  readonly compressBytes?: number | null;
  /** What the dearest encoder takes: each thread must have room for one. @default {0} */
  readonly encoderBytes?: number;
  /** Whether the poller has pipes. @default {false} */
  readonly hasPipes?: boolean;
}

export interface MemoryPlan {
  /** Client connections at once. */
  readonly maxconn: number;
  /** Slots of the fd table: clients, servers, listeners. */
  readonly maxFdCount: number;
  readonly connectionCostBytes: number;
  readonly connectionBytes: number;
  readonly bufferCount: number;
  readonly bufferBytes: number;
  /** Pipes of the kernel, of PLAN_PIPE_BYTES each and two descriptors beside the fd table's. */
  readonly pipeCount: number;
  /** For encoders of all threads together; a multiple of 1 kB. */
  readonly compressBytes: number;
}

/** What cannot be planned, in words. */
export class MemoryPlanError extends Error {
  override name = "MemoryPlanError";
}

/** @throws {MemoryPlanError} when the memory or the descriptors do not suffice; it says what would. */
export function planMemory(request: MemoryRequest): MemoryPlan {
  const { maxMemBytes, fdLimit, threadCount } = request;
  const tlsBytes = (request.tlsSideCount ?? 0) * TLS_COST_BYTES / 2;
  const connectionCostBytes = (request.connectionCostBytes ?? CONNECTION_COST_BYTES) + tlsBytes;
  const byFds = Math.floor((fdLimit - FD_RESERVE) / 2);
  if (byFds < 1) {
    throw new MemoryPlanError(
      `the descriptor limit ${fdLimit} is too low; at least ${FD_RESERVE + 2} are needed`,
    );
  }
  const leastBufferBytes = threadCount * BUFFER_COUNT_MIN * PLAN_BUFFER_BYTES;
  const byMemory = Math.floor(
    Math.min(maxMemBytes / 2, maxMemBytes - leastBufferBytes) / (2 * connectionCostBytes),
  );
  const hasPipes = request.hasPipes === true && fdLimit >= PIPE_FD_LIMIT_MIN;
  const pipeFds = hasPipes ? Math.min(PIPE_COUNT_MAX * 2, fdLimit >> 4) : 0;
  const maxconn = request.maxconn > 0
    ? request.maxconn
    : Math.max(1, Math.min(byMemory, byFds - (pipeFds >> 1)));
  if (maxconn > byFds) {
    throw new MemoryPlanError(
      `maxconn ${maxconn} needs ${
        maxconn * 2 + FD_RESERVE
      } descriptors and the limit is ${fdLimit}; raise it (ulimit -n) or use at most ${byFds}`,
    );
  }
  const connectionBytes = maxconn * 2 * connectionCostBytes;
  const compressBytes = planEncoders(request, maxMemBytes - connectionBytes);
  const movingBytes = maxMemBytes - connectionBytes - compressBytes;
  const pipesByMemory = Math.floor((movingBytes - leastBufferBytes) / PIPE_PART / PLAN_PIPE_BYTES);
  const pipesByFds = Math.min(pipeFds, fdLimit - maxconn * 2 - FD_RESERVE) >> 1;
  const pipeCount = Math.max(0, Math.min(pipesByMemory, pipesByFds));
  const bufferCount = Math.floor((movingBytes - pipeCount * PLAN_PIPE_BYTES) / PLAN_BUFFER_BYTES);
  if (bufferCount < threadCount * BUFFER_COUNT_MIN) {
    // What is derived of max-mem grows with it.
    const needed = connectionBytes +
      (request.compressBytes === 0
        ? leastBufferBytes * ENCODER_PART / (ENCODER_PART - 1)
        : compressBytes + leastBufferBytes);
    throw new MemoryPlanError(
      `max-mem leaves ${Math.max(0, bufferCount)} buffers beside ${maxconn} connections${
        compressBytes === 0 ? "" : " and encoders"
      }${threadCount === 1 ? "" : ` for ${threadCount} threads`}; it must be at least ${
        Math.ceil(needed / 1_048_576)
      }m, or maxconn${threadCount === 1 ? "" : " or threads"} lower`,
    );
  }
  return {
    maxconn,
    maxFdCount: maxconn * 2 + FD_RESERVE,
    connectionCostBytes,
    connectionBytes,
    bufferCount,
    bufferBytes: bufferCount * PLAN_BUFFER_BYTES,
    pipeCount,
    compressBytes,
  };
}

/** A thread's part: memory is divided; connections are counted together, against the limit of the process. */
export function planOfThread(plan: MemoryPlan, threadCount: number): MemoryPlan {
  const share = (whole: number) => Math.floor(whole / threadCount);
  return {
    ...plan,
    bufferCount: share(plan.bufferCount),
    bufferBytes: share(plan.bufferBytes),
    pipeCount: share(plan.pipeCount),
    compressBytes: share(plan.compressBytes),
  };
}

/** What encoders get of `leftBytes`. @throws {MemoryPlanError} when not one would fit. */
function planEncoders(request: MemoryRequest, leftBytes: number): number {
  const { compressBytes = null, encoderBytes = 0, threadCount } = request;
  if (compressBytes === null) return 0;
  const wanted = compressBytes > 0 ? compressBytes : Math.max(0, leftBytes) / ENCODER_PART;
  const planned = Math.floor(wanted / 1_024) * 1_024;
  const needed = encoderBytes * threadCount;
  if (planned >= needed) return planned;
  throw new MemoryPlanError(
    `compression has ${Math.floor(planned / 1_024)}k and needs ${Math.ceil(needed / 1_024)}k${
      threadCount === 1 ? "" : ` for ${threadCount} threads`
    }; raise ${compressBytes > 0 ? "compress-mem" : "max-mem"}, or choose a lower level`,
  );
}
