/**
 * Ten gigabytes through one TCP connection: every block where it belongs, in constant memory.
 *
 * @module
 */
import { Backend } from "./backend.ts";
import { Hadro } from "./hadro.ts";
import { HttpClient } from "./http_client.ts";
import { PatternChecker } from "./pattern.ts";
import { CpuMeter, RssWatch } from "./process_figures.ts";
import { type Findings, megabytes, type SoakCase, type SoakContext } from "./soak_case.ts";

const GIB = 1_073_741_824;
const SIZE_BYTES = 10 * GIB;
const SIZE_BYTES_QUICK = GIB / 4;
const GROWTH_BYTES_MAX = 64 * 1_048_576;

export const bulkCase: SoakCase = { name: "bulk", text: "10 GiB through one TCP connection", run };

async function run(context: SoakContext, findings: Findings): Promise<void> {
  const sizeBytes = context.isQuick ? SIZE_BYTES_QUICK : SIZE_BYTES;
  const backend = context.keep(await Backend.start());
  const hadro = await Hadro.start(context, ["-l", "tcp://127.0.0.1:0,name=fe", "-b", backend.address]);
  const rss = context.keep(new RssWatch(hadro.pid));
  const cpu = await CpuMeter.start(hadro.pid);
  const client = await HttpClient.connect(hadro.port("fe"));
  const checker = new PatternChecker();
  const beganMs = performance.now();
  try {
    await client.send(`GET /pattern/${sizeBytes} HTTP/1.1\r\nHost: soak.test\r\n\r\n`);
    await client.readAnswer((bytes) => checker.take(bytes));
  } finally {
    client.close();
  }
  const seconds = (performance.now() - beganMs) / 1_000;
  const cpuSeconds = await cpu.readSeconds();
  const gib = sizeBytes / GIB;
  findings.claim(
    "every byte arrived",
    checker.receivedBytes === sizeBytes,
    `${checker.receivedBytes / GIB} GiB`,
  );
  findings.claim(
    "every byte that was compared is in its place",
    checker.wrongBytes === 0,
    `${checker.comparedBytes - checker.wrongBytes} of ${checker.comparedBytes}`,
  );
  findings.figure("seconds", `${seconds.toFixed(1)} (${megabytes(sizeBytes / seconds)} a second)`);
  findings.figure("CPU per GiB", `${(cpuSeconds / gib).toFixed(2)} s`);
  findings.figure("RSS at start, at most", `${megabytes(rss.baseBytes)}, ${megabytes(rss.peakBytes)}`);
  findings.claim(
    `RSS grows by less than ${megabytes(GROWTH_BYTES_MAX)}`,
    rss.growthBytes < GROWTH_BYTES_MAX,
    megabytes(rss.growthBytes),
  );
  const after = await hadro.claimClean(findings);
  findings.figure("handler calls per MB", (after.ioCalls! / (sizeBytes / 1_048_576)).toFixed(1));
  findings.figure("buffers in use at most", after.buffersInUseMax!);
}
