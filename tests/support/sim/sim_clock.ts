/** Time that a simulation owns. @module */
import type { Clock } from "../../../src/event/clock.ts";

/** Where the wall clock of every simulation begins: 2026-01-01T00:00:00Z. */
export const SIM_WALL_MS = Date.UTC(2026, 0, 1);

/** Both clocks, moved by hand; the wall clock may be set without the other. */
export class SimClock implements Clock {
  #nowMs = 0;
  #wallOffsetMs = SIM_WALL_MS;

  monotonicMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return this.#nowMs + this.#wallOffsetMs;
  }

  advance(deltaMs: number): void {
    this.#nowMs += deltaMs;
  }

  /** Sets the wall clock as NTP or a person would. */
  jumpWall(deltaMs: number): void {
    this.#wallOffsetMs += deltaMs;
  }
}
