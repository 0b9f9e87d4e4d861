/**
 * More bytes than memory: clients that read slowly, or not at all, and slow uploads, under a ceiling of 64 MB; a trickle of small requests
 * with priority goes on beside them.
 *
 *     client     does until the pressure ends     then
 *     slow       reads 64 kB a second             reads all
 *     silent     reads nothing                    reads all
 *     leaver     reads nothing                    closes
 *     uploader   sends 4 kB now and then          is answered
 *
 * @module
 */
import { Backend } from "./backend.ts";
import { type Counters, Hadro } from "./hadro.ts";
import { HttpClient } from "./http_client.ts";
import { RssWatch } from "./process_figures.ts";
import { type Findings, megabytes, runMany, sleep, type SoakCase, type SoakContext } from "./soak_case.ts";
import { ALWAYS, type Span, Trickle } from "./trickle.ts";

const GROWTH_BYTES_MAX = 96 * 1_048_576;
/** Twice what the kernel swallows when nobody reads: about 4 MB of a connection. */
const BODY_BYTES = 8 * 1_048_576;
const UPLOAD_BYTES = 262_144;
const UPLOAD_PIECE_BYTES = 4_096;
const UPLOAD_PAUSE_MS = 150;
const SLOW_PAUSE_MS = 1_000;
const CONNECT_AT_ONCE = 100;
const LATENCY_MS_MAX = 500;
/** A busy machine takes its time to fill the memory. */
const PRESSURE_MS_MAX = 120_000;

interface Size {
  readonly downloadCount: number;
  readonly uploadCount: number;
  readonly maxMem: string;
  readonly maxconn: number;
  /** From when memory has run out. */
  readonly pressMs: number;
}

/** The more connections may come, the fewer buffers are left: 1,838 for the 2,000 that want one. */
const FULL: Size = { downloadCount: 2_000, uploadCount: 200, maxMem: "64m", maxconn: 3_000, pressMs: 10_000 };
/** Less memory, so that fewer clients run into its end: 278 buffers for 300. */
const QUICK: Size = { downloadCount: 300, uploadCount: 50, maxMem: "10m", maxconn: 480, pressMs: 3_000 };

type Kind = "slow" | "silent" | "leaver";
const KINDS: readonly Kind[] = ["slow", "silent", "silent", ...new Array<Kind>(7).fill("leaver")];

export const memoryCase: SoakCase = {
  name: "memory",
  text: "slow readers and uploads under --max-mem 64m",
  run,
};

/** What became of the crowd. */
interface Tally {
  downloadedCount: number;
  uploadedCount: number;
  readonly failures: string[];
}

async function run(context: SoakContext, findings: Findings): Promise<void> {
  const size = context.isQuick ? QUICK : FULL;
  const [bulkBackend, smallBackend] = await Promise.all([Backend.start(), Backend.start()]);
  context.keep(bulkBackend);
  context.keep(smallBackend);
  const hadro = await Hadro.start(context, [
    ...["-l", "http://127.0.0.1:0,name=bulk", "-b", bulkBackend.address],
    ...["-l", "http://127.0.0.1:0,name=small,prio=high", "-b", smallBackend.address],
    ...["--max-mem", size.maxMem, "--maxconn", String(size.maxconn)],
    // Who finds no buffer waits: what is looked for is whether everybody has a turn in the end.
    ...["--timeout-request", "10m", "--timeout-client", "10m", "--timeout-server", "10m"],
  ]);
  const rss = context.keep(new RssWatch(hadro.pid));
  const trickle = context.keep(new Trickle(hadro.port("small")));
  const straight = context.keep(new Trickle(smallBackend.port));
  const tally: Tally = { downloadedCount: 0, uploadedCount: 0, failures: [] };
  const released = Promise.withResolvers<void>();
  context.keep({ [Symbol.asyncDispose]: () => Promise.resolve(released.resolve()) });
  const beganMs = performance.now();
  const crowd = await gather(hadro.port("bulk"), size, released.promise, tally);
  await hadro.settle(({ bufferParked }) => bufferParked! > 0, PRESSURE_MS_MAX);
  const ranOutMs = performance.now();
  context.say(`memory has run out after ${((ranOutMs - beganMs) / 1_000).toFixed(1)} s`);
  await sleep(size.pressMs);
  const pressed = await hadro.counters();
  const pressure: Span = [ranOutMs, performance.now()];
  released.resolve();
  await Promise.all(crowd);
  await Promise.all([trickle.stop(), straight.stop()]);
  claimDrained(size, tally, findings);
  claimSmall(trickle, straight, pressure, findings);
  claimPressure(pressed, findings);
  findings.figure("RSS at start, at most", `${megabytes(rss.baseBytes)}, ${megabytes(rss.peakBytes)}`);
  findings.claim(
    `RSS grows by less than ${megabytes(GROWTH_BYTES_MAX)} (64 MB and a half)`,
    rss.growthBytes < GROWTH_BYTES_MAX,
    megabytes(rss.growthBytes),
  );
  const after = await hadro.claimClean(findings);
  findings.figure("receives parked for want of a buffer", after.bufferParked!);
  findings.figure("longest time between two polls", `${(after.turnLongestUs! / 1_000).toFixed(1)} ms`);
  findings.figure("buffers in use at most", `${after.buffersInUseMax} of ${after.bufferLimit}`);
}

