/**
 * Whether a request may come in: the listener's guard, its password, the size of its body. What is refused is answered here.
 *
 * May import: proxy, protocol.
 *
 * @module
 */
import { FieldName } from "../protocol/http/field_name.ts";
import type { HttpStream } from "./http_stream.ts";
import { AuthResult, type BasicAuth } from "./limit/basic_auth.ts";
import { EndCause, EndPhase } from "./log_record.ts";
import { StreamStep } from "./stream_step.ts";

/** Whether a request whose head is complete may go on now; if not, it was answered or waits for the check of its password. */
export function admitsRequest(stream: HttpStream): boolean {
  const { front, listener, client } = stream.session;
  const guard = listener.requestGuard;
  if (
    guard !== null &&
    !guard.admits(client, front.parsedHead, front.bytes, front.messageStart, stream.headDoneMs)
  ) {
    listener.counters.deniedRequests++;
    stream.replyError(guard.status, EndCause.PROXY, EndPhase.REQUEST, guard.why, guard.waitMs);
    return false;
  }
  return listener.basicAuth === null || hasRightPassword(stream, listener.basicAuth);
}

/** The password is checked; returns whether the request may go on. */
export function acceptAuthResult(stream: HttpStream, isRight: boolean): boolean {
  stream.pendingAuth = null;
  return isRight || refuseCredentials(stream);
}

/**
 * Answers 413 to a body that is too large, or ends an exchange that is being answered already; returns whether it is. A length that
 * was said is looked at before a server is; of chunks, what has come.
 */
export function refusesBody(stream: HttpStream): boolean {
  const { front, listener } = stream.session;
  const isLengthKnown = stream.step === StreamStep.REQUEST && front.parsedHead.contentLength >= 0;
  const sizeBytes = isLengthKnown ? front.parsedHead.contentLength : front.chunkedBytes;
  if (sizeBytes <= stream.maxBodyBytes) return false;
  listener.counters.deniedRequests++;
  const size = isLengthKnown ? `${sizeBytes} bytes` : "in chunks";
  const why = `the request body (${size}) is larger than max-body ${stream.maxBodyBytes}`;
  stream.failExchange(413, EndCause.PROXY, EndPhase.REQUEST, why);
  return true;
}

function hasRightPassword(stream: HttpStream, auth: BasicAuth): boolean {
  const { front, listener } = stream.session;
  const result = auth.ask(front.parsedHead, front.bytes, front.messageStart, stream);
  if (result === AuthResult.PENDING) stream.pendingAuth = auth;
  else if (result === AuthResult.WRONG) refuseCredentials(stream);
  else if (result === AuthResult.BUSY) {
    listener.counters.deniedRequests++;
    const why = "too many passwords wait to be checked";
    stream.replyError(503, EndCause.PROXY, EndPhase.REQUEST, why);
  }
  return result === AuthResult.RIGHT;
}

/** It does not say which of them is wrong, nor who tried: people write passwords where the user belongs. */
function refuseCredentials(stream: HttpStream): false {
  const { front, listener } = stream.session;
  const hasAny = front.parsedHead.fieldIndexOf(FieldName.AUTHORIZATION) >= 0;
  listener.counters.deniedRequests++;
  const why = hasAny ? "the user or the password is wrong" : "the request has no credentials";
  stream.replyError(401, EndCause.PROXY, EndPhase.REQUEST, why);
  return false;
}
