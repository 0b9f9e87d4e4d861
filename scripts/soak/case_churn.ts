/**
 * Clients that connect, send what they like, and go when they like: hadro stays, and holds nothing at the end.
 *
 * Each of 40 clients at once does what a generator with its own seed says; see churn_client.ts. Beside them a trickle of valid requests
 * is answered throughout.
 *
 * @module
 */
import { Backend } from "./backend.ts";
import { ChurnClient } from "./churn_client.ts";
import { Hadro } from "./hadro.ts";
import { type Findings, type SoakCase, type SoakContext } from "./soak_case.ts";
import { ALWAYS, Trickle } from "./trickle.ts";

const CLIENT_COUNT = 40;
const SECONDS = 30;
const SECONDS_QUICK = 5;

export const churnCase: SoakCase = {
  name: "churn",
  text: "garbage, half requests, resets at random moments",
  run,
};

async function run(context: SoakContext, findings: Findings): Promise<void> {
  const backend = context.keep(await Backend.start());
  const hadro = await Hadro.start(context, [
    ...["-l", "http://127.0.0.1:0,name=http", "-b", backend.address],
    ...["-l", "tcp://127.0.0.1:0,name=tcp", "-b", backend.address],
    // Short, so that running into them is part of the mixture.
    ...["--timeout-request", "1s", "--timeout-keepalive", "1s", "--timeout-client", "2s"],
  ]);
  const ports = { http: hadro.port("http"), tcp: hadro.port("tcp") };
  const trickle = context.keep(new Trickle(ports.http));
  const untilMs = performance.now() + 1_000 * (context.isQuick ? SECONDS_QUICK : SECONDS);
  const clients = Array.from(
    { length: CLIENT_COUNT },
    (_, index) => new ChurnClient(ports, context.seed + index),
  );
  await Promise.all(clients.map((client) => client.run(untilMs)));
  await trickle.stop();
  findings.figure("seed", context.seed);
  const counts = new Map<string, number>();
  for (const client of clients) {
    for (const [what, count] of client.counts) counts.set(what, (counts.get(what) ?? 0) + count);
  }
  for (const [what, count] of [...counts].sort()) findings.figure(what, count);
  findings.claim(
    "valid requests beside it are answered with 200",
    trickle.okCount === trickle.sentCount,
    `${trickle.okCount} of ${trickle.sentCount}${
      trickle.failures.length > 0 ? `: ${trickle.failures[0]}` : ""
    }`,
  );
  findings.figure("valid requests: median, p99, longest", trickle.latencies(ALWAYS));
  const after = await hadro.claimClean(findings);
  findings.figure("connections accepted", after.accepts!);
  findings.figure("longest time between two polls", `${(after.turnLongestUs! / 1_000).toFixed(1)} ms`);
}
