/**
 * What the proxy asks about names and is told: by a resolver in the same thread, or by the main isolate's through messages.
 *
 * All of it is plain data that threads can send each other.
 *
 * May import: base, config, event.
 *
 * @module
 */
import { isIpLiteral } from "../base/ip_address.ts";
import type { Endpoint } from "../config/model.ts";
import type { AddressFamily, TemplateConfig } from "../config/model_names.ts";
import type { SocketAddress } from "../event/poller.ts";

/** A name with what is made of it: the addresses of one server, or the slots of a template. */
export type NameQuestion =
  | { readonly kind: "server"; readonly endpoint: Endpoint; readonly prefer: AddressFamily }
  | { readonly kind: "slots"; readonly backend: string; readonly template: TemplateConfig };

/** One slot as it is now. */
export interface SlotState {
  /** Changes when the slot has another member, or none any more. */
  readonly version: number;
  /** What it is known by, as `10.0.0.1:8080` or `web-1.app:8080`; "" when it is vacant. */
  readonly member: string;
  /** Empty when it is vacant. */
  readonly addresses: readonly SocketAddress[];
  /** 1 to 256 of an SRV record; 0: as configured. */
  readonly weight: number;
  /** 0: an ordinary server, unless configured otherwise; else a backup, those with the least first. */
  readonly backupRank: number;
}

/** What is known now. */
export interface NameUpdate {
  /** Of a server; empty for slots. */
  readonly addresses: readonly SocketAddress[];
  /** Of a template; empty for a server. */
  readonly slots: readonly SlotState[];
  /** Why there are no addresses, or slots are vacant, in words. */
  readonly reason: string;
}

export type NameCallback = (update: NameUpdate) => void;

/** See the module's text. */
export interface NameSource {
  /** Tells what is known, at once if anything is, then whenever it changes. */
  watch(question: NameQuestion, callback: NameCallback): void;
  /** Ends every watch; no callback comes any more. */
  close(): void;
  /** Of the lookups made here; empty where they are made elsewhere. */
  counters(): Record<string, number>;
}

/** The same text for the same question. */
export function questionKey(question: NameQuestion): string {
  if (question.kind === "slots") return `${question.backend}/${question.template.prefix}`;
  const { host, port } = question.endpoint;
  return `${host} ${port} ${question.prefer}`;
}

/** What needs no lookup: IP literals, unix paths, localhost. Null for a name. */
export function fixedUpdate(question: NameQuestion): NameUpdate | null {
  if (question.kind === "slots") return null;
  const { kind, host, port, path } = question.endpoint;
  if (kind === "unix") return updateOf([{ kind: "unix", path }]);
  if (host === "" || host.toLowerCase() === "localhost") {
    return updateOf([{ kind: "tcp", host: "127.0.0.1", port }, { kind: "tcp", host: "::1", port }]);
  }
  return isIpLiteral(host) ? updateOf([{ kind: "tcp", host, port }]) : null;
}

/** Of a server. */
export function updateOf(addresses: readonly SocketAddress[], reason = ""): NameUpdate {
  return { addresses, slots: [], reason };
}
