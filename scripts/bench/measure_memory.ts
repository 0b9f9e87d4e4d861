/**
 * memory-idle: what an idle connection costs in resident memory.
 *
 * @module
 */
import { caseOf } from "./cases.ts";
import { readResidentBytes } from "./cpu_time.ts";
import { KeepaliveClient } from "./keepalive_client.ts";
import { type BenchContext, forEachRow, type LiveRow } from "./live_row.ts";
import { sleep } from "./process.ts";
import { RATIO_COLUMN, withRatio } from "./ratios.ts";
import type { Column, MeasurementFigures, MeasurementRow } from "./results.ts";

const CONNECTIONS = 10_000;
/** Before, so that what a program takes once is not taken for what a connection takes; few at once, since their memory may be kept. */
const WARM_CONNECTIONS = 2_000;
const AT_ONCE = 50;
/** Longer than proxies keep connections to the backend that nobody uses. */
const SETTLE_MS = 6_000;

const COLUMNS: readonly Column[] = [
  { key: "bytesPerConnection", title: "bytes/connection", digits: 0 },
  { key: "beforeMb", title: "MB before", digits: 1 },
  { key: "afterMb", title: "MB with them", digits: 1 },
  { key: "connections", title: "connections", digits: 0 },
  RATIO_COLUMN,
];

export async function measureMemory(backendPort: number, context: BenchContext): Promise<MeasurementFigures> {
  // Of the descriptors that a proxy may have, some connections to the backend need theirs.
  const count = Math.min(CONNECTIONS, Math.floor(context.maxConnections * 0.8));
  const { done, absences } = await forEachRow(
    caseOf("http-keepalive"),
    "memory-idle",
    backendPort,
    context,
    (live) => measureRow(live, count, context),
  );
  const method = `VmRSS of all processes of a proxy before and with ${count} connections, ${
    SETTLE_MS / 1_000
  } s after the last answer; ${WARM_CONNECTIONS} connections came and went before, ${AT_ONCE} at once.`;
  const notes = count === CONNECTIONS ? [] : [
    `${count} connections instead of ${CONNECTIONS}: the limit of open files (ulimit -Hn) allows no more.`,
  ];
  const rows = withRatio(done, "bytesPerConnection");
  return { method, columns: COLUMNS, summary: ["bytesPerConnection"], rows, notes, absences };
}

async function measureRow(live: LiveRow, count: number, context: BenchContext): Promise<MeasurementRow> {
  const { pid } = live.program;
  await inGroups(WARM_CONNECTIONS, context, async () => {
    const client = await KeepaliveClient.open(live.port);
    await client.get().finally(() => client.close());
  });
  await sleep(1_000, context.signal);
  const beforeBytes = await readResidentBytes(pid);
  const afterBytes = await hold(live.port, count, context, async (clients) => {
    await sleep(SETTLE_MS, context.signal);
    const bytes = await readResidentBytes(pid);
    // One that the proxy has closed meanwhile cost nothing.
    await inGroups(clients.length, context, (i) => clients[i].get());
    return bytes;
  });
  const bytesPerConnection = (afterBytes - beforeBytes) / count;
  context.report(`memory-idle: ${live.row.name} ${bytesPerConnection.toFixed(0)} bytes/connection`);
  return {
    row: live.row.name,
    figures: {
      bytesPerConnection,
      beforeMb: beforeBytes / 1_000_000,
      afterMb: afterBytes / 1_000_000,
      connections: count,
    },
    faults: [],
  };
}

/** Opens connections, does a request on each, and closes them after `during`. */
async function hold<T>(
  port: number,
  count: number,
  context: BenchContext,
  during: (clients: KeepaliveClient[]) => Promise<T>,
): Promise<T> {
  const clients: KeepaliveClient[] = [];
  try {
    await inGroups(count, context, async () => {
      const client = await KeepaliveClient.open(port);
      clients.push(client);
      await client.get();
    });
    return await during(clients);
  } finally {
    for (const client of clients) client.close();
  }
}

/** Does it `count` times, never more than AT_ONCE of them at once. */
async function inGroups(
  count: number,
  context: BenchContext,
  act: (i: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const work = async () => {
    while (next < count) {
      context.signal.throwIfAborted();
      await act(next++);
    }
  };
  // All of them have ended when this throws: none opens a connection that nobody closes.
  const ends = await Promise.allSettled(Array.from({ length: AT_ONCE }, work));
  const failed = ends.find((end) => end.status === "rejected");
  if (failed !== undefined) throw failed.reason;
}
