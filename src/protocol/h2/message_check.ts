/**
 * What the fields of a whole HTTP/2 message must keep (RFC 9113 sections 8.1 and 8.3, RFC 8441), and the facts that forwarding needs.
 *
 *     list           pseudo-header fields, each once, before every other field
 *     request        :method :scheme :path, and :authority or Host
 *     CONNECT        :method :authority
 *     CONNECT with   :method :protocol :scheme :authority :path; only where it was announced (RFC 8441)
 *     response       :status
 *     trailers       none
 *
 * Beyond the RFC, for the reader behind who gets the message as HTTP/1: the method is a token, the path is "/" or "*" and what may follow
 * in a request line, the authority is a host and a port without userinfo, Host and :authority name the same place, Content-Length comes
 * once, and trailers have no field that frames, routes or authorises.
 *
 * May import: protocol/http, protocol/hpack.
 *
 * @module
 */

import { type FieldList, LIST_STRIDE, ListPart } from "../hpack/field_list.ts";
import { FieldFact, FieldName, fieldNameFacts } from "../http/field_name.ts";
import { classifyMethod, Method } from "../http/method.ts";
import { asciiBytes } from "../http/octet.ts";
import { PseudoName } from "../http/pseudo_name.ts";
import { isInterimStatus } from "../http/status.ts";
import { authoritiesAgree, isAuthority } from "../http/uri.ts";
import { Fault } from "./fault.ts";
import { fieldFault } from "./field_rules.ts";
import { isName, isPath, isScheme, isToken, isValue, parseLength, parseStatus } from "./field_values.ts";

const HTTPS = asciiBytes("https");
const PRIORITY = asciiBytes("priority");
const PSEUDO_COUNT = PseudoName.STATUS + 1 - PseudoName.OTHER;

/** Checks lists one after another; has the facts of the last one, which are valid only when there was no fault. */
export class MessageCheck {
  /** A value of `Method`. */
  methodId: number = Method.OTHER;
  /** 100 to 599; 0 for a request. */
  status = 0;
  /** The value of content-length, 0 to 2^53-1; -1 when absent. */
  contentLength = -1;
  /** CONNECT without :protocol: the stream is a tunnel to an authority. */
  isConnect = false;
  /** CONNECT with :protocol: the stream becomes a WebSocket, or what :protocol says. */
  isExtendedConnect = false;
  isHttps = false;
  /** `te: trailers` was there. */
  hasTe = false;
  cookieCount = 0;
  /** Row of the field that names the authority, :authority or else host; -1 when none does. */
  authorityRow = -1;
  /** Row of the last priority field, -1 when there is none. */
  priorityRow = -1;

  #rows = new Int32Array(PSEUDO_COUNT);
  #hostRow = -1;

  /** Returns the row of a pseudo-header field (see `PseudoName`), -1 when it is absent. */
  row(pseudoId: number): number {
    return this.#rows[pseudoId - PseudoName.OTHER];
  }

  /**
   * Checks a request. `isEnd`: END_STREAM came with it. `allowsProtocol`: SETTINGS_ENABLE_CONNECT_PROTOCOL was announced. Returns a
   * `Fault`, 0 for none.
   */
  checkRequest(list: FieldList, isEnd: boolean, allowsProtocol: boolean): number {
    const fault = this.#scan(list, false);
    if (fault !== Fault.NONE) return fault;
    if (this.row(PseudoName.STATUS) >= 0) return Fault.MISPLACED_PSEUDO;
    const methodRow = this.row(PseudoName.METHOD);
    if (methodRow < 0) return Fault.MISSING_PSEUDO;
    if (!isToken(list, methodRow)) return Fault.BAD_METHOD;
    const methodStart = list.fields[methodRow + ListPart.VALUE_START];
    const methodEnd = methodStart + list.fields[methodRow + ListPart.VALUE_LENGTH];
    this.methodId = classifyMethod(list.bytes, methodStart, methodEnd);
    const formFault = this.methodId === Method.CONNECT
      ? this.#connectFault(list, allowsProtocol)
      : this.#targetFault(list);
    if (formFault !== Fault.NONE) return formFault;
    const authorityFault = this.#authorityFault(list);
    if (authorityFault !== Fault.NONE) return authorityFault;
    return isEnd && this.contentLength > 0 ? Fault.LENGTH_MISMATCH : Fault.NONE;
  }

