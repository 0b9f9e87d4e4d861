/**
 * What hadro tells people, on standard error; standard output is the access log's alone.
 *
 * May import: config, event, proxy.
 *
 * @module
 */
import { describeCookies } from "../config/explain_stick.ts";
import { schemeOf } from "../config/explain_tls.ts";
import type { Config } from "../config/model.ts";
import type { SocketAddress } from "../event/poller.ts";
import { formatAddress } from "../proxy/address_text.ts";

/** Whether the access log on this terminal may be coloured. */
export function hasColour(): boolean {
  return Deno.stdout.isTerminal() && !Deno.noColor;
}

/** Tells people. */
export function report(message: string): void {
  writeStderr(`hadro: ${message}\n`);
}

export function reportListeners(config: Config, addresses: readonly SocketAddress[], tell = report): void {
  for (const [index, listener] of config.listeners.entries()) {
    tell(`listening on ${schemeOf(listener)}://${formatAddress(addresses[index])} (${listener.name})`);
  }
  for (const { name, servers } of config.backends) {
    for (const server of servers) {
      if (server.tls === null || server.tls.isVerified) continue;
      tell(
        `WARNING: verify=off: the certificate of server ${name}/${server.name} is NOT verified, whoever answers is believed`,
      );
    }
  }
  for (const text of describeCookies(config)) tell(text);
}

export function reportStopping(openCount: number, drainMs: number, tell = report): void {
  if (openCount > 0) tell(`stopping: ${openCount} connections may end within ${drainMs} ms`);
}

export function reportDropped(lineCount: number, tell = report): void {
  if (lineCount > 0) tell(`access log: ${lineCount} lines were dropped`);
}

export function reportKilled(killedCount: number, tell = report): void {
  if (killedCount > 0) tell(`stopped; ${killedCount} connections did not end in time and were cut`);
}

/** Prints counters with what only the process knows. */
export function printCounters(counters: Record<string, number>): void {
  writeStderr(`${JSON.stringify({ ...counters, rssBytes: Deno.memoryUsage().rss })}\n`);
}

function writeStderr(text: string): void {
  try {
    Deno.stderr.writeSync(new TextEncoder().encode(text));
  } catch {
    // Nobody listens; the proxy goes on.
  }
}
