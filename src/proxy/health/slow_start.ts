/**
 * A weight that grows after a server came up (HAProxy: slowstart): it counts in sixteenths, and the part of the time that has passed
 * is the part of the weight.
 *
 *     WHOLE --begin--> GROWING --the time is over, end--> WHOLE
 *
 * May import: event, proxy.
 *
 * @module
 */
import { NEVER_MS } from "../../event/task.ts";
import type { Server } from "../server.ts";

/** Steps of a weight: HAProxy's BE_WEIGHT_SCALE. */
const WEIGHT_SCALE = 16;
const STEP_MS_MIN = 50;

/** See the module's text. */
export class SlowStart {
  readonly #server: Server;
  readonly #durationMs: number;
  /** NEVER_MS while it has its whole weight. */
  #beganMs = NEVER_MS;

  constructor(server: Server, durationMs: number) {
    this.#server = server;
    this.#durationMs = durationMs;
    this.end();
  }

  begin(nowMs: number): void {
    this.#beganMs = nowMs;
    this.grow(nowMs);
  }

  /** The whole weight at once. */
  end(): void {
    this.#beganMs = NEVER_MS;
    this.#server.setWeightParts(WEIGHT_SCALE, WEIGHT_SCALE);
  }

  /** Sets the weight that the time since it began gives. */
  grow(nowMs: number): void {
    if (this.#beganMs === NEVER_MS) return;
    const passedMs = nowMs - this.#beganMs;
    const parts = Math.floor((WEIGHT_SCALE * passedMs + this.#durationMs) / this.#durationMs);
    if (parts >= WEIGHT_SCALE) this.end();
    else this.#server.setWeightParts(parts, WEIGHT_SCALE);
  }

  /** When it grows next; NEVER_MS while it is whole. */
  nextMs(nowMs: number): number {
    const stepMs = Math.max(STEP_MS_MIN, this.#durationMs / WEIGHT_SCALE);
    return this.#beganMs === NEVER_MS ? NEVER_MS : nowMs + stepMs;
  }
}
