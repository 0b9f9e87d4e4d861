/**
 * What an idle connection costs: 10,000 keep-alive connections that have done one request each.
 *
 * Once through an HTTP listener, which has given its server connections back by then, and once through a TCP listener, where each has one.
 *
 * @module
 */
import { Backend } from "./backend.ts";
import { Hadro } from "./hadro.ts";
import { HttpClient } from "./http_client.ts";
import { CpuMeter, readFdLimit, readRssBytes } from "./process_figures.ts";
import { type Findings, megabytes, runMany, sleep, type SoakCase, type SoakContext } from "./soak_case.ts";

const CONNECTION_COUNT = 10_000;
const CONNECTION_COUNT_QUICK = 1_000;
const CONNECT_AT_ONCE = 100;
/** Descriptors of hadro that are not for connections, and some room. */
const FD_RESERVE = 128;
/** Enough for as many connections: on the deno poller each is planned to take 28 kB. */
const MAX_MEM = "1g";
const WATCH_MS = 5_000;
const CPU_SHARE_MAX = 0.02;
const ASKED_AGAIN_COUNT = 200;

export const idleCase: SoakCase = { name: "idle", text: "10,000 idle keep-alive connections", run };

async function run(context: SoakContext, findings: Findings): Promise<void> {
  await idle(context, "http", findings);
  await idle(context, "tcp", findings);
}

async function idle(context: SoakContext, scheme: "http" | "tcp", findings: Findings): Promise<void> {
  const backend = context.keep(await Backend.start());
  const listen = ["-l", `${scheme}://127.0.0.1:0,name=fe`, "-b", backend.address, "--max-mem", MAX_MEM];
  const timeouts = ["--timeout-keepalive", "1h", "--timeout-client", "1h", "--timeout-server", "1h"];
  const hadro = await Hadro.start(context, [...listen, ...timeouts]);
  const count = affordableCount(context, hadro, scheme, findings);
  const clients: HttpClient[] = [];
  const closeAll = () => {
    for (const client of clients.splice(0)) client.close();
    return Promise.resolve();
  };
  context.keep({ [Symbol.asyncDispose]: closeAll });
  const baseBytes = readRssBytes(hadro.pid);
  let answeredCount = 0;
  await runMany(count, CONNECT_AT_ONCE, async () => {
    const client = await HttpClient.connect(hadro.port("fe"));
    clients.push(client);
    const { status, keepsOpen } = await client.get("/");
    if (status === 200 && keepsOpen) answeredCount++;
  });
  findings.claim(
    `${scheme}: every connection was answered and kept`,
    answeredCount === count,
    `${answeredCount} of ${count}`,
  );
  const fds = hadro.before.fds! + (scheme === "tcp" ? 2 * count : count);
  const counters = await hadro.settle((c) => c.fds === fds && c.buffersInUse === 0);
  findings.figure(`${scheme}: connections while idle`, `${counters.connections}, fds ${counters.fds}`);
  findings.claim(
    `${scheme}: idle connections hold no buffer`,
    counters.buffersInUse === 0,
    counters.buffersInUse!,
  );
  await watchIdle(hadro, scheme, findings);
  const rssBytes = readRssBytes(hadro.pid);
  findings.figure(
    `${scheme}: RSS at start, with idle ones`,
    `${megabytes(baseBytes)}, ${megabytes(rssBytes)}`,
  );
  findings.figure(
    `${scheme}: RSS growth per connection`,
    `${Math.round((rssBytes - baseBytes) / count)} bytes`,
  );
  await askAgain(clients, scheme, findings);
  await closeAll();
  await hadro.claimClean(findings);
  // Its half of the connections costs the next one descriptors and memory.
  await backend.kill();
}

async function askAgain(clients: readonly HttpClient[], scheme: string, findings: Findings): Promise<void> {
  const again = clients.slice(0, ASKED_AGAIN_COUNT);
  const answers = await Promise.all(again.map((client) => client.get("/").then(({ status }) => status)));
  const okCount = answers.filter((status) => status === 200).length;
  findings.claim(
    `${scheme}: connections that were idle answer again`,
    okCount === again.length,
    `${okCount} of ${again.length}`,
  );
}

/** As many as the limits of both processes allow; less than wanted is told. */
function affordableCount(context: SoakContext, hadro: Hadro, scheme: string, findings: Findings): number {
  const wanted = context.isQuick ? CONNECTION_COUNT_QUICK : CONNECTION_COUNT;
  // hadro plans two descriptors a client, one for its server.
  const byHadro = Math.floor((readFdLimit(hadro.pid) - FD_RESERVE) / 2);
  const count = Math.min(wanted, byHadro, readFdLimit("self") - FD_RESERVE);
  findings.figure(
    `${scheme}: connections`,
    count < wanted ? `${count} (the limit of open files; ${wanted} wanted)` : count,
  );
  return count;
}

async function watchIdle(hadro: Hadro, scheme: string, findings: Findings): Promise<void> {
  const cpu = await CpuMeter.start(hadro.pid);
  const beganMs = performance.now();
  await sleep(WATCH_MS);
  const seconds = await cpu.readSeconds();
  const share = seconds / ((performance.now() - beganMs) / 1_000);
  findings.claim(
    `${scheme}: idle, it takes less than ${CPU_SHARE_MAX * 100} % of a core`,
    share < CPU_SHARE_MAX,
    `${(share * 100).toFixed(2)} %`,
  );
}
