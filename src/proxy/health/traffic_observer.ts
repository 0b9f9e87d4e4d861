/**
 * What traffic says about a server (HAProxy: `observe`, health_adjust). Called on the data path: a load and a compare while all is well.
 *
 *     seen                                         l4         l7
 *     connected                                    good       -
 *     connect failed                               error      error
 *     a final head with a status below 500, 501, 505   -      good
 *     any other final head                         -          error
 *     bad head; end, break or time-out before it   -          error
 *
 * Good ends the row of errors, for all threads.
 *
 * May import: proxy/health, proxy/log_record.
 *
 * @module
 */
import type { HealthCells } from "./health_cells.ts";
import { EndCause, EndPhase } from "../log_record.ts";
import { TrafficError } from "./health_reason.ts";

/** See the module's text. */
export class TrafficObserver {
  readonly #cells: HealthCells;
  readonly #server: number;
  readonly #isLayer7: boolean;
  readonly #errorLimit: number;
  readonly #onLimit: (lastError: number, count: number) => void;

  /** @param onLimit So many errors in a row, the last of them a {@linkcode TrafficError} or a status. */
  constructor(
    cells: HealthCells,
    server: number,
    options: {
      readonly isLayer7: boolean;
      readonly errorLimit: number;
      readonly onLimit: (lastError: number, count: number) => void;
    },
  ) {
    this.#cells = cells;
    this.#server = server;
    this.#isLayer7 = options.isLayer7;
    this.#errorLimit = options.errorLimit;
    this.#onLimit = options.onLimit;
  }

  onConnected(): void {
    if (!this.#isLayer7) this.#cells.clearErrors(this.#server);
  }

  onConnectFailed(): void {
    this.#onError(TrafficError.CONNECT);
  }

  /** The head of a final answer came. */
  onStatus(status: number): void {
    if (!this.#isLayer7) return;
    if (status < 500 || status === 501 || status === 505) this.#cells.clearErrors(this.#server);
    else this.#onError(status);
  }

  /** There was no answer that could be passed on; a {@linkcode TrafficError} says why. */
  onNoAnswer(error: number): void {
    if (this.#isLayer7) this.#onError(error);
  }

  #onError(error: number): void {
    const count = this.#cells.addError(this.#server);
    if (count < this.#errorLimit) return;
    this.#cells.clearErrors(this.#server);
    this.#onLimit(error, count);
  }
}

/** A stream failed before a final head came: tells `observer` when that was the server's doing. */
export function noteNoAnswer(observer: TrafficObserver | null, cause: number, phase: number): void {
  if (observer === null || phase !== EndPhase.HEADERS) return;
  if (cause === EndCause.SERVER) observer.onNoAnswer(TrafficError.CLOSED);
  else if (cause === EndCause.SERVER_TIMEOUT) observer.onNoAnswer(TrafficError.TIMEOUT);
  else if (cause === EndCause.PROXY) observer.onNoAnswer(TrafficError.BAD_ANSWER);
}
