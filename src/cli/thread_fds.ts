/**
 * Descriptors that outlive a thread: a process has one table of them, whichever isolate opened them.
 *
 *  - What a dead thread had open is closed: its listeners would go on to be given connections.
 *  - Listening unix sockets are duplicated when they are first bound, so that threads that start later find them open whatever
 *    became of the thread that bound them.
 *
 * May import: config, sys, cli.
 *
 * @module
 */
import type { Config } from "../config/model.ts";
import type { Libc } from "../sys/libc.ts";
import { removeSocket } from "../sys/unix_path.ts";
import { openLibc } from "./build_engine.ts";

/** See the module's text. */
export class ThreadFds {
  readonly #config: Config;
  #libc: Libc | null | undefined;
  #listeners: ReadonlyMap<string, number> = new Map();
  #isFileLost = false;

  constructor(config: Config) {
    this.#config = config;
  }

  /** Duplicates listening sockets, by path; returns the duplicates. */
  keep(listeners: ReadonlyMap<string, number>): ReadonlyMap<string, number> {
    if (listeners.size === 0) return listeners;
    const libc = this.#open();
    if (libc === null) return listeners;
    this.#listeners = new Map([...listeners].map(([path, fd]) => [path, libc.call.dup(fd)]));
    return this.#listeners;
  }

  /** Nothing is accepted from now on: closes the duplicates. */
  release(): void {
    for (const [path, fd] of this.#listeners) {
      this.#open()?.call.close(fd);
      if (this.#isFileLost) removeSocket(path);
    }
    this.#listeners = new Map();
  }

  /** Closes what a dead thread had open. @param isFirst It bound the unix sockets, and would have removed their files. */
  closeAll(openFds: Uint8Array, isFirst: boolean): void {
    this.#isFileLost ||= isFirst;
    const libc = this.#open();
    if (libc === null) return;
    for (let fd = 0; fd < openFds.length; fd++) if (openFds[fd] === 1) libc.call.close(fd);
  }

  /** Opened when first needed: on the deno poller Deno closes what a thread had. */
  #open(): Libc | null {
    this.#libc ??= openLibc(this.#config, () => {});
    return this.#libc;
  }
}
