/**
 * Questions on their way, a few at a time, in the order asked: an SRV record has as many targets as it likes.
 *
 * May import: net.
 *
 * @module
 */
import type { Asker, NameAnswer, QuestionType } from "./name_answer.ts";

/** Questions asked at once. */
export const QUESTIONS_MAX = 8;

interface Waiting {
  readonly name: string;
  readonly type: QuestionType;
  readonly done: (answer: NameAnswer) => void;
}

/** See the module's text. */
export class AskQueue {
  asked = 0;
  failed = 0;
  readonly #ask: Asker;
  readonly #waiting: Waiting[] = [];
  #running = 0;
  #isClosed = false;

  constructor(ask: Asker) {
    this.#ask = ask;
  }

  /** Asks, or waits for its turn. */
  ask(name: string, type: QuestionType, done: (answer: NameAnswer) => void): void {
    this.#waiting.push({ name, type, done });
    this.#go();
  }

  /** Forgets what waits, and every answer that is yet to come. */
  close(): void {
    this.#isClosed = true;
    this.#waiting.length = 0;
  }

  #go(): void {
    while (this.#running < QUESTIONS_MAX && this.#waiting.length > 0) {
      const { name, type, done } = this.#waiting.shift()!;
      this.#running++;
      this.asked++;
      this.#ask(name, type, (answer) => {
        this.#running--;
        if (this.#isClosed) return;
        if (answer.status !== "valid") this.failed++;
        done(answer);
        this.#go();
      });
    }
  }
}
