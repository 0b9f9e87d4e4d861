/**
 * Names to addresses, off the data path: at the start, and again for ever.
 *
 *     IP literal, unix path     at once, never again
 *     localhost, "" (":port")   127.0.0.1 and ::1, at once, never again
 *     a name                    now; then every everyMs, after a failure sooner (name_watch.ts)
 *
 * A name that fails keeps what it had for as long as `hold` says (held_records.ts). A callback is called at once with what is known,
 * then only when that changes, or the first answer is a failure (with the reason in words).
 *
 * 127.0.0.1 comes before ::1: most servers listen there or on both, and a refused connect costs a turn.
 *
 * May import: config, net.
 *
 * @module
 */
import type { ResolveConfig } from "../config/model_names.ts";
import { AskQueue } from "./ask_queue.ts";
import { newAsker } from "./asker.ts";
import type { Asker } from "./name_answer.ts";
import { fixedUpdate, type NameCallback, type NameQuestion, type NameSource } from "./name_source.ts";
import { NameWatch, type WatchContext } from "./name_watch.ts";

export interface NameResolverOptions {
  readonly config: ResolveConfig;
  /** Tells people. */
  readonly report: (message: string) => void;
  /** @default {name servers, or the system's resolver} */
  readonly ask?: Asker;
  /** Calls `run` once after `delayMs`; returns how to take it back. @default setTimeout */
  readonly schedule?: (delayMs: number, run: () => void) => () => void;
  /** @default performance.now */
  readonly nowMs?: () => number;
}

/** See the module's text. */
export class NameResolver implements NameSource {
  readonly #context: WatchContext;
  readonly #watches = new Set<NameWatch>();

  constructor(options: NameResolverOptions) {
    const { config, report } = options;
    this.#context = {
      config,
      report,
      queue: new AskQueue(options.ask ?? newAsker(config)),
      schedule: options.schedule ?? systemSchedule,
      nowMs: options.nowMs ?? (() => performance.now()),
    };
  }

  watch(question: NameQuestion, callback: NameCallback): void {
    const fixed = fixedUpdate(question);
    if (fixed !== null) {
      callback(fixed);
      return;
    }
    const watch = new NameWatch(this.#context, question, callback);
    this.#watches.add(watch);
    watch.begin();
  }

  close(): void {
    this.#context.queue.close();
    for (const watch of this.#watches) watch.close();
    this.#watches.clear();
  }

  counters(): Record<string, number> {
    const { asked, failed } = this.#context.queue;
    const sums = {
      nameQuestions: asked,
      nameFailures: failed,
      slotsTaken: 0,
      slotArrivals: 0,
      slotDepartures: 0,
    };
    for (const { slots } of this.#watches) {
      if (slots === null) continue;
      sums.slotsTaken += slots.takenCount;
      sums.slotArrivals += slots.arrivals;
      sums.slotDepartures += slots.departures;
    }
    return sums;
  }
}

function systemSchedule(delayMs: number, run: () => void): () => void {
  const timer = setTimeout(run, delayMs);
  return () => clearTimeout(timer);
}
