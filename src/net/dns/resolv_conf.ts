/**
 * The name servers of /etc/resolv.conf, for SRV records, which the system's resolver does not look up.
 *
 * May import: base, config.
 *
 * @module
 */
import { isIpLiteral } from "../../base/ip_address.ts";
import type { NameServerConfig } from "../../config/model_names.ts";

const PATH = "/etc/resolv.conf";
const DNS_PORT = 53;
/** As the C library. */
const SERVERS_MAX = 3;

/** Reads them now, as they change with the network; none when there is no such file. */
export function readResolvConf(read: (path: string) => string = Deno.readTextFileSync): NameServerConfig[] {
  let text: string;
  try {
    text = read(PATH);
  } catch {
    return []; // told by whoever asks nobody
  }
  return [...text.matchAll(/^nameserver[ \t]+(\S+)/gm)].map(([, host]) => host!).filter(isIpLiteral)
    .slice(0, SERVERS_MAX).map((host) => ({ host, port: DNS_PORT }));
}
