/**
 * A client process of the crash case: some exchanges side by side, each chosen by dice with a seed, until it is killed or its standard
 * input ends.
 *
 * Argument: a {@linkcode ClientPlan} as JSON. Tells counts ten times a second, and what is wrong at once.
 *
 * @module
 */
import { Prng } from "../../src/base/prng.ts";
import { Exchange, Refused, Tally, type Targets } from "./crash_exchange.ts";
import { type ExchangeKind, EXCHANGES } from "./crash_exchanges.ts";
import { writeReport } from "./crash_report.ts";
import { Cut, Wrong } from "./crash_wire.ts";
import { sleep } from "./soak_case.ts";

export interface ClientPlan {
  /** 1 to 65,535, another for each process: streams are numbered with it. */
  readonly number: number;
  readonly seed: number;
  readonly targets: Targets;
  /** How long hadro lets a connection be silent. */
  readonly timeoutMs: number;
}

const LANES = 12;
const REPORT_MS = 100;
/** Nothing that is cut waits so long for it: see {@linkcode ClientPlan.timeoutMs}. */
const EXCHANGE_MS_MAX = 60_000;
/** After a cut, so that a hadro that is gone is not asked ten thousand times a second. */
const PAUSE_MS = 5;
const WEIGHT_SUM = EXCHANGES.reduce((sum, { weight }) => sum + weight, 0);

async function main(plan: ClientPlan): Promise<void> {
  const tally = new Tally();
  let isOver = false;
  let idCount = 0;
  const nextId = () => (plan.number << 16 | (idCount++ & 0xffff)) >>> 0;
  const lane = async (index: number) => {
    const prng = new Prng(plan.seed + plan.number * LANES + index);
    while (!isOver) await runOne(plan, prng, tally, nextId);
  };
  setInterval(() => {
    const counts = tally.take();
    if (Object.keys(counts).length > 0) writeReport({ counts });
  }, REPORT_MS);
  const lanes = Promise.all(Array.from({ length: LANES }, (_, index) => lane(index)));
  while (await Deno.stdin.read(new Uint8Array(64)) !== null);
  isOver = true;
  await lanes;
  writeReport({ counts: tally.take() });
  Deno.exit(0);
}

async function runOne(plan: ClientPlan, prng: Prng, tally: Tally, nextId: () => number): Promise<void> {
  const kind = choose(prng);
  const listener = kind.listeners[prng.nextBelow(kind.listeners.length)]!;
  const exchange = new Exchange(prng, tally, plan.targets[listener], listener !== "tcp", nextId);
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    exchange.close();
  }, EXCHANGE_MS_MAX);
  try {
    await kind.run(exchange);
    tally.add(`${kind.name}: well`);
  } catch (error) {
    const what = `${kind.name} on ${listener}`;
    if (isLate) {
      tally.add("exchanges without an end");
      writeReport({ note: `${what}: no end in ${EXCHANGE_MS_MAX} ms` });
    } else if (error instanceof Refused) tally.add(`answered with ${error.message}`);
    else if (error instanceof Cut) {
      tally.add(`${kind.name}: cut`);
      const silentMs = exchange.silentMs;
      if (silentMs > 0.8 * plan.timeoutMs) {
        tally.add("cut after a timeout of silence");
        writeReport({ note: `${what}: ${error.message}, ${silentMs.toFixed(0)} ms after the last byte` });
      }
      await sleep(PAUSE_MS);
    } else if (error instanceof Wrong) writeReport({ wrong: `${what}: ${error.message}` });
    else throw error;
  } finally {
    clearTimeout(timer);
    exchange.close();
  }
}

function choose(prng: Prng): ExchangeKind {
  let left = prng.nextBelow(WEIGHT_SUM);
  return EXCHANGES.find(({ weight }) => (left -= weight) < 0)!;
}

if (import.meta.main) await main(JSON.parse(Deno.args[0]!) as ClientPlan);
