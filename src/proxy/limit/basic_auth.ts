/**
 * HTTP Basic authentication (RFC 7617) against bcrypt hashes: `--auth`.
 *
 *     ask --known-------------> RIGHT, WRONG            the cache remembers
 *         --no credentials----> WRONG
 *         --queue is full-----> BUSY
 *         --unknown-----------> PENDING --checked--> waiter.onAuthResult, or forgotten: `forget`
 *
 * A check is 2^cost rounds of 50 us. They are done a few at a time, once a turn of the engine, at the lowest priority of its run
 * queue: traffic goes on, and nothing waits longer than a slice. One check runs; the others wait in a bounded queue. An unknown
 * user's password is checked as well, against a hash that nothing matches, so that the time does not tell who exists.
 *
 * May import: config, event, protocol, proxy/limit.
 *
 * @module
 */
import type { UserConfig } from "../../config/model_limits.ts";
import { type TaskHandler, WakeReason } from "../../event/run_queue.ts";
import type { Scheduler } from "../../event/task.ts";
import { Bcrypt, type BcryptHash, parseBcryptHash } from "../../protocol/bcrypt/bcrypt.ts";
import { FIELD_STRIDE, FieldPart, type HeadParser } from "../../protocol/h1/head_parser.ts";
import { FieldName } from "../../protocol/http/field_name.ts";
import { CredentialCache, Verdict } from "./credential_cache.ts";

/** Half a millisecond. */
const ROUNDS_PER_SLICE = 10;
const PENDING_MAX = 64;
const NICE = 1_024;
/** Longer ones are wrong: base64 of a user of 64 and a password of 256 bytes, and more. */
const CREDENTIALS_BYTES_MAX = 512;

export const AuthResult = { RIGHT: 0, WRONG: 1, BUSY: 2, PENDING: 3 } as const;

/** Who waits for a check: a stream. */
export interface AuthWaiter {
  onAuthResult(isRight: boolean): void;
}

interface Check {
  readonly waiter: AuthWaiter;
  readonly credentials: Uint8Array;
}

/** What it needs of an engine. */
export interface AuthEngine {
  readonly scheduler: Scheduler;
  readonly nowMs: number;
}

/** See the module's text. */
export class BasicAuth implements TaskHandler {
  readonly #engine: AuthEngine;
  readonly #users: ReadonlyMap<string, BcryptHash>;
  readonly #nobody: BcryptHash;
  readonly #cache: CredentialCache;
  readonly #bcrypt = new Bcrypt();
  readonly #task: number;
  /** The first is being checked. */
  readonly #pending: Check[] = [];
  #isRunning = false;
  #isKnownUser = false;

  constructor(users: readonly UserConfig[], engine: AuthEngine, key: Uint32Array) {
    this.#engine = engine;
    this.#users = new Map(users.map(({ name, hash }) => [name, parseBcryptHash(hash)]));
    this.#nobody = [...this.#users.values()].toSorted((a, b) => b.cost - a.cost)[0]!;
    this.#cache = new CredentialCache(key);
    this.#task = engine.scheduler.create(this, NICE);
  }

  /** Whether a parsed request whose first byte is at `base` has right credentials: a value of {@linkcode AuthResult}. */
  ask(head: HeadParser, bytes: Uint8Array, base: number, waiter: AuthWaiter): number {
    const index = onlyAuthorization(head);
    if (index < 0) return AuthResult.WRONG;
    const start = base + head.fields[index * FIELD_STRIDE + FieldPart.VALUE_START]!;
    const end = base + head.fields[index * FIELD_STRIDE + FieldPart.VALUE_END]!;
    const verdict = this.#cache.find(bytes, start, end, this.#engine.nowMs);
    if (verdict === Verdict.RIGHT) return AuthResult.RIGHT;
    if (verdict === Verdict.WRONG || end - start > CREDENTIALS_BYTES_MAX) return AuthResult.WRONG;
    if (this.#pending.length >= PENDING_MAX) return AuthResult.BUSY;
    const credentials = bytes.slice(start, end);
    if (decode(credentials) === null) return AuthResult.WRONG;
    this.#pending.push({ waiter, credentials });
    this.#engine.scheduler.wake(this.#task, WakeReason.IO);
    return AuthResult.PENDING;
  }

  /** The stream is over: nobody waits for its check any more. */
  forget(waiter: AuthWaiter): void {
    const index = this.#pending.findIndex((check) => check.waiter === waiter);
    if (index < 0) return;
    if (index === 0) this.#isRunning = false;
    this.#pending.splice(index, 1);
  }

  onTask(): void {
    const check = this.#pending[0];
    if (check === undefined) return;
    if (!this.#isRunning) this.#begin(check);
    else if (this.#bcrypt.run(ROUNDS_PER_SLICE)) this.#end(check, this.#bcrypt.isMatch && this.#isKnownUser);
    if (this.#pending.length > 0) this.#engine.scheduler.wake(this.#task, WakeReason.IO);
  }

  /** The same credentials may have been checked since they came: a browser asks for many things at once. */
  #begin(check: Check): void {
    const { credentials } = check;
    const verdict = this.#cache.find(credentials, 0, credentials.length, this.#engine.nowMs);
    if (verdict !== Verdict.UNKNOWN) {
      this.#end(check, verdict === Verdict.RIGHT);
      return;
    }
    const { user, password } = decode(credentials)!;
    const hash = this.#users.get(user);
    this.#isKnownUser = hash !== undefined;
    this.#bcrypt.begin(password, hash ?? this.#nobody);
    this.#isRunning = true;
  }

  #end(check: Check, isRight: boolean): void {
    this.#isRunning = false;
    this.#pending.shift();
    this.#cache.keep(check.credentials, isRight, this.#engine.nowMs);
    check.waiter.onAuthResult(isRight);
  }
}

/** The index of the only Authorization; -1 when there is none, or several: two readers might each believe another one. */
function onlyAuthorization(head: HeadParser): number {
  let found = -1;
  for (let i = 0; i < head.fieldCount; i++) {
    if (head.fields[i * FIELD_STRIDE + FieldPart.NAME_ID] !== FieldName.AUTHORIZATION) continue;
    if (found >= 0) return -1;
    found = i;
  }
  return found;
}

/** What `Basic …` says; null when it is malformed. A password with a zero is none: it would end there. */
function decode(credentials: Uint8Array): { user: string; password: Uint8Array } | null {
  const match = /^basic +([A-Za-z0-9+/]+={0,2})$/i.exec(new TextDecoder("latin1").decode(credentials));
  if (match === null || match[1]!.length % 4 !== 0) return null;
  const text = atob(match[1]!);
  const colon = text.indexOf(":");
  if (colon < 0 || text.includes("\0")) return null;
  const password = Uint8Array.from(text.slice(colon + 1), (char) => char.charCodeAt(0));
  return { user: text.slice(0, colon), password };
}