  /** Checks a response to a request with method `requestMethodId`; like `checkRequest`. An interim one is `status` below 200. */
  checkResponse(list: FieldList, isEnd: boolean, requestMethodId: number): number {
    const fault = this.#scan(list, false);
    if (fault !== Fault.NONE) return fault;
    for (let id: number = PseudoName.METHOD; id < PseudoName.STATUS; id++) {
      if (this.row(id) >= 0) return Fault.MISPLACED_PSEUDO;
    }
    const row = this.row(PseudoName.STATUS);
    if (row < 0) return Fault.MISSING_PSEUDO;
    this.status = parseStatus(list, row);
    if (this.status === 0) return Fault.BAD_STATUS;
    if (this.status === 101) return Fault.SWITCHING_PROTOCOLS;
    const isInterim = isInterimStatus(this.status);
    if (isInterim && isEnd) return Fault.INTERIM_WITH_END;
    if ((isInterim || this.status === 204) && this.contentLength > 0) return Fault.LENGTH_MISMATCH;
    const mayDiffer = requestMethodId === Method.HEAD || this.status === 304;
    return isEnd && this.contentLength > 0 && !mayDiffer ? Fault.LENGTH_MISMATCH : Fault.NONE;
  }

  /** Checks the trailers of either. `isEnd`: END_STREAM came with them, as it must. */
  checkTrailers(list: FieldList, isEnd: boolean): number {
    if (!isEnd) return Fault.TRAILERS_WITHOUT_END;
    return this.#scan(list, true);
  }

