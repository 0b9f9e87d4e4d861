/**
 * The health of one server as this thread follows it: what changed is done here, in every thread; who changed it tells people.
 *
 *     now                      does
 *     DOWN, EJECTED, MAINT …   no new traffic; idle connections are closed
 *     DOWN                     on-marked-down: its sessions end
 *     UP again                 traffic; with slowstart a part of the weight that grows
 *
 *     ejection   lasts eject × penalty (so many in a row); the first thread whose time is over ends it. A penalty is forgiven for each
 *                `eject` that a server is back without another. Never the last server that can be used.
 *     slowstart  slow_start.ts
 *
 * May import: base, config, event, proxy.
 *
 * @module
 */
import type { HealthConfig, OnError } from "../../config/model_health.ts";
import type { Engine } from "../../event/engine.ts";
import { NEVER_MS } from "../../event/task.ts";
import type { TaskHandler } from "../../event/run_queue.ts";
import type { Backend } from "../backend.ts";
import type { Server } from "../server.ts";
import { Verdict } from "./check_answer.ts";
import type { HealthCells } from "./health_cells.ts";
import { describeNews } from "./health_news.ts";
import { describeReason, HealthReason } from "./health_reason.ts";
import {
  HealthEvent,
  healthOf,
  type HealthRules,
  HealthStatus,
  initialState,
  penaltyOf,
  statusName,
  statusOf,
} from "./health_state.ts";
import type { CheckOwner } from "./check_options.ts";
import type { ServerCheck } from "./server_check.ts";
import { SlowStart } from "./slow_start.ts";
import { TrafficObserver } from "./traffic_observer.ts";

/** A server without checks: up, until something else says otherwise. */
const NO_RULES: HealthRules = { rise: 1, fall: 1 };

const ON_ERROR_EVENTS: Readonly<Record<OnError, number | null>> = {
  "fastinter": null,
  "fail-check": HealthEvent.FAIL,
  "sudden-death": HealthEvent.SUDDEN_DEATH,
  "mark-down": HealthEvent.MARK_DOWN,
};

/** What all servers of an engine share. */
export interface HealthContext {
  readonly engine: Engine;
  readonly cells: HealthCells;
  /** Looks at what other threads changed. */
  readonly refresh: () => void;
  readonly report: (message: string) => void;
  /** The sessions on this server are to end. */
  readonly onMarkedDown: (server: Server, why: string) => void;
}

/** See the module's text. */
export class ServerHealth implements CheckOwner, TaskHandler {
  readonly backend: Backend;
  readonly server: Server;
  /** Its number over all backends. */
  readonly index: number;
  /** null: none. */
  check: ServerCheck | null = null;
  /** Why its checks have no address to connect to, in words. */
  unresolved: () => string;
  readonly #context: HealthContext;
  readonly #config: HealthConfig;
  readonly #rules: HealthRules;
  readonly #task: number;
  #seen: number;
  /** Checks in a row with the same outcome, a {@linkcode HealthEvent}, since the status changed. */
  #inRow = 0;
  #lastEvent = -1;
  #hurryCount: number;
  readonly #slowStart: SlowStart | null;
  #ejectionEndsMs = NEVER_MS;
  #forgivesMs = NEVER_MS;

