/**
 * The active check of one server: when it comes, and what it does on its socket.
 *
 *     REST --its time--> CONNECT --connected--> nothing to send: PASSED
 *                          |     --connected--> SEND --sent--> tcp: PASSED
 *                          |     --connected, the header sent--> TLS, where the server has it --over--> as connected
 *                          |                         --sent--> ANSWER --verdict, end--> PASSED, CONDITIONAL, FAILED
 *                          +-- no address, all addresses refused --> FAILED
 *     any but REST --out of time--> FAILED; VOID while it waits for a buffer
 *     no descriptor or memory of ours for it --> VOID
 *
 * Time, as HAProxy's: the whole check has `inter`; with timeout-check the connect has min(inter, timeout connect), and what follows
 * has timeout-check. Where the server has several addresses each has its part of the connect's time. The next check comes an interval
 * after the end of this one: fastinter while the health moves, downinter while it is at 0, inter when it is full; by spread-checks
 * some percent earlier or later.
 *
 * The socket is of class URGENT, and closed in order: HAProxy resets it, which makes the accept of some servers fail.
 *
 * May import: base, event, proxy.
 *
 * @module
 */
import { Errno } from "../../base/errno.ts";
import type { Slab } from "../../base/slab.ts";
import type { Engine } from "../../event/engine.ts";
import type { FdHandler } from "../../event/fd_table.ts";
import { IoClass } from "../../event/io_queue.ts";
import type { TaskHandler } from "../../event/run_queue.ts";
import { type CheckAnswer, Verdict } from "./check_answer.ts";
import type { BufferTaker } from "./check_buffers.ts";
import type { ServerCheckOptions } from "./check_options.ts";
import { HealthReason } from "./health_reason.ts";

const NO_FD = -1;
const Phase = { OFF: 0, REST: 1, CONNECT: 2, SEND: 3, ANSWER: 4, TLS: 5 } as const;

/** See the module's text. */
export class ServerCheck implements FdHandler, TaskHandler, BufferTaker {
  readonly #engine: Engine;
  readonly #options: ServerCheckOptions;
  #request: Slab | null;
  readonly #needle: Uint8Array;
  readonly #task: number;
  #phase: number = Phase.OFF;
  #fd = NO_FD;
  #attempt = 0;
  #beganMs = 0;
  #sentBytes = 0;
  /** What of the request may be sent now: before TLS its PROXY protocol header only. */
  #sendableBytes = 0;
  #isTlsOver = true;
  #answer: CheckAnswer | null = null;
  #waitsForBuffer = false;
  /** When the current step is out of time, or the next check comes. */
  #deadlineMs = 0;
  /** How long the current step has. */
  #limitMs = 0;

  constructor(engine: Engine, options: ServerCheckOptions) {
    this.#engine = engine;
    this.#options = options;
    this.#request = options.request;
    const expect = options.config.request?.expect;
    this.#needle = new TextEncoder().encode(expect?.kind === "body" ? expect.needle : "");
    this.#task = engine.scheduler.create(this);
  }

  get isOn(): boolean {
    return this.#phase !== Phase.OFF;
  }

  /** What is sent from the next check on. Between two checks only. */
  setRequest(request: Slab | null): void {
    this.#request = request;
  }

  /** Begins to check, the first time after `delayMs`. */
  start(delayMs: number): void {
    this.#phase = Phase.REST;
    this.#schedule(delayMs);
  }

  /** Checks no more; what is on its way is forgotten. */
  stop(): void {
    this.#close();
    this.#phase = Phase.OFF;
    this.#schedule(Infinity);
  }

  /** Ends for good. */
  shutdown(): void {
    this.stop();
    this.#engine.scheduler.release(this.#task);
  }

  /** Lets the next check come within `delayMs`. */
  hurry(delayMs: number): void {
    if (this.#phase === Phase.REST && this.#engine.nowMs + delayMs < this.#deadlineMs) {
      this.#schedule(delayMs);
    }
  }

