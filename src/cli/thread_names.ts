/**
 * Names in a hadro with several threads: the main isolate looks them up, once for all, and threads are told.
 *
 *     main isolate   NamePublisher: watches every name of the configuration, keeps what is known of each, sends what changes
 *     thread         ThreadNames: what it was told at its start, then what comes
 *
 * So all threads agree which slot has which address, but for the time that a message takes; what they share about the health of a slot
 * tells whose it is (HealthCells.renew).
 *
 * May import: config, net.
 *
 * @module
 */
import type { Config } from "../config/model.ts";
import {
  fixedUpdate,
  type NameCallback,
  type NameQuestion,
  type NameSource,
  type NameUpdate,
  questionKey,
} from "../net/name_source.ts";
import { NameResolver } from "../net/resolver.ts";

/** What became of a name. */
export interface NamesMessage {
  readonly kind: "names";
  readonly key: string;
  readonly update: NameUpdate;
}

/** By {@linkcode questionKey}. */
export type KnownNames = ReadonlyMap<string, NameUpdate>;

type Publish = (message: NamesMessage) => void;

/** See the module's text. */
export class NamePublisher {
  readonly #source: NameSource;
  readonly #known = new Map<string, NameUpdate>();

  /** Begins to look up. `publish` tells the threads that run, `report` people. */
  static start(config: Config, report: (message: string) => void, publish: Publish): NamePublisher {
    return new NamePublisher(config, new NameResolver({ config: config.resolve, report }), publish);
  }

  /** @param source What looks up. */
  constructor(config: Config, source: NameSource, publish: Publish) {
    this.#source = source;
    const questions = new Map(questionsOf(config).map((question) => [questionKey(question), question]));
    for (const [key, question] of questions) {
      source.watch(question, (update) => {
        this.#known.set(key, update);
        publish({ kind: "names", key, update });
      });
    }
  }

  /** For a thread that starts. */
  get known(): KnownNames {
    return this.#known;
  }

  counters(): Record<string, number> {
    return this.#source.counters();
  }

  close(): void {
    this.#source.close();
  }
}

/** See the module's text. */
export class ThreadNames implements NameSource {
  readonly #known: Map<string, NameUpdate>;
  readonly #callbacks = new Map<string, NameCallback[]>();

  constructor(known: KnownNames) {
    this.#known = new Map(known);
  }

  watch(question: NameQuestion, callback: NameCallback): void {
    const fixed = fixedUpdate(question);
    if (fixed !== null) {
      callback(fixed);
      return;
    }
    const key = questionKey(question);
    const callbacks = this.#callbacks.get(key);
    if (callbacks === undefined) this.#callbacks.set(key, [callback]);
    else callbacks.push(callback);
    const known = this.#known.get(key);
    if (known !== undefined) callback(known);
  }

  /** The main isolate tells. */
  onUpdate(key: string, update: NameUpdate): void {
    this.#known.set(key, update);
    for (const callback of this.#callbacks.get(key) ?? []) callback(update);
  }

  close(): void {
    this.#callbacks.clear();
  }

  counters(): Record<string, number> {
    return {};
  }
}

/** Everything that servers and their checks ask, but what needs no lookup. */
function questionsOf({ backends }: Config): NameQuestion[] {
  const all = backends.flatMap(({ name, servers }) =>
    servers.flatMap(({ endpoint, checkEndpoint, resolvePrefer: prefer, template }): NameQuestion[] => [
      template === null ? { kind: "server", endpoint, prefer } : { kind: "slots", backend: name, template },
      ...(checkEndpoint === null ? [] : [{ kind: "server", endpoint: checkEndpoint, prefer } as const]),
    ])
  );
  return all.filter((question) => fixedUpdate(question) === null);
}
