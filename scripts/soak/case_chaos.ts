/**
 * Servers in every kind of trouble, under load: nothing that could be asked again fails, no server is asked for more at once than it takes,
 * and in the end all is as in the beginning. Half of the time with one thread, half with two.
 *
 *     48 keep-alive clients -> hadro: leastconn, maxconn 4, maxqueue 2, checks, retries -> 10 servers (processes), up to 3 of them in trouble
 *
 * chaos_client.ts has what clients ask, chaos_server.ts how servers behave, chaos_trouble.ts who is in trouble when.
 *
 * @module
 */
import { Prng } from "../../src/base/prng.ts";
import { ChaosTally, runChaosClient } from "./chaos_client.ts";
import { ChaosServerProcess, makeTrouble } from "./chaos_trouble.ts";
import { type Counters, Hadro } from "./hadro.ts";
import { type Findings, percentile, runVariants, type SoakCase, type SoakContext } from "./soak_case.ts";

const SECONDS = 60;
const SECONDS_QUICK = 10;
const SERVER_COUNT = 10;
const CLIENT_COUNT = 48;
const MAXCONN = 4;
const MAXQUEUE = 2;
const LOOK_EVERY_MS = 200;

export const chaosCase: SoakCase = {
  name: "chaos",
  text: "servers killed, stopped, slow, resetting, lying: what can be asked again never fails",
  run: (context, findings) =>
    runVariants(context, findings, { usualSeconds: SECONDS, quickSeconds: SECONDS_QUICK }, chaos),
};

async function chaos(
  context: SoakContext,
  findings: Findings,
  threads: number | null,
  seconds: number,
): Promise<void> {
  const title = threads === null ? context.hadroArgs.join(" ") : `--threads ${threads}`;
  const posts = new Map<string, number>();
  const servers = Array.from({ length: SERVER_COUNT }, () => new ChaosServerProcess(posts));
  for (const server of servers) context.keep({ [Symbol.asyncDispose]: () => server.kill() });
  await Promise.all(servers.map((server) => server.start()));
  const hadro = await startHadro(context, servers, threads);
  const tally = new ChaosTally();
  const untilMs = performance.now() + seconds * 1_000;
  let hasExited = false;
  void hadro.program.exitCode().then(() => hasExited = true);
  const isOver = () => hasExited || performance.now() >= untilMs;
  let count = 0;
  const clients = Array.from(
    { length: CLIENT_COUNT },
    () => runChaosClient(hadro.port("fe"), tally, () => ++count, isOver),
  );
  const trouble = makeTrouble(servers, new Prng(context.seed), isOver);
  const [looks, troubles] = await Promise.all([hadro.look(LOOK_EVERY_MS, isOver), trouble, ...clients]);
  findings.claim(`${title}: hadro never exited`, !hasExited, `${seconds} s`);
  claimAnswers(tally, posts, title, findings);
  const kinds = [...troubles].map(([kind, times]) => `${times} ${kind}`);
  findings.figure(`${title}: troubles`, kinds.sort().join(", "));
  if (hasExited) return;
  claimLimits(servers, looks, title, findings);
  await claimRecovery(hadro, title, findings);
  await hadro.claimClean(findings);
}

function startHadro(
  context: SoakContext,
  servers: readonly ChaosServerProcess[],
  threads: number | null,
): Promise<Hadro> {
  const limits = `maxconn=${MAXCONN},maxqueue=${MAXQUEUE}`;
  return Hadro.start(context, [
    ...["-l", "http://127.0.0.1:0,name=fe"],
    ...["-b", ...servers.map(({ port }, i) => `127.0.0.1:${port},name=s${i},${limits}`)],
    ...["--lb", "leastconn"],
    ...["--check", "/health", "--inter", "200ms", "--fall", "2", "--rise", "2"],
    ...["--retries", "8", "--retry-on", "all-retryable-errors", "--retry-budget", "100%"],
    ...["--timeout-connect", "500ms", "--timeout-server", "1s", "--timeout-queue", "10s"],
    ...(threads === null ? [] : ["--threads", String(threads)]),
  ]);
}

