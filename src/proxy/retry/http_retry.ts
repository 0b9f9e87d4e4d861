/**
 * Whether a request that a server failed is sent again, and how (HAProxy: L7 retries).
 *
 *     it is, when                                                     else
 *     retry-on has what happened                                      the failure is answered as without retries
 *     its method is idempotent, or retry-on has non-idempotent        "
 *     it is kept: request_replay.ts                                   "
 *     nothing of an answer went out (1xx may have)                    "
 *     retries are left (those of connects count), the client is there "
 *     the budget has room: retry_budget.ts                            ", and `why` says so
 *
 * The server's connection is closed, its failure told to those who observe it. Then the request is as it was when its head was
 * complete: another server is looked for, or after a pause any (dispatch.ts). A reused connection that was closed before any byte says nothing
 * about the server: it is connected to at once. Timeouts begin anew with each try; a body that is sent again, and an
 * `Expect: 100-continue` with it, is what the client sent.
 *
 * May import: event, mux, proxy, proxy/health, proxy/retry.
 *
 * @module
 */
import { NEVER_MS } from "../../event/task.ts";
import { FrontPhase } from "../../mux/h1_front.ts";
import { noteNoAnswer } from "../health/traffic_observer.ts";
import type { HttpStream } from "../http_stream.ts";
import { EndPhase } from "../log_record.ts";
import { StreamStep } from "../stream_step.ts";
import type { RetryPolicy } from "./retry_policy.ts";

/** A server is there for the request, whose head is still as it came: copies it if it might have to be sent again. */
export function keepRequest(stream: HttpStream, policy: RetryPolicy): void {
  const { dispatch, session } = stream;
  if (dispatch.retries >= stream.backend!.config.retries || !policy.admitsMethod(stream.methodId)) return;
  stream.replay.keep(session.front);
}

/**
 * A server failed a kept request without an answer: by a {@linkcode RetryEvent}, told to observers as `cause`. Returns whether it is
 * sent again.
 */
export function repeatsAfter(stream: HttpStream, event: number, cause: number): boolean {
  if (stream.hasAnswered || !stream.backend!.retry!.admitsEvent(event) || !mayRepeat(stream)) return false;
  noteNoAnswer(stream.dispatch.server!.observer, cause, EndPhase.HEADERS);
  repeat(stream, false);
  return true;
}

/** As {@linkcode repeatsAfter}, when a reused connection was closed before any byte. */
export function repeatsAfterStaleConnection(stream: HttpStream, event: number): boolean {
  if (!stream.backend!.retry!.admitsEvent(event) || !mayRepeat(stream)) return false;
  repeat(stream, true);
  return true;
}

/** The final head of an answer to a kept request came. Returns whether the request is sent again; else its copy goes. */
export function repeatsAfterStatus(stream: HttpStream, status: number): boolean {
  if (stream.backend!.retry!.admitsStatus(status) && mayRepeat(stream)) {
    repeat(stream, false);
    return true;
  }
  stream.replay.release();
  // The answer goes to the client in order; the line says why there was no other.
  stream.record.why = stream.replay.refusal;
  stream.replay.refusal = "";
  return false;
}

/** Takes from the budget when it says yes. */
function mayRepeat(stream: HttpStream): boolean {
  const { dispatch, replay } = stream;
  const { front } = stream.session;
  const backend = stream.backend!;
  if (dispatch.retries >= backend.config.retries || front.receiveError !== 0 || !replay.fits(front)) {
    return false;
  }
  if (backend.retry!.budget.takeRepeat(stream.context.engine.nowMs)) return true;
  replay.refusal = `not tried again: the retry budget of backend ${backend.config.name} is spent`;
  return false;
}

function repeat(stream: HttpStream, isSameServer: boolean): void {
  const { session, record, context } = stream;
  const { front } = session;
  stream.back!.closeSocket(false);
  stream.back = null;
  context.onServerConnectionClosed();
  stream.replay.putBack(front);
  if (front.phase === FrontPhase.BODY) front.setReceiving(false);
  stream.step = StreamStep.CONNECT;
  stream.isRequestSent = stream.isReused = false;
  record.connectMs = record.responseMs = record.status = -1;
  session.setClientDeadline(NEVER_MS);
  stream.dispatch.tryAgain(isSameServer);
}