  /** Checks each field by itself, and notes where those lie that belong together. */
  #scan(list: FieldList, isTrailers: boolean): number {
    this.#clear();
    const end = list.count * LIST_STRIDE;
    let isPseudoOver = isTrailers;
    for (let row = 0; row < end; row += LIST_STRIDE) {
      let fault = fieldFault(list, row);
      if (fault !== Fault.NONE) return fault;
      const nameId = list.fields[row + ListPart.NAME_ID];
      if (nameId >= PseudoName.OTHER) {
        if (isPseudoOver) return isTrailers ? Fault.MISPLACED_PSEUDO : Fault.LATE_PSEUDO;
        fault = this.#notePseudo(list, row, nameId);
      } else {
        isPseudoOver = true;
        if (isTrailers) {
          const isForbidden = (fieldNameFacts(nameId) & FieldFact.NO_TRAILER) !== 0;
          fault = isForbidden ? Fault.FORBIDDEN_TRAILER : Fault.NONE;
        } else fault = this.#noteField(list, row, nameId);
      }
      if (fault !== Fault.NONE) return fault;
    }
    return Fault.NONE;
  }

  #clear(): void {
    this.#rows.fill(-1);
    this.methodId = Method.OTHER;
    this.status = this.cookieCount = 0;
    this.contentLength =
      this.#hostRow =
      this.authorityRow =
      this.priorityRow =
        -1;
    this.isConnect =
      this.isExtendedConnect =
      this.isHttps =
      this.hasTe =
        false;
  }

  #notePseudo(list: FieldList, row: number, nameId: number): number {
    if (nameId === PseudoName.OTHER) return Fault.UNKNOWN_PSEUDO;
    if (this.row(nameId) >= 0) return Fault.REPEATED_PSEUDO;
    if (list.fields[row + ListPart.VALUE_LENGTH] === 0) return Fault.EMPTY_PSEUDO;
    this.#rows[nameId - PseudoName.OTHER] = row;
    return Fault.NONE;
  }

  #noteField(list: FieldList, row: number, nameId: number): number {
    switch (nameId) {
      case FieldName.HOST:
        if (this.#hostRow >= 0) return Fault.REPEATED_HOST;
        this.#hostRow = row;
        return Fault.NONE;
      case FieldName.CONTENT_LENGTH:
        if (this.contentLength >= 0) return Fault.REPEATED_CONTENT_LENGTH;
        this.contentLength = parseLength(list, row);
        return this.contentLength < 0 ? Fault.BAD_CONTENT_LENGTH : Fault.NONE;
      case FieldName.COOKIE:
        this.cookieCount++;
        return Fault.NONE;
      case FieldName.TE:
        this.hasTe = true;
        return Fault.NONE;
      case FieldName.OTHER:
        if (isName(list, row, PRIORITY)) this.priorityRow = row;
        return Fault.NONE;
      default:
        return Fault.NONE;
    }
  }

  #targetFault(list: FieldList): number {
    if (this.row(PseudoName.PROTOCOL) >= 0) return Fault.MISPLACED_PSEUDO;
    return this.#schemeAndPathFault(list);
  }

  #connectFault(list: FieldList, allowsProtocol: boolean): number {
    if (this.row(PseudoName.AUTHORITY) < 0) return Fault.MISSING_AUTHORITY;
    // What follows a CONNECT is a tunnel's bytes: they have no length.
    if (this.contentLength >= 0) return Fault.BAD_CONNECT;
    const protocolRow = this.row(PseudoName.PROTOCOL);
    if (protocolRow < 0) {
      this.isConnect = true;
      const hasTarget = this.row(PseudoName.SCHEME) >= 0 || this.row(PseudoName.PATH) >= 0;
      return hasTarget ? Fault.BAD_CONNECT : Fault.NONE;
    }
    if (!allowsProtocol) return Fault.CONNECT_NOT_ENABLED;
    if (!isToken(list, protocolRow)) return Fault.BAD_CONNECT;
    this.isExtendedConnect = true;
    return this.#schemeAndPathFault(list);
  }

  #schemeAndPathFault(list: FieldList): number {
    const schemeRow = this.row(PseudoName.SCHEME);
    const pathRow = this.row(PseudoName.PATH);
    if (schemeRow < 0 || pathRow < 0) return Fault.MISSING_PSEUDO;
    if (!isScheme(list, schemeRow)) return Fault.BAD_SCHEME;
    this.isHttps = isValue(list, schemeRow, HTTPS);
    return isPath(list, pathRow, this.methodId === Method.OPTIONS) ? Fault.NONE : Fault.BAD_PATH;
  }

  #authorityFault(list: FieldList): number {
    const pseudoRow = this.row(PseudoName.AUTHORITY);
    this.authorityRow = pseudoRow >= 0 ? pseudoRow : this.#hostRow;
    if (this.authorityRow < 0) return Fault.MISSING_AUTHORITY;
    const start = list.fields[this.authorityRow + ListPart.VALUE_START];
    const end = start + list.fields[this.authorityRow + ListPart.VALUE_LENGTH];
    if (!isAuthority(list.bytes, start, end)) return Fault.BAD_AUTHORITY;
    if (pseudoRow < 0 || this.#hostRow < 0) return Fault.NONE;
    const hostStart = list.fields[this.#hostRow + ListPart.VALUE_START];
    const hostEnd = hostStart + list.fields[this.#hostRow + ListPart.VALUE_LENGTH];
    const port = this.isHttps ? 443 : 80;
    const agrees = authoritiesAgree(list.bytes, start, end, hostStart, hostEnd, port) &&
      isAuthority(list.bytes, hostStart, hostEnd);
    return agrees ? Fault.NONE : Fault.HOST_MISMATCH;
  }
}

/** Returns the `Fault` of a body whose sender announced `contentLength` (-1: nothing) and has sent `receivedBytes`, ended or not. */
export function bodyFault(contentLength: number, receivedBytes: number, isEnded: boolean): number {
  if (contentLength < 0) return Fault.NONE;
  const isWrong = receivedBytes > contentLength || (isEnded && receivedBytes < contentLength);
  return isWrong ? Fault.LENGTH_MISMATCH : Fault.NONE;
}
