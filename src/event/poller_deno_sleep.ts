/**
 * How the `deno` poller sleeps, is woken, and lets Deno's own event loop run.
 *
 *     sleep --wake() or timer--> (microtask) resume --> turns … --> sleep
 *                                                        \--> yield --(macrotask)--> resume
 *
 * A wake-up resumes in a microtask, behind the continuations of the same batch of completions: so one turn serves them
 * all. Chains of microtasks would keep timers and signals waiting, so after SLICE_MS of work, or CHAIN_LENGTH_MAX wake-ups
 * without one, the next turn comes by a macrotask. One timer is kept and only re-armed when it would ring too late.
 *
 * May import: event.
 *
 * @module
 */
import { clearImmediate, setImmediate } from "node:timers";
import type { Clock } from "./clock.ts";

/** The longest run of turns before Deno gets its turn. */
const SLICE_MS = 4;
/** The longest chain of wake-ups by microtasks. */
const CHAIN_LENGTH_MAX = 64;

/** Drives `resume`; at most one resumption is pending at any time. */
export class DenoSleep {
  readonly #clock: Clock;
  readonly #resume: () => void;
  readonly #onMicrotask = () => this.#wakeUp();
  readonly #onImmediate = () => this.#endYield();
  readonly #onTimer = () => this.#ring();
  #isAsleep = false;
  #isQueued = false;
  #isStopped = false;
  #sliceBeganMs = 0;
  #chainLength = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #timerAtMs = Infinity;
  #immediate: ReturnType<typeof setImmediate> | undefined;

  constructor(clock: Clock, resume: () => void) {
    this.#clock = clock;
    this.#resume = resume;
    this.#sliceBeganMs = clock.monotonicMs();
  }

  /** Lets `resume` come after `timeoutMs` at the latest, or at {@linkcode DenoSleep.wake}. */
  sleep(timeoutMs: number): void {
    this.#isAsleep = true;
    const atMs = this.#clock.monotonicMs() + timeoutMs;
    if (this.#timer !== undefined && this.#timerAtMs <= atMs) return;
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    this.#timerAtMs = atMs;
    this.#timer = setTimeout(this.#onTimer, Math.ceil(timeoutMs));
  }

  /** Ends the sleep soon; of no effect while awake or already woken. */
  wake(): void {
    if (!this.#isAsleep || this.#isQueued || this.#isStopped) return;
    this.#isQueued = true;
    queueMicrotask(this.#onMicrotask);
  }

  /** Whether Deno must get its turn before the next one here. */
  isSliceOver(): boolean {
    return this.#chainLength > CHAIN_LENGTH_MAX || this.#clock.monotonicMs() - this.#sliceBeganMs > SLICE_MS;
  }

  /** Lets Deno run, then resumes. */
  yield(): void {
    this.#isAsleep = false;
    this.#immediate = setImmediate(this.#onImmediate);
  }

  /** Nothing resumes any more; every timer is taken back. */
  stop(): void {
    this.#isStopped = true;
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    if (this.#immediate !== undefined) clearImmediate(this.#immediate);
    this.#timer = this.#immediate = undefined;
  }

  #wakeUp(): void {
    this.#isQueued = false;
    if (this.#isStopped) return;
    this.#isAsleep = false;
    this.#chainLength++;
    this.#sliceBeganMs = this.#clock.monotonicMs();
    this.#resume();
  }

  #endYield(): void {
    this.#immediate = undefined;
    this.#chainLength = 0;
    this.#sliceBeganMs = this.#clock.monotonicMs();
    this.#resume();
  }

  #ring(): void {
    this.#timer = undefined;
    this.#timerAtMs = Infinity;
    this.#chainLength = 0;
    this.wake();
  }
}