function claimAnswers(
  tally: ChaosTally,
  posts: ReadonlyMap<string, number>,
  title: string,
  findings: Findings,
): void {
  const { failures, wrong, latenciesMs } = tally;
  findings.claim(
    `${title}: no request that could be asked again failed`,
    failures.length === 0,
    failures.length === 0
      ? `of ${tally.wellCount}`
      : `${failures.length}: ${failures.slice(0, 3).join("; ")}`,
  );
  findings.claim(
    `${title}: no answer was another request's`,
    wrong.length === 0,
    wrong.length === 0 ? "none" : `${wrong.length}: ${wrong[0]}`,
  );
  const repeated = [...posts].filter(([, times]) => times > 1);
  findings.claim(
    `${title}: no POST came to a server twice`,
    repeated.length === 0,
    repeated.length === 0 ? `of ${posts.size}` : `${repeated.length}: ${repeated[0]![0]}`,
  );
  findings.figure(`${title}: answers cut behind their first byte`, tally.cutCount);
  findings.figure(`${title}: POSTs that failed`, `${tally.postFailedCount} of ${tally.postCount}`);
  const at = (share: number) => percentile(latenciesMs, share).toFixed(0);
  findings.figure(`${title}: latency p50, p99, p99.9`, `${at(0.5)}, ${at(0.99)}, ${at(0.999)} ms`);
}

function claimLimits(
  servers: readonly ChaosServerProcess[],
  looks: readonly Counters[],
  title: string,
  findings: Findings,
): void {
  const most = servers.map((server) => server.most);
  findings.claim(
    `${title}: no server had more than ${MAXCONN} requests at once, as it saw itself, and a check`,
    Math.max(...most) <= MAXCONN + 1,
    most.join(" "),
  );
  const longest = Math.max(0, ...looks.map(({ serverQueueMax = 0 }) => serverQueueMax));
  findings.claim(
    `${title}: no server's queue was longer than its maxqueue of ${MAXQUEUE}, and some were full`,
    longest === MAXQUEUE,
    longest,
  );
  const queued = Math.max(0, ...looks.map(({ queued = 0 }) => queued));
  findings.claim(`${title}: some waited in queues`, queued > 0, `at most ${queued} at once`);
}

/** All is as in the beginning: everybody is up, nobody waits, and the next requests go well at once. */
async function claimRecovery(hadro: Hadro, title: string, findings: Findings): Promise<void> {
  const counters = await hadro.settle((c) =>
    c.connections === 0 && c.queued === 0 && serversDown(hadro.program.stderr.lines).length === 0
  );
  const down = serversDown(hadro.program.stderr.lines);
  findings.claim(
    `${title}: in the end every server is up again and nobody waits`,
    down.length === 0 && counters.queued === 0,
    `${down.join(", ") || "none"} down, ${counters.queued} waiting`,
  );
  const tally = new ChaosTally();
  let count = 0;
  await Promise.all(
    Array.from(
      { length: SERVER_COUNT },
      () => runChaosClient(hadro.port("fe"), tally, () => 1e9 + ++count, () => count >= 100),
    ),
  );
  const bad = tally.failures.length + tally.wrong.length + tally.cutCount + tally.postFailedCount;
  findings.claim(`${title}: then nothing fails`, bad === 0, `${bad} of ${count}`);
}

/** Whose last news is that they are down. */
function serversDown(lines: readonly string[]): string[] {
  const states = new Map<string, string>();
  for (const line of lines) {
    const [, server, state] = /^hadro: server (\S+) is ([A-Z]+)/.exec(line) ?? [];
    if (server !== undefined) states.set(server, state!);
  }
  return [...states].filter(([, state]) => state !== "UP").map(([server]) => server);
}
