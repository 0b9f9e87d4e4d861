/**
 * What becomes of an HTTP stream whose client or server breaks the protocol or goes away:
 *
 *     fault                                  no answer begun                  answer begun
 *     request head or body malformed         400, 405, 431, 501, 505; PR, PD  both connections closed, PD
 *     response head or body malformed        502; PH                          both connections closed, PD
 *     server closed before a whole head      502; SH                          http_response.ts decides: SD or a regular end
 *     reused server connection closed        closed without answer, SH: the client's to retry
 *     (either, or a bad head)                before that, another try where retry-on says so: retry/http_retry.ts
 *     client closed                          400, CR before the head          C and the phase
 *
 * May import: mux, protocol, proxy.
 *
 * @module
 */
import { FrontPhase } from "../mux/h1_front.ts";
import { describeParseError, parseErrorStatus } from "../protocol/h1/parse_error.ts";
import { pumpResponse } from "./http_response.ts";
import type { HttpStream } from "./http_stream.ts";
import { EndCause, EndPhase } from "./log_record.ts";
import { repeatsAfter, repeatsAfterStaleConnection } from "./retry/http_retry.ts";
import { RetryEvent } from "./retry/retry_policy.ts";
import { StreamStep } from "./stream_step.ts";

/** The client's head is malformed, or (`parseError` 0) larger than allowed. */
export function endByBadRequest(stream: HttpStream, parseError: number): void {
  if (parseError === 0) {
    const limitBytes = stream.session.front.headLimitBytes;
    const why = `the request head is larger than ${limitBytes} bytes (--max-header-size)`;
    stream.replyError(431, EndCause.PROXY, EndPhase.REQUEST, why);
    return;
  }
  const why = `bad request: ${describeParseError(parseError)}`;
  stream.replyError(parseErrorStatus(parseError), EndCause.PROXY, EndPhase.REQUEST, why);
}

export function endByBadRequestBody(stream: HttpStream, parseError: number): void {
  const why = `bad request body: ${describeParseError(parseError)}`;
  stream.failExchange(400, EndCause.PROXY, EndPhase.DATA, why);
}

/** The server's head is malformed, or (`parseError` 0) larger than a buffer. */
export function endByBadResponse(stream: HttpStream, parseError: number): void {
  stream.dispatch.server!.counters.responseErrors++;
  const why = parseError === 0
    ? "the response head is larger than hadro's buffer"
    : `bad response: ${describeParseError(parseError)}`;
  if (stream.replay.isKept && repeatsAfter(stream, RetryEvent.JUNK_RESPONSE, EndCause.PROXY)) return;
  stream.failExchange(502, EndCause.PROXY, EndPhase.HEADERS, why);
}

export function endByBadResponseBody(stream: HttpStream, parseError: number): void {
  stream.dispatch.server!.counters.responseErrors++;
  const why = `bad response body: ${describeParseError(parseError)}`;
  stream.failExchange(502, EndCause.PROXY, EndPhase.DATA, why);
}

/** The server ended its side, or failed. In the data that may be the body's regular end. */
export function endByServerClose(stream: HttpStream): void {
  const back = stream.back!;
  if (stream.step === StreamStep.DATA || stream.isInterim) {
    pumpResponse(stream);
    return;
  }
  if (stream.isReused && back.receivedBytes === 0) {
    if (stream.replay.isKept && repeatsAfterStaleConnection(stream, RetryEvent.EMPTY_RESPONSE)) return;
    // Whether to ask again is the client's to decide, not ours.
    const why = "the server closed a reused connection before it answered; the client may retry";
    stream.abort(EndCause.SERVER, EndPhase.HEADERS, stream.replay.explain(why), false);
    return;
  }
  const event = back.receivedBytes === 0 ? RetryEvent.EMPTY_RESPONSE : RetryEvent.JUNK_RESPONSE;
  if (stream.replay.isKept && repeatsAfter(stream, event, EndCause.SERVER)) return;
  const verb = back.receiveError === 0 ? "closed" : "reset";
  const why = `the server ${verb} before a complete response head`;
  stream.failExchange(502, EndCause.SERVER, EndPhase.HEADERS, why);
}

/** The client ended its side, or failed. A whole request is still answered after a mere end. */
export function endByClientClose(stream: HttpStream): void {
  const { front } = stream.session;
  if (front.receiveError === 0 && front.phase === FrontPhase.DONE) {
    const hasPipelined = front.waitingBytes > front.forwardableBytes;
    stream.clientPersists &&= hasPipelined;
    return;
  }
  if (stream.step === StreamStep.REQUEST) {
    const why = "the client closed before its request was complete";
    stream.replyError(400, EndCause.CLIENT, EndPhase.REQUEST, why);
    return;
  }
  const why = front.receiveError === 0
    ? "the client closed in the middle of its request"
    : "the client reset the connection";
  stream.abort(EndCause.CLIENT, stream.phase, why, false);
}