  onTask(): void {
    if (this.#phase === Phase.OFF || this.#engine.nowMs < this.#deadlineMs) return;
    if (this.#phase === Phase.REST) this.#begin();
    else this.#onTimeout();
  }

  onIo(fd: number): void {
    if (this.#phase === Phase.CONNECT) {
      const result = this.#engine.poller.connectResult(fd);
      if (result === -Errno.EINPROGRESS) this.#engine.fdTable.cantSend(fd);
      else if (result < 0) this.#onConnectFailed(HealthReason.CONNECT, result);
      else this.#onConnected();
    } else if (this.#phase === Phase.SEND) this.#send();
    else if (this.#phase === Phase.TLS) this.#shakeHands();
    else this.#receive();
  }

  onBuffer(answer: CheckAnswer): void {
    this.#waitsForBuffer = false;
    this.#useBuffer(answer);
    this.#engine.fdTable.wantRecv(this.#fd);
  }

  #begin(): void {
    this.#attempt = 0;
    this.#beganMs = this.#engine.nowMs;
    if (this.#options.target.addressCount === 0) this.#end(Verdict.FAILED, HealthReason.UNRESOLVED, 0);
    else this.#connect();
  }

  #connect(): void {
    const { config, connectMs, target } = this.#options;
    const options = target.connectOptions(this.#attempt);
    if (options === null) {
      this.#onConnectFailed(HealthReason.CONNECT, -Errno.EAFNOSUPPORT);
      return;
    }
    this.#phase = Phase.CONNECT;
    const limitMs = config.timeoutMs > 0 ? Math.min(config.interMs, connectMs) : config.interMs;
    this.#limit(Math.ceil(limitMs / target.addressCount), this.#engine.nowMs);
    const address = target.address(this.#attempt);
    const fd = this.#engine.connect(address, this, IoClass.URGENT, this.#request !== null, options);
    if (fd >= 0) this.#fd = fd;
    else if (isOwnLack(fd)) this.#end(Verdict.VOID, HealthReason.CONNECT, fd);
    else this.#onConnectFailed(HealthReason.CONNECT, fd);
  }

  #onConnectFailed(reason: number, detail: number): void {
    this.#close();
    this.#attempt++;
    if (this.#attempt < this.#options.target.addressCount) this.#connect();
    else this.#end(Verdict.FAILED, reason, detail);
  }

  #onConnected(): void {
    const { config, tls } = this.#options;
    const request = this.#request;
    this.#sentBytes = 0;
    this.#isTlsOver = tls === null;
    this.#sendableBytes = tls === null ? request?.bytes.length ?? 0 : tls.plainBytes;
    if (request !== null || tls !== null) {
      if (config.timeoutMs > 0) this.#limit(config.timeoutMs, this.#engine.nowMs);
      else this.#limit(config.interMs, this.#beganMs);
    }
    this.#goOn();
  }

  /** Sends what may be sent now, or does what comes behind it. */
  #goOn(): void {
    if (this.#sentBytes < this.#sendableBytes) {
      this.#phase = Phase.SEND;
      this.#send();
    } else if (!this.#isTlsOver) {
      this.#phase = Phase.TLS;
      const begun = this.#options.tls!.begin(this.#fd);
      if (begun < 0) this.#end(Verdict.VOID, HealthReason.CONNECT, begun);
      else this.#shakeHands();
    } else if (this.#options.config.request === null) this.#end(Verdict.PASSED, HealthReason.NONE, 0);
    else this.#listen();
  }

  #shakeHands(): void {
    const tls = this.#options.tls!;
    const result = tls.advance(this.#fd);
    if (result === -Errno.EAGAIN) return;
    if (result < 0) {
      this.#end(Verdict.FAILED, HealthReason.TLS, tls.verdict);
      return;
    }
    this.#isTlsOver = true;
    this.#sendableBytes = this.#request?.bytes.length ?? 0;
    this.#goOn();
  }

  #send(): void {
    const { fdTable } = this.#engine;
    const restBytes = this.#sendableBytes - this.#sentBytes;
    const count = this.#engine.send(this.#fd, this.#request!, this.#sentBytes, restBytes);
    if (count > 0) this.#sentBytes += count;
    if (count >= 0 && count < restBytes || count === -Errno.EAGAIN) {
      fdTable.cantSend(this.#fd);
      fdTable.wantSend(this.#fd);
      return;
    }
    if (count >= 0) this.#goOn();
    else if (this.#options.config.request === null || !this.#isTlsOver) {
      this.#onConnectFailed(HealthReason.CONNECT, count);
    } else this.#listen();
  }

  /** An error of the send is met again by the receive, behind what the server may have said before it. */
  #listen(): void {
    this.#phase = Phase.ANSWER;
    this.#engine.fdTable.stopSend(this.#fd);
    this.#engine.fdTable.wantRecv(this.#fd);
  }

  #receive(): void {
    const answer = this.#answer ?? this.#takeBuffer();
    if (answer === null) {
      this.#engine.fdTable.stopRecv(this.#fd);
      return;
    }
    const count = this.#engine.recv(this.#fd, answer.slab, answer.length, answer.roomBytes);
    if (count === -Errno.EAGAIN) {
      this.#engine.fdTable.cantRecv(this.#fd);
      return;
    }
    const verdict = count > 0 ? answer.take(count) : answer.end(count);
    if (verdict !== Verdict.PENDING) this.#end(verdict, answer.reason, answer.detail);
  }

  #takeBuffer(): CheckAnswer | null {
    const answer = this.#options.buffers.take(this);
    this.#waitsForBuffer = answer === null;
    if (answer !== null) this.#useBuffer(answer);
    return answer;
  }

  #useBuffer(answer: CheckAnswer): void {
    answer.begin(this.#options.config.request!, this.#needle);
    this.#answer = answer;
  }

  #onTimeout(): void {
    if (this.#phase === Phase.CONNECT) this.#onConnectFailed(HealthReason.CONNECT_TIMEOUT, this.#limitMs);
    else if (this.#waitsForBuffer) this.#end(Verdict.VOID, HealthReason.ANSWER_TIMEOUT, this.#limitMs);
    else {
      const reason = this.#phase === Phase.TLS ? HealthReason.TLS_TIMEOUT : HealthReason.ANSWER_TIMEOUT;
      this.#end(Verdict.FAILED, reason, this.#limitMs);
    }
  }

  #end(verdict: number, reason: number, detail: number): void {
    this.#close();
    this.#phase = Phase.REST;
    const { owner, prng, spreadPercent } = this.#options;
    owner.onChecked(verdict, reason, detail);
    if (this.#phase !== Phase.REST) return; // stopped by what came of it
    const interMs = owner.interMs();
    const spreadMs = interMs * spreadPercent / 100;
    this.#schedule(interMs + spreadMs - (spreadMs === 0 ? 0 : 2 * spreadMs * prng.nextFloat()));
  }

  #close(): void {
    if (this.#fd !== NO_FD) this.#engine.close(this.#fd);
    this.#fd = NO_FD;
    if (this.#waitsForBuffer) this.#options.buffers.leave(this);
    this.#waitsForBuffer = false;
    const answer = this.#answer;
    this.#answer = null;
    if (answer !== null) this.#options.buffers.give(answer);
  }

  #limit(limitMs: number, sinceMs: number): void {
    this.#limitMs = limitMs;
    this.#schedule(sinceMs + limitMs - this.#engine.nowMs);
  }

  #schedule(delayMs: number): void {
    this.#deadlineMs = this.#engine.nowMs + delayMs;
    this.#engine.scheduler.scheduleAt(this.#task, this.#deadlineMs);
  }
}

/** What hadro itself lacks says nothing about the server. */
function isOwnLack(errno: number): boolean {
  return errno === -Errno.EMFILE || errno === -Errno.ENFILE || errno === -Errno.ENOMEM ||
    errno === -Errno.ENOBUFS;
}
