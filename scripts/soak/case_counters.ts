/**
 * What a connection costs the engine: 5,000 of one request each through a TCP listener, 50 at once.
 *
 * The run that HAProxy's event cache was measured with: 11.1 poller updates a connection before it, 1.01 after it.
 *
 * @module
 */
import { Backend } from "./backend.ts";
import { Hadro } from "./hadro.ts";
import { HttpClient } from "./http_client.ts";
import { CpuMeter } from "./process_figures.ts";
import { type Findings, runMany, type SoakCase, type SoakContext } from "./soak_case.ts";

const CONNECTION_COUNT = 5_000;
const AT_ONCE = 50;
const REQUEST = "GET / HTTP/1.1\r\nHost: soak.test\r\nConnection: close\r\n\r\n";
/** Per connection; the others are figures of the whole run. */
const SHOWN = [
  "updatesApplied",
  "updatesRequested",
  "ioCalls",
  "accepts",
  "acceptsSameTurn",
  "reports",
  "waits",
];

export const countersCase: SoakCase = { name: "counters", text: "what a connection costs the engine", run };

async function run(context: SoakContext, findings: Findings): Promise<void> {
  const backend = context.keep(await Backend.start());
  const hadro = await Hadro.start(context, ["-l", "tcp://127.0.0.1:0,name=fe", "-b", backend.address]);
  const port = hadro.port("fe");
  const cpu = await CpuMeter.start(hadro.pid);
  const beganMs = performance.now();
  let answeredCount = 0;
  await runMany(CONNECTION_COUNT, AT_ONCE, async () => {
    const client = await HttpClient.connect(port);
    try {
      await client.send(REQUEST);
      const { status, bodyBytes } = await client.readAnswer();
      if (status === 200 && bodyBytes === 2) answeredCount++;
    } finally {
      client.close();
    }
  });
  const seconds = (performance.now() - beganMs) / 1_000;
  const cpuSeconds = await cpu.readSeconds();
  findings.claim("every connection was answered", answeredCount === CONNECTION_COUNT, answeredCount);
  findings.figure("connections per second", (CONNECTION_COUNT / seconds).toFixed(0));
  findings.figure("CPU per connection", `${(cpuSeconds / CONNECTION_COUNT * 1e6).toFixed(0)} us`);
  const after = await hadro.settle((c) => c.connections === 0);
  for (const name of SHOWN) {
    const count = after[name]! - hadro.before[name]!;
    findings.figure(`${name} per connection`, (count / CONNECTION_COUNT).toFixed(3));
  }
  const accepts = after.accepts!;
  findings.claim("accepts are counted once each", accepts === CONNECTION_COUNT, accepts);
  findings.claim(
    "acceptsSameTurn equals accepts",
    after.acceptsSameTurn === accepts,
    `${after.acceptsSameTurn} of ${accepts}`,
  );
  findings.figure("turnLongestUs", after.turnLongestUs!);
  await hadro.claimClean(findings);
}
