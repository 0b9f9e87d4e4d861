/**
 * What a stream comes to when a time is up.
 *
 *     whose      while                                     so
 *     client's   its head comes in                         408, cR; 503 when it was hadro that had no buffer for it
 *     client's   its body comes in, or the answer goes out 408, or the end of both connections; slower than min-rate as well
 *     server's   it is connected to                        another try, another server, or 503 (dispatch.ts)
 *     server's   an answer is awaited                      another try where retry-on says so (retry/http_retry.ts)
 *     server's   an answer is awaited, or comes            504, or the end of both connections
 *     server's   the connection is a tunnel                the end of both
 *     either's   the other ended its side of a tunnel      the end of both: client-fin, server-fin
 *
 * May import: event, proxy.
 *
 * @module
 */
import { NEVER_MS } from "../event/task.ts";
import type { HttpStream } from "./http_stream.ts";
import { EndCause, EndPhase } from "./log_record.ts";
import { repeatsAfter } from "./retry/http_retry.ts";
import { RetryEvent } from "./retry/retry_policy.ts";
import { StreamStep } from "./stream_step.ts";

/**
 * Bytes of a tunnel moved, or one of its ways ended. Once we have ended our side towards somebody it is he who is waited for, with his
 * -fin timeout where that is shorter (HAProxy: half-closed).
 */
export function refreshTunnelDeadlines(stream: HttpStream): void {
  const { session } = stream;
  const { tunnelMs, serverFinMs } = stream.backend!.config.timeouts;
  const { clientFinMs } = session.listener.config.timeouts;
  const { nowMs } = stream.context.engine;
  const awaitsClient = session.front.isSendEnded;
  const serverMs = stream.back!.isSendEnded ? Math.min(tunnelMs, serverFinMs) : tunnelMs;
  session.setClientDeadline(awaitsClient ? nowMs + Math.min(tunnelMs, clientFinMs) : NEVER_MS);
  session.setServerDeadline(awaitsClient ? NEVER_MS : nowMs + serverMs);
}

/** The client's time is up. */
export function endByClientTimeout(stream: HttpStream): void {
  const { listener } = stream.session;
  if (stream.step === StreamStep.TUNNEL) {
    const why = "the client was half-closed and inactive for too long";
    stream.abort(EndCause.CLIENT_TIMEOUT, EndPhase.DATA, why, false);
    return;
  }
  const { timeouts } = listener.config;
  if (stream.step === StreamStep.REQUEST && stream.session.front.lacksBuffer) {
    // It was hadro that could not receive, not the client that was slow.
    const why = `no buffer was free for the request within ${timeouts.requestMs} ms; see --max-mem`;
    stream.replyError(503, EndCause.RESOURCE, EndPhase.REQUEST, why);
    return;
  }
  if (stream.step === StreamStep.REQUEST) {
    const why = `the request head was not complete within ${timeouts.requestMs} ms`;
    stream.replyError(408, EndCause.CLIENT_TIMEOUT, EndPhase.REQUEST, why);
    return;
  }
  const isLate = stream.pace.isLate(stream.context.engine.nowMs);
  if (isLate) listener.counters.deniedRequests++;
  const why = isLate
    ? "the client is slower than min-rate"
    : `the client was inactive for ${timeouts.clientMs} ms`;
  if (stream.hasAnswered) stream.abort(EndCause.CLIENT_TIMEOUT, EndPhase.DATA, why, false);
  else stream.replyError(408, EndCause.CLIENT_TIMEOUT, stream.phase, why);
}

/** The server's time is up. */
export function endByServerTimeout(stream: HttpStream): void {
  if (stream.step === StreamStep.CONNECT) {
    stream.dispatch.onDeadline();
    return;
  }
  const { timeouts } = stream.backend!.config;
  if (stream.step === StreamStep.TUNNEL) {
    const why = stream.back!.isSendEnded
      ? "the server was half-closed and inactive for too long"
      : "the tunnel was idle for too long";
    stream.abort(EndCause.SERVER_TIMEOUT, EndPhase.DATA, why, false);
    return;
  }
  if (stream.replay.isKept && repeatsAfter(stream, RetryEvent.RESPONSE_TIMEOUT, EndCause.SERVER_TIMEOUT)) {
    return;
  }
  const why = `the server was inactive for ${timeouts.serverMs} ms`;
  stream.failExchange(504, EndCause.SERVER_TIMEOUT, stream.phase, why);
}
