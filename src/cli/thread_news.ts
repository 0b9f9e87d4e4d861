/**
 * What threads have to tell people, once: every thread finds out the same about a server, or about the log.
 *
 * May import: nothing.
 *
 * @module
 */

/** The same words within this time are the same news. */
const SAME_NEWS_MS = 2_000;

/** See the module's text. */
export class ThreadNews {
  readonly #report: (message: string) => void;
  readonly #nowMs: () => number;
  /** When each message was told; those that are never told again last for ever. */
  readonly #told = new Map<string, number>();

  constructor(report: (message: string) => void, nowMs: () => number = () => performance.now()) {
    this.#report = report;
    this.#nowMs = nowMs;
  }

  /** Tells it, unless it was told just now, or ever if `isOnce`. */
  tell(message: string, isOnce: boolean): void {
    const nowMs = this.#nowMs();
    for (const [text, ms] of this.#told) if (nowMs - ms >= SAME_NEWS_MS) this.#told.delete(text);
    if (this.#told.has(message)) return;
    this.#told.set(message, isOnce ? Infinity : nowMs);
    this.#report(message);
  }
}
