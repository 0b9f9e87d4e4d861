/**
 * Servers that are killed under load: only requests that were on the killed server may fail.
 *
 * Clients do what RFC 9112 section 9.3.1 allows: an idempotent request is repeated once, on a new connection, when the old one
 * ended before any byte of an answer.
 *
 * @module
 */
import { Backend } from "./backend.ts";
import { Hadro } from "./hadro.ts";
import { CutShort, HttpClient } from "./http_client.ts";
import { type Findings, sleep, type SoakCase, type SoakContext } from "./soak_case.ts";

const BACKEND_COUNT = 3;
const CLIENT_COUNT = 32;
const SECONDS = 20;
const SECONDS_QUICK = 5;
const KILL_EVERY_MS = 1_000;
const DOWN_MS = 300;
/** Answers take a while, so that each kill finds requests on its server. */
const PATH = "/delay/20";
/** From the kill to the last failure that it may cause: answers of 20 ms, a busy machine. */
const AFTERMATH_MS = 500;

export const killCase: SoakCase = { name: "kill", text: "servers killed and restarted under load", run };

interface Kill {
  readonly server: string;
  /** Wall clock, as the log's. */
  readonly ms: number;
}

interface Failure {
  readonly beganMs: number;
  readonly endedMs: number;
  readonly what: string;
}

interface Tally {
  okCount: number;
  retryCount: number;
  readonly failures: Failure[];
}

async function run(context: SoakContext, findings: Findings): Promise<void> {
  const backends = await Promise.all(Array.from({ length: BACKEND_COUNT }, () => Backend.start()));
  for (const backend of backends) context.keep(backend);
  const words = backends.map(({ address }, index) => `${address},name=s${index}`);
  const hadro = await Hadro.start(context, [
    ...["-l", "http://127.0.0.1:0,name=fe", "-b", ...words],
    ...["--log", "json", "--log-full", "block"],
  ]);
  const tally: Tally = { okCount: 0, retryCount: 0, failures: [] };
  let isOver = false;
  const clients = Array.from(
    { length: CLIENT_COUNT },
    () => runClient(hadro.port("fe"), tally, () => isOver),
  );
  const kills: Kill[] = [];
  const rounds = context.isQuick ? SECONDS_QUICK : SECONDS;
  try {
    for (let round = 0; round < rounds; round++) kills.push(await killOne(backends, round));
  } finally {
    isOver = true;
    await Promise.all(clients);
  }
  await claimKills(hadro, kills, tally, findings);
  await hadro.claimClean(findings);
}

async function killOne(backends: readonly Backend[], round: number): Promise<Kill> {
  const beganMs = performance.now();
  const index = round % backends.length;
  const kill = { server: `s${index}`, ms: Date.now() };
  await backends[index]!.kill();
  await sleep(DOWN_MS);
  await backends[index]!.restart();
  await sleep(Math.max(0, KILL_EVERY_MS - (performance.now() - beganMs)));
  return kill;
}

/** One keep-alive client. */
async function runClient(port: number, tally: Tally, isOver: () => boolean): Promise<void> {
  let client: HttpClient | null = null;
  while (!isOver()) {
    const beganMs = Date.now();
    let what = "";
    for (let attempt = 0; attempt < 2; attempt++) {
      try {
        client ??= await HttpClient.connect(port);
        const { status, keepsOpen } = await client.get(PATH);
        what = status === 200 ? "" : String(status);
        if (!keepsOpen) client = closed(client);
        break;
      } catch (error) {
        client = closed(client);
        what = error instanceof Error ? error.message : String(error);
        if (!(error instanceof CutShort) || error.receivedBytes > 0) break;
        if (attempt === 0) tally.retryCount++;
      }
    }
    if (what === "") tally.okCount++;
    else tally.failures.push({ beganMs, endedMs: Date.now(), what });
  }
  closed(client);
}

function closed(client: HttpClient | null): null {
  client?.close();
  return null;
}

async function claimKills(
  hadro: Hadro,
  kills: readonly Kill[],
  tally: Tally,
  findings: Findings,
): Promise<void> {
  const { failures } = tally;
  findings.figure("requests answered with 200", tally.okCount);
  findings.figure("requests repeated on a new connection", tally.retryCount);
  const kinds = Object.entries(Object.groupBy(failures, ({ what }) => what)).map(([what, all]) =>
    `${all!.length} × ${what}`
  );
  findings.figure("requests failed", `${failures.length} (${kinds.join(", ") || "none"})`);
  const stray = failures.filter(({ beganMs, endedMs }) =>
    !kills.some(({ ms }) => beganMs <= ms + AFTERMATH_MS && endedMs >= ms && endedMs <= ms + AFTERMATH_MS)
  );
  findings.claim(
    "requests fail only while a server is being killed",
    stray.length === 0,
    `${stray.length} others`,
  );
  // The log's lines come through a pipe.
  await hadro.settle((c) => c.connections === 0);
  const lines = hadro.program.stdout.lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  const bad = lines.filter(({ status, uri }) => uri !== null && status !== 200);
  const strange = bad.filter(({ server, time }) => {
    const atMs = Date.parse(String(time));
    return !kills.some((kill) =>
      kill.server === server && atMs >= kill.ms - 50 && atMs <= kill.ms + AFTERMATH_MS
    );
  });
  findings.claim(
    "each request that failed in hadro's log was on the server killed then",
    strange.length === 0,
    `${bad.length} failed, ${strange.length} elsewhere${
      strange.length > 0 ? `: ${JSON.stringify(strange[0])}` : ""
    }`,
  );
  const most = Math.max(0, ...kills.map((kill) => bad.filter((line) => isDuring(line, kill)).length));
  findings.claim(
    "a kill costs no more requests than were on their way",
    most <= CLIENT_COUNT,
    `at most ${most}`,
  );
  const servers = new Set(lines.filter(({ status }) => status === 200).map(({ server }) => server));
  findings.claim("every server answered", servers.size === BACKEND_COUNT, servers.size);
}

function isDuring({ time }: Record<string, unknown>, kill: Kill): boolean {
  const atMs = Date.parse(String(time));
  return atMs >= kill.ms && atMs <= kill.ms + AFTERMATH_MS;
}
