/**
 * Where a request goes: to a backend, or back with an answer at once.
 *
 *     the listener's table says      and                                            so
 *     (whatever)                     the method is CONNECT or TRACE                 405
 *     nothing                                                                       404
 *     a redirect                     needs a Host that the request has not          400
 *     a redirect, a backend          has an expression, and the path is too long    414
 *     a redirect                                                                    the redirect
 *     a backend                      takes no body as large as is announced         413
 *     a backend                                                                     a server of it is looked for
 *
 * May import: protocol, proxy.
 *
 * @module
 */
import { Method, methodName } from "../protocol/http/method.ts";
import type { Backend } from "./backend.ts";
import { refusesBody } from "./http_admission.ts";
import type { HttpStream } from "./http_stream.ts";
import { EndCause, EndPhase } from "./log_record.ts";
import { PATTERN_PATH_MAX } from "./path_rewrite.ts";
import { NO_CLASS } from "./queue/request_class.ts";
import type { Redirect } from "./redirect.ts";
import type { Server } from "./server.ts";

const WHY_TOO_LONG =
  `the path is too long to be changed (more than ${PATTERN_PATH_MAX} bytes with replace-path)`;

/** Routes the request whose head is in the client's buffer. */
export function routeRequest(stream: HttpStream): void {
  const { front, listener, client } = stream.session;
  const { parsedHead: head, bytes, messageStart: base } = front;
  if (head.methodId === Method.CONNECT || head.methodId === Method.TRACE) {
    listener.counters.refusedMethods++;
    const why = `method ${methodName(head.methodId)} is refused`;
    stream.replyError(405, EndCause.PROXY, EndPhase.REQUEST, why);
    return;
  }
  const target = listener.routes.find(head, bytes, base);
  if (target === null) {
    stream.replyError(404, EndCause.PROXY, EndPhase.REQUEST, "no route of this listener matches the request");
  } else if (target.redirect !== null) redirect(stream, target.redirect);
  else if (target.backend.pathRewrite !== null && isPathTooLong(stream, target.backend)) {
    stream.replyError(414, EndCause.PROXY, EndPhase.REQUEST, WHY_TOO_LONG);
  } else {
    const { backend } = target;
    stream.maxBodyBytes = backend.config.maxBodyBytes ?? listener.config.limits.maxBodyBytes;
    if (stream.maxBodyBytes > 0 && refusesBody(stream)) return;
    const key = backend.keys.ofRequest(head, bytes, base, client);
    const requestClass = backend.requestClass?.of(head, bytes, base) ?? NO_CLASS;
    stream.route(backend, key, findSticky(stream, backend), requestClass);
  }
}

/** The server that the client had before; null when nothing tells of one. */
function findSticky({ stick, record, session, context }: HttpStream, backend: Backend): Server | null {
  if (backend.stick === null) return null;
  const { front: { parsedHead, bytes, messageStart }, client } = session;
  const { wallNowMs } = context.engine;
  return backend.stick.choose(stick, record, parsedHead, bytes, messageStart, client, wallNowMs);
}

function redirect(stream: HttpStream, to: Redirect): void {
  const { front } = stream.session;
  const status = to.refusal(front.parsedHead, front.bytes, front.messageStart);
  if (status === 0) stream.replyRedirect(to);
  else {
    const why = status === 400 ? "a redirect to another scheme needs a Host" : WHY_TOO_LONG;
    stream.replyError(status, EndCause.PROXY, EndPhase.REQUEST, why);
  }
}

function isPathTooLong(stream: HttpStream, backend: Backend): boolean {
  const { front } = stream.session;
  const { pathStart, targetEnd } = front.parsedHead;
  const base = front.messageStart;
  return backend.pathRewrite!.isTooLong(front.bytes, base + pathStart, base + targetEnd);
}
