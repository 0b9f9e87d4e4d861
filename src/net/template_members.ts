/**
 * Who wants a slot of a template: the addresses of a name, or its SRV records whose targets have addresses. Pure.
 *
 *     addresses    those of the preferred family; those of the other only when there is none
 *     SRV          target, port      one member, with all addresses of the target, to be tried in turn
 *                  weight            as it is up to 256; where one is greater all are scaled, and none becomes 0 (RFC 2782 gives 0 a
 *                                    little traffic, and many write it for all)
 *                  priority          the least is that of ordinary servers; others are backups, the lesser priority first
 *
 * May import: config, net.
 *
 * @module
 */
import { formatEndpoint } from "../config/item_parser.ts";
import type { AddressFamily, TemplateConfig } from "../config/model_names.ts";
import type { ServiceRecord } from "./dns/message_reader.ts";
import type { SlotState } from "./name_source.ts";

/** What a slot is to have. */
export type Member = Omit<SlotState, "version">;

const WEIGHT_MAX = 256;

/** Members of a name, in the order of their texts. @param hosts The preferred family first. */
export function addressMembers({ port, prefer }: TemplateConfig, hosts: readonly string[]): Member[] {
  return preferred(hosts, prefer).map((host) => ({
    member: memberText(host, port),
    addresses: [{ kind: "tcp", host, port }],
    weight: 0,
    backupRank: 0,
  }));
}

/** Members of SRV records, in the order of their priorities. @param addressesOf Of a target, the preferred family first. */
export function serviceMembers(
  services: readonly ServiceRecord[],
  addressesOf: (target: string) => readonly string[],
): Member[] {
  const priorities = [...new Set(services.map(({ priority }) => priority))].sort((a, b) => a - b);
  const heaviest = services.reduce((most, { weight }) => Math.max(most, weight), 0);
  const members = services.map(({ target, port, weight, priority }): Member => ({
    member: memberText(target, port),
    addresses: addressesOf(target).map((host) => ({ kind: "tcp", host, port })),
    weight: Math.max(1, heaviest > WEIGHT_MAX ? Math.round((weight * WEIGHT_MAX) / heaviest) : weight),
    backupRank: priorities.indexOf(priority),
  }));
  return members.filter(({ addresses }) => addresses.length > 0).sort((a, b) =>
    a.backupRank - b.backupRank || (a.member < b.member ? -1 : 1)
  );
}

/** By what an SRV record is known: one that has only another weight or priority is the same. */
export function memberText(host: string, port: number): string {
  return formatEndpoint({ kind: "tcp", host, port, path: "" });
}

function preferred(hosts: readonly string[], prefer: AddressFamily): readonly string[] {
  const own = hosts.filter((host) => host.includes(":") === (prefer === "ipv6"));
  return own.length > 0 ? own : hosts;
}
