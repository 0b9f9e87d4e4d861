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
 *
 * May import: proxy.
 *
 * @module
 */
import type { HttpStream } from "./http_stream.ts";
import { EndCause, EndPhase } from "./log_record.ts";
import { repeatsAfter } from "./retry/http_retry.ts";
import { RetryEvent } from "./retry/retry_policy.ts";
import { StreamStep } from "./stream_step.ts";

/** The client's time is up. */
export function endByClientTimeout(stream: HttpStream): void {
  const { listener } = stream.session;
  const { timeouts } = listener.config;
  if (stream.step === StreamStep.REQUEST && stream.lacksBuffer) {
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
    stream.abort(EndCause.SERVER_TIMEOUT, EndPhase.DATA, "the tunnel was idle for too long", false);
    return;
  }
  if (stream.replay.isKept && repeatsAfter(stream, RetryEvent.RESPONSE_TIMEOUT, EndCause.SERVER_TIMEOUT)) {
    return;
  }
  const why = `the server was inactive for ${timeouts.serverMs} ms`;
  stream.failExchange(504, EndCause.SERVER_TIMEOUT, stream.phase, why);
}
