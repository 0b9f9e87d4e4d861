/**
 * Memory that FFI reaches is never corrupted: a mixed load whose every byte is checked, while its clients and servers are killed at random,
 * descriptors come again all the time, and buffers run out now and then. Half of the time with one thread, half with two.
 *
 *     clients (4 processes of 12 exchanges)  ->  http, tcp, unix of one hadro  ->  3 servers (processes), by TCP and by unix sockets
 *
 * crash_exchanges.ts has what clients do, crash_server.ts what servers answer and check, crash_load.ts who is killed when.
 *
 * @module
 */
import { CONNECTION_COST_BYTES, DENO_CONNECTION_COST_BYTES } from "../../src/config/memory_plan.ts";
import { Prng } from "../../src/base/prng.ts";
import { Exchange, Tally, type Targets } from "./crash_exchange.ts";
import { EXCHANGES } from "./crash_exchanges.ts";
import { CrashLoad, CrashServer, LoadTally } from "./crash_load.ts";
import { type Counters, Hadro } from "./hadro.ts";
import { CpuMeter, readRssBytes, RssWatch } from "./process_figures.ts";
import { type Findings, megabytes, runVariants, type SoakCase, type SoakContext } from "./soak_case.ts";

const SECONDS = 60;
const SECONDS_QUICK = 10;
const SERVER_COUNT = 3;
const CLIENT_COUNT = 4;
const MAX_MEM_BYTES = 64 * 1_048_576;
/** For buffers and pipes: so little that clients who stall together take it all. The rest is for connections that do not come. */
const MOVING_BYTES = 5.5 * 1_048_576;
/** So long a run has had enough of them who stall. */
const FAMINE_SECONDS = 30;
const TIMEOUT_MS = 10_000;
const LOOK_EVERY_MS = 1_000;
/** As in the memory case, and the young generation of each further isolate. */
const GROWTH_BYTES_MAX = 96 * 1_048_576;
const THREAD_GROWTH_BYTES_MAX = 32 * 1_048_576;
const ASKED_AFTERWARDS = 50;
/** What hadro may say on standard error. */
const KNOWN =
  /^\{|: listening on |^hadro: (server \S+ is (UP|DOWN)|listener \S+: cannot accept|stopping: |stopped; )/;

export const crashCase: SoakCase = {
  name: "crash",
  text: "a mixed load, every byte checked, while clients and servers are killed",
  run: (context, findings) =>
    runVariants(context, findings, { usualSeconds: SECONDS, quickSeconds: SECONDS_QUICK }, crash),
};

async function crash(
  context: SoakContext,
  findings: Findings,
  threads: number | null,
  seconds: number,
): Promise<void> {
  const title = threads === null ? context.hadroArgs.join(" ") : `--threads ${threads}`;
  const tally = new LoadTally((text) => context.say(`${title}: ${text}`));
  const directory = await Deno.makeTempDir({ prefix: "hadro-crash-" });
  context.keep({ [Symbol.asyncDispose]: () => Deno.remove(directory, { recursive: true }) });
  const servers = Array.from(
    { length: SERVER_COUNT },
    (_, i) => new CrashServer(`${directory}/s${i}`, tally),
  );
  for (const server of servers) context.keep({ [Symbol.asyncDispose]: () => server.kill() });
  await Promise.all(servers.map((server) => server.start()));
  const hadro = await startHadro(context, servers, `${directory}/hadro`, threads);
  const socketsBefore = await countSockets(hadro.pid);
  const rss = context.keep(new RssWatch(hadro.pid));
  const cpu = await CpuMeter.start(hadro.pid);
  const targets: Targets = { http: hadro.port("http"), tcp: hadro.port("tcp"), unix: `${directory}/hadro` };
  const plan = { seed: context.seed, targets, timeoutMs: TIMEOUT_MS };
  const load = context.keep(new CrashLoad(plan, servers, tally));
  const untilMs = performance.now() + seconds * 1_000;
  let hasExited = false;
  void hadro.program.exitCode().then(() => hasExited = true);
  const isOver = () => hasExited || performance.now() >= untilMs;
  const [, looks] = await Promise.all([load.run(CLIENT_COUNT, isOver), hadro.look(LOOK_EVERY_MS, isOver)]);
  findings.claim(
    `${title}: hadro never exited`,
    !hasExited,
    hasExited ? await lastWords(hadro) : `${seconds} s`,
  );
  const cpuSeconds = hasExited ? 0 : await cpu.readSeconds();
  if (!hasExited) await claimServing(targets, title, findings);
  claimContent(tally, title, findings);
  showLoad(tally, title, findings);
  if (hasExited) return;
  const { connections, fds } = hadro.before;
  await hadro.settle((c) => c.connections === connections && c.fds === fds && c.buffersInUse === 0);
  await claimClosed(hadro, socketsBefore, title, findings);
  claimMemory(hadro, rss, looks, threads ?? 1, title, findings);
  const after = await hadro.claimClean(findings);
  claimSaid(hadro, title, findings);
  showCounters(after, looks, { seconds, cpuSeconds }, title, findings);
}

function startHadro(
  context: SoakContext,
  servers: readonly CrashServer[],
  path: string,
  threads: number | null,
): Promise<Hadro> {
  const byTcp = servers.map(({ port }, i) => `127.0.0.1:${port},name=s${i}`);
  const byPath = servers.map(({ path }, i) => `unix:${path},name=s${i}`);
  const isDeno = context.hadroArgs.join(" ").includes("--poller deno");
  const clientBytes = 2 * (isDeno ? DENO_CONNECTION_COST_BYTES : CONNECTION_COST_BYTES);
  const maxconn = Math.floor((MAX_MEM_BYTES - MOVING_BYTES) / clientBytes);
  return Hadro.start(context, [
    ...["-l", "http://127.0.0.1:0,name=http", "-b", ...byTcp],
    ...["-l", "tcp://127.0.0.1:0,name=tcp", "-b", ...byTcp],
    ...["-l", `unix:${path},name=unix`, "-b", ...byPath],
    ...["--max-mem", String(MAX_MEM_BYTES), "--maxconn", String(maxconn)],
    ...["client", "server", "request", "keepalive", "tunnel", "client-fin", "server-fin"].flatMap((name) => [
      `--timeout-${name}`,
      `${TIMEOUT_MS}ms`,
    ]),
    ...(threads === null ? [] : ["--threads", String(threads)]),
  ]);
}

/** When all is quiet every exchange with an end of its own ends well: nothing that the load did is left. */
async function claimServing(targets: Targets, title: string, findings: Findings): Promise<void> {
  const kinds = EXCHANGES.filter(({ name }) => !/reset|stalled/.test(name));
  const prng = new Prng(1);
  let idCount = 0;
  const failures: string[] = [];
  for (let i = 0; i < ASKED_AFTERWARDS; i++) {
    const kind = kinds[i % kinds.length]!;
    const listener = kind.listeners[prng.nextBelow(kind.listeners.length)]!;
    const exchange = new Exchange(prng, new Tally(), targets[listener], listener !== "tcp", () => idCount++);
    try {
      await kind.run(exchange);
    } catch (error) {
      failures.push(`${kind.name} on ${listener}: ${error instanceof Error ? error.message : error}`);
    } finally {
      exchange.close();
    }
  }
  findings.claim(
    `${title}: when nobody is killed any more, every exchange ends well`,
    failures.length === 0,
    `${ASKED_AFTERWARDS - failures.length} of ${ASKED_AFTERWARDS}${
      failures.length > 0 ? `: ${failures[0]}` : ""
    }`,
  );
}

function claimContent(tally: LoadTally, title: string, findings: Findings): void {
  const { wrongCount, shown } = tally;
  findings.claim(
    `${title}: no byte was wrong, at clients and at servers`,
    wrongCount === 0,
    wrongCount === 0 ? "none" : `${wrongCount}: ${shown[0]}`,
  );
  const idle = EXCHANGES.filter(({ name }) => tally.count(`${name}: well`) === 0).map(({ name }) => name);
  findings.claim(
    `${title}: every kind of exchange was done whole`,
    idle.length === 0,
    idle.join(", ") || EXCHANGES.length,
  );
  const endless = tally.count("exchanges without an end");
  findings.claim(`${title}: every exchange came to an end`, endless === 0, `${endless} did not`);
  const failed = tally.count("clients that failed");
  findings.claim(
    `${title}: every client process lived until it was killed`,
    failed === 0,
    `${failed} did not`,
  );
}

/** As hadro counts, and as the kernel does. */
async function claimClosed(
  hadro: Hadro,
  socketsBefore: number,
  title: string,
  findings: Findings,
): Promise<void> {
  const { accepts, connects, fds } = await hadro.counters();
  const sockets = await countSockets(hadro.pid);
  findings.claim(
    `${title}: every connection that was accepted or opened is closed`,
    fds === hadro.before.fds && sockets === socketsBefore,
    `${accepts} accepted, ${connects} opened; sockets of the process ${socketsBefore}, then ${sockets}`,
  );
}

function claimMemory(
  hadro: Hadro,
  rss: RssWatch,
  looks: readonly Counters[],
  threads: number,
  title: string,
  findings: Findings,
): void {
  const maxBytes = GROWTH_BYTES_MAX + (threads - 1) * THREAD_GROWTH_BYTES_MAX;
  const sizes = [rss.baseBytes, rss.peakBytes, readRssBytes(hadro.pid)];
  findings.figure(`${title}: RSS at start, at most, at the end`, sizes.map(megabytes).join(", "));
  findings.claim(
    `${title}: RSS grows by less than ${megabytes(maxBytes)}`,
    rss.growthBytes < maxBytes,
    megabytes(rss.growthBytes),
  );
  const quarters = [0, 1, 2, 3].map((quarter) => {
    const part = looks.slice(looks.length * quarter / 4, looks.length * (quarter + 1) / 4);
    const mean = (name: string) => megabytes(part.reduce((sum, one) => sum + one[name]!, 0) / part.length);
    return `${mean("rssBytes")} (${mean("heapBytes")})`;
  });
  findings.figure(`${title}: RSS (V8 heap) on average, quarter by quarter`, quarters.join(", "));
}

function claimSaid(hadro: Hadro, title: string, findings: Findings): void {
  const strange = hadro.program.stderr.lines.filter((line) => !KNOWN.test(line));
  findings.claim(
    `${title}: stderr has nothing but known reports`,
    strange.length === 0,
    strange.length === 0 ? "nothing else" : `${strange.length}: ${strange[0]}`,
  );
}

function showLoad(tally: LoadTally, title: string, findings: Findings): void {
  const { counts } = tally;
  findings.figure(`${title}: requests verified`, tally.count("requests verified"));
  findings.figure(`${title}: bytes verified`, megabytes(tally.count("bytes verified")));
  for (const what of ["clients killed", "servers killed", "servers stopped for a while"]) {
    findings.figure(`${title}: ${what}`, tally.count(what));
  }
  for (const { name } of EXCHANGES) {
    const seen = `${tally.count(`${name}: well`)}, ${tally.count(`${name}: cut`)}`;
    findings.figure(`${title}: ${name}: ended well, were cut`, seen);
  }
  const refusals = [...counts].filter(([what]) => what.startsWith("answered with"));
  findings.figure(
    `${title}: answered by hadro itself`,
    refusals.map(([what, count]) => `${count} × ${what.slice(-3)}`).join(", ") || "none",
  );
  findings.figure(`${title}: cut after a timeout of silence`, tally.count("cut after a timeout of silence"));
}

function showCounters(
  after: Counters,
  looks: readonly Counters[],
  spent: { readonly seconds: number; readonly cpuSeconds: number },
  title: string,
  findings: Findings,
): void {
  const { seconds, cpuSeconds } = spent;
  const most = (name: string) => Math.max(0, ...looks.map((counters) => counters[name] ?? 0));
  findings.figure(`${title}: connections at most, at a look each second`, most("connections"));
  findings.figure(`${title}: buffers in use at most`, `${after.buffersInUseMax} of ${after.bufferLimit}`);
  if (seconds >= FAMINE_SECONDS) {
    findings.claim(`${title}: buffers ran out now and then`, after.bufferParked! > 0, after.bufferParked!);
  }
  findings.figure(
    `${title}: receives parked for want of a buffer, granted, given back`,
    `${after.bufferParked}, ${after.bufferGranted}, ${after.bufferGrantsReturned}`,
  );
  findings.figure(`${title}: stale reports seen`, `${after.reportsStale} of ${after.reports}`);
  findings.figure(
    `${title}: longest time between two polls`,
    `${(after.turnLongestUs! / 1_000).toFixed(1)} ms`,
  );
  findings.figure(`${title}: CPU time`, `${cpuSeconds.toFixed(1)} s`);
}

async function countSockets(pid: number): Promise<number> {
  const folder = `/proc/${pid}/fd`;
  const links = await Array.fromAsync(
    Deno.readDir(folder),
    ({ name }) => Deno.readLink(`${folder}/${name}`).catch(() => ""),
  );
  return (await Promise.all(links)).filter((link) => link.startsWith("socket:")).length;
}

async function lastWords({ program }: Hadro): Promise<string> {
  const words = program.stderr.lines.filter((line) => !/^\{|: listening on /.test(line)).slice(-3);
  return `exit code ${await program.exitCode()}: ${words.join("; ")}`;
}