  constructor(context: HealthContext, backend: Backend, server: Server, index: number) {
    this.backend = backend;
    this.server = server;
    this.index = index;
    this.unresolved = () => server.downReason;
    this.#context = context;
    this.#config = backend.config.health;
    this.#rules = this.#config.check ?? NO_RULES;
    this.#seen = initialState(this.#rules);
    this.#hurryCount = context.cells.hurryCount(index);
    this.#task = context.engine.scheduler.create(this);
    this.#slowStart = this.#config.slowStartMs > 0 ? new SlowStart(server, this.#config.slowStartMs) : null;
    if (this.#config.observe === "off") return;
    server.observer = new TrafficObserver(context.cells, index, {
      isLayer7: this.#config.observe === "l7",
      errorLimit: this.#config.errorLimit,
      onLimit: (lastError, count) => this.#onErrorLimit(lastError, count),
    });
  }

  get status(): number {
    return statusOf(this.#seen, this.#rules);
  }

  /** Why it is as it is, in words. */
  get why(): string {
    const { cells } = this.#context;
    const facts = { expect: this.#config.check?.request?.expect ?? null, unresolved: this.unresolved() };
    const { index } = this;
    return describeReason(cells.reason(index), cells.reasonDetail(index), cells.reasonCount(index), facts);
  }

  /** Follows what any thread changed. */
  follow(): void {
    const { cells } = this.#context;
    const state = cells.state(this.index, this.#rules);
    if (state !== this.#seen) {
      const before = this.#seen;
      this.#seen = state;
      this.#onChange(before, state);
    }
    const hurryCount = cells.hurryCount(this.index);
    if (hurryCount === this.#hurryCount) return;
    this.#hurryCount = hurryCount;
    const fastMs = this.#config.check?.fastInterMs ?? 0;
    if (fastMs > 0) this.check?.hurry(fastMs);
  }

  /** HAProxy's srv_getinter. */
  interMs(): number {
    const { interMs, fastInterMs, downInterMs, rise, fall } = this.#config.check!;
    const health = healthOf(this.#seen);
    if (health === rise + fall - 1) return interMs;
    return (health === 0 ? downInterMs : fastInterMs) || interMs;
  }

  onChecked(verdict: number, reason: number, detail: number): void {
    const { cells } = this.#context;
    this.server.counters.checks++;
    // Another thread took over while this one hung.
    if (verdict === Verdict.VOID || !cells.owns(this.index)) return;
    // Another thread knows already that the slot has another member.
    if (!cells.isOf(this.index, this.server.slotVersion)) return;
    const event = verdict === Verdict.PASSED
      ? HealthEvent.PASS
      : verdict === Verdict.CONDITIONAL && this.status !== HealthStatus.DOWN
      ? HealthEvent.CONDITIONAL
      : HealthEvent.FAIL;
    this.#inRow = event === this.#lastEvent ? this.#inRow + 1 : 1;
    this.#lastEvent = event;
    if (event === HealthEvent.FAIL) this.server.counters.checksFailed++;
    else cells.clearErrors(this.index);
    this.decide(event, event === HealthEvent.PASS ? HealthReason.NONE : reason, detail, this.#inRow);
  }

  /** Lets an event happen, and tells people when it made a difference. */
  decide(event: number, reason: number, detail: number, count: number): void {
    const { cells } = this.#context;
    // A server that is down for a reason keeps it until it is up: a first good check is not why.
    if (reason !== HealthReason.NONE) cells.setReason(this.index, reason, detail, count);
    const before = statusOf(cells.apply(this.index, event, this.#rules), this.#rules);
    this.follow();
    if (before !== this.status) this.#tell(before, count);
  }

  /** Its slot has another member, or none: what was known is of no use. @param grows It comes to others that are at work. */
  onMember(grows: boolean): void {
    const { cells, engine } = this.#context;
    this.check?.stop();
    cells.renew(this.index, this.server.slotVersion);
    this.#lastEvent = -1;
    this.#ejectionEndsMs = this.#forgivesMs = NEVER_MS;
    this.follow();
    if (grows) this.#slowStart?.begin(engine.nowMs);
    else this.#slowStart?.end();
    this.#schedule();
  }

  onTask(): void {
    const { cells, engine } = this.#context;
    if (engine.nowMs >= this.#ejectionEndsMs) {
      this.#ejectionEndsMs = NEVER_MS;
      const before = statusOf(cells.apply(this.index, HealthEvent.RETURN, this.#rules), this.#rules);
      this.follow();
      if (before === HealthStatus.EJECTED) {
        // Whoever ends the ejection forgives as well, so that it is done once.
        this.#forgivesMs = engine.nowMs + this.#config.ejectMs;
        this.#tell(before, 0);
      }
    }
    if (engine.nowMs >= this.#forgivesMs) this.#forgive();
    this.#slowStart?.grow(engine.nowMs);
    this.#schedule();
  }

  shutdown(): void {
    this.check?.shutdown();
    this.#context.engine.scheduler.release(this.#task);
  }

  #onChange(before: number, state: number): void {
    const was = statusOf(before, this.#rules);
    const { engine } = this.#context;
    if (this.status === HealthStatus.EJECTED && penaltyOf(before) < penaltyOf(state)) {
      this.#ejectionEndsMs = engine.nowMs + this.#config.ejectMs * penaltyOf(state);
      this.#forgivesMs = NEVER_MS;
    }
    if (was !== this.status) {
      this.#lastEvent = -1;
      this.#onStatus(was);
    }
    this.#schedule();
  }

  #onStatus(was: number): void {
    const { status, server } = this;
    const { cells, engine } = this.#context;
    const isUp = status === HealthStatus.UP;
    server.setHealth(isUp, isUp ? "" : this.#words(), status <= HealthStatus.DRAIN);
    if (status === HealthStatus.MAINT) this.check?.stop();
    else if (was === HealthStatus.MAINT && !server.isVacant && cells.owns(this.index)) this.check?.start(0);
    if (isUp) {
      if (was > HealthStatus.DRAIN) this.#slowStart?.begin(engine.nowMs);
      return;
    }
    const endsSessions = status === HealthStatus.DOWN && this.#config.onMarkedDown === "shutdown-sessions";
    const why = `the server went DOWN: ${this.why}`;
    // Not from within: it may be a stream of this server that found out, in the middle of its doings.
    engine.post(() => {
      server.idle.clear();
      if (endsSessions) this.#context.onMarkedDown(server, why);
    });
  }

  /** The status with its reason, as the log's `why` has it. */
  #words(): string {
    const why = this.status === HealthStatus.MAINT || this.status === HealthStatus.DRAIN ? "" : this.why;
    return `${statusName(this.status)}${why === "" ? "" : `, ${why}`}`;
  }

  #tell(before: number, count: number): void {
    this.#context.refresh();
    const { backend, server, status } = this;
    if (status === HealthStatus.DOWN) server.counters.marksDown++;
    else if (status === HealthStatus.EJECTED) server.counters.ejections++;
    const news = describeNews({
      before,
      status,
      reason: this.#context.cells.reason(this.index),
      why: this.why,
      checkCount: count,
      ejectionMs: this.#config.ejectMs * penaltyOf(this.#seen),
    });
    const usable = backend.describeUsable(status === HealthStatus.UP ? "up" : "left");
    this.#context.report(`server ${backend.config.name}/${server.config.name} is ${news}; ${usable}`);
  }

  #onErrorLimit(lastError: number, count: number): void {
    const { cells } = this.#context;
    if (this.#config.check === null) {
      this.#eject(lastError, count);
      return;
    }
    cells.hurry(this.index);
    const event = ON_ERROR_EVENTS[this.#config.onError];
    if (event !== null) this.decide(event, HealthReason.ERRORS, lastError, count);
    else this.follow();
  }

  #eject(lastError: number, count: number): void {
    const { cells } = this.#context;
    if (this.status !== HealthStatus.UP || !this.backend.hasOther(this.server)) return;
    cells.setReason(this.index, HealthReason.ERRORS, lastError, count);
    const before = statusOf(cells.apply(this.index, HealthEvent.EJECT, this.#rules), this.#rules);
    this.#context.refresh();
    // Another thread may have ejected the last other one meanwhile: better both than none.
    if (!this.backend.hasOther(this.server)) {
      cells.apply(this.index, HealthEvent.RETURN, this.#rules);
      this.follow();
    } else if (before !== this.status) this.#tell(before, count);
  }

  #forgive(): void {
    const { cells, engine } = this.#context;
    cells.apply(this.index, HealthEvent.FORGIVE, this.#rules);
    this.#seen = cells.state(this.index, this.#rules);
    this.#forgivesMs = penaltyOf(this.#seen) > 0 ? engine.nowMs + this.#config.ejectMs : NEVER_MS;
  }

  #schedule(): void {
    const { scheduler, nowMs } = this.#context.engine;
    const growsMs = this.#slowStart?.nextMs(nowMs) ?? NEVER_MS;
    scheduler.scheduleAt(this.#task, Math.min(this.#ejectionEndsMs, this.#forgivesMs, growsMs));
  }
}
