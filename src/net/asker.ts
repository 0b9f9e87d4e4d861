/**
 * Who is asked about names: name servers where some are configured, else the system's resolver, which knows /etc/hosts and search
 * domains but no SRV records: for these the name servers of /etc/resolv.conf are asked, whole names only.
 *
 * May import: config, net.
 *
 * @module
 */
import { lookup } from "node:dns/promises";
import type { ResolveConfig } from "../config/model_names.ts";
import { askNameServers } from "./dns/dns_client.ts";
import { RecordType } from "./dns/message_writer.ts";
import { readResolvConf } from "./dns/resolv_conf.ts";
import { addressAnswer, answerOf, type Asker, failedAnswer, type NameAnswer } from "./name_answer.ts";

/** See the module's text. */
export function newAsker({ nameServers, retries, timeoutMs }: ResolveConfig): Asker {
  return (name, type, done) => {
    if (type === "ANY") {
      askSystem(name).then(done);
      return;
    }
    const asked = nameServers.length > 0 ? nameServers : readResolvConf();
    askNameServers(name, RecordType[type], { nameServers: asked, retries, timeoutMs })
      .then((result) => done(answerOf(result, type)));
  };
}

/** EAI_AGAIN: nobody could be asked, or SERVFAIL; EAI_FAIL: garbage; else there is no such name. */
async function askSystem(name: string): Promise<NameAnswer> {
  try {
    const found = await lookup(name, { all: true, verbatim: true });
    return addressAnswer(found.map((entry) => entry.address));
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    if (/EAI_AGAIN|temporary failure/i.test(message)) return failedAnswer("timeout", message);
    return failedAnswer(/EAI_FAIL|non-recoverable/i.test(message) ? "other" : "nx", message);
  }
}