/** Connects everybody; returns what each of them does from then on. */
async function gather(
  port: number,
  size: Size,
  released: Promise<void>,
  tally: Tally,
): Promise<Promise<void>[]> {
  const crowd: Promise<void>[] = [];
  await runMany(size.downloadCount + size.uploadCount, CONNECT_AT_ONCE, async (index) => {
    const client = await HttpClient.connect(port);
    const life = index < size.uploadCount
      ? upload(client, tally)
      : download(client, KINDS[index % KINDS.length]!, released, tally);
    crowd.push(
      life.catch((error) => {
        tally.failures.push(error instanceof Error ? error.message : String(error));
      }).finally(() => client.close()),
    );
  });
  return crowd;
}

async function download(
  client: HttpClient,
  kind: Kind,
  released: Promise<void>,
  tally: Tally,
): Promise<void> {
  await client.send(`GET /bytes/${BODY_BYTES} HTTP/1.1\r\nHost: soak.test\r\n\r\n`);
  let isReleased = false;
  const release = released.then(() => {
    isReleased = true;
  });
  if (kind !== "slow") await release;
  if (kind === "leaver") {
    tally.downloadedCount++;
    return;
  }
  const { status, bodyBytes } = await client.readAnswer(() =>
    isReleased ? undefined : Promise.race([release, sleep(SLOW_PAUSE_MS)])
  );
  if (status !== 200) throw new Error(`a download was answered with ${status}`);
  if (bodyBytes !== BODY_BYTES) throw new Error(`${bodyBytes} bytes of ${BODY_BYTES}`);
  tally.downloadedCount++;
}

async function upload(client: HttpClient, tally: Tally): Promise<void> {
  await client.send(`POST / HTTP/1.1\r\nHost: soak.test\r\nContent-Length: ${UPLOAD_BYTES}\r\n\r\n`);
  const piece = new Uint8Array(UPLOAD_PIECE_BYTES);
  for (let sent = 0; sent < UPLOAD_BYTES; sent += piece.length) {
    await client.send(piece);
    await sleep(UPLOAD_PAUSE_MS);
  }
  const { status } = await client.readAnswer();
  if (status !== 200) throw new Error(`an upload was answered with ${status}`);
  tally.uploadedCount++;
}

function claimDrained(size: Size, tally: Tally, findings: Findings): void {
  const { downloadedCount, uploadedCount, failures } = tally;
  findings.claim(
    "every download and upload came to its end, whole",
    downloadedCount === size.downloadCount && uploadedCount === size.uploadCount,
    `${downloadedCount} of ${size.downloadCount}, ${uploadedCount} of ${size.uploadCount}${
      failures.length > 0 ? `; ${failures.length} failed: ${failures[0]}` : ""
    }`,
  );
}

/** Load, servers and hadro share the machine: what it does to requests that go without hadro is taken off. */
function claimSmall(trickle: Trickle, straight: Trickle, pressure: Span, findings: Findings): void {
  const { sentCount, okCount, failures } = trickle;
  findings.claim(
    "every small request was answered with 200",
    okCount === sentCount,
    `${okCount} of ${sentCount}${failures.length > 0 ? `: ${failures[0]}` : ""}`,
  );
  const [ranOutMs, releasedMs] = pressure;
  const spans: [string, Span][] = [
    ["while clients come", [0, ranOutMs]],
    ["while memory is out", pressure],
    ["while all drains", [releasedMs, Infinity]],
  ];
  for (const [when, span] of spans) {
    findings.figure(`small requests ${when}: median, p99, longest`, trickle.latencies(span));
    findings.figure(`without hadro, ${when}`, straight.latencies(span));
  }
  for (const [when, span] of [spans[1]!, ["in all", ALWAYS] as const]) {
    const beyondMs = trickle.latencyMs(0.99, span) - straight.latencyMs(0.99, span);
    findings.claim(
      `${when}, hadro adds less than ${LATENCY_MS_MAX} ms to the p99 of small requests`,
      beyondMs < LATENCY_MS_MAX,
      `${beyondMs.toFixed(1)} ms`,
    );
  }
}

/** Without it the case would show nothing. */
function claimPressure(pressed: Counters, findings: Findings): void {
  const { connections, bufferParked, buffersInUse, bufferLimit, bufferWaiters, rssBytes, heapBytes } =
    pressed;
  findings.claim("buffers ran out: receives were parked", bufferParked! > 0, bufferParked!);
  findings.figure("under pressure: connections", connections!);
  findings.figure("under pressure: RSS, V8 heap", `${megabytes(rssBytes!)}, ${megabytes(heapBytes!)}`);
  findings.figure(
    "under pressure: buffers in use, waited for",
    `${buffersInUse} of ${bufferLimit}, ${bufferWaiters}`,
  );
}
