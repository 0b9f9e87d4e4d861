/**
 * A heap or a wheel for the timers: nanoseconds per operation under a proxy's loads, bytes per timer, the longest turn.
 *
 *     deno run -A tests/bench/timer_queue_bench.ts [rounds]
 *
 * Each round runs every queue under every load in a process of its own: the compiler sees one queue and one load. The
 * median of the rounds counts. The time is CPU time.
 *
 *     none     a queue that does nothing: what the load itself costs; ratios of times are without it
 *     heap     src/event/timer_queue.ts
 *     placed   the same with each timer's place beside its deadline
 *     wheel    four levels of 256 slots
 *
 * @module
 */
import { TimerQueue } from "../../src/event/timer_queue.ts";
import { type AnyTimerQueue, cpuUs, type Load, LoadedQueue, LOADS } from "./timer_load.ts";
import { PlacedTimerHeap } from "./timer_heap_placed.ts";
import { TimerWheel } from "./timer_wheel.ts";

/** The loop without timers, to be subtracted. */
class NoQueue implements AnyTimerQueue {
  #releasedTimer = 0;

  create(): number {
    return this.#releasedTimer;
  }
  release(timer: number): void {
    this.#releasedTimer = timer;
  }
  arm(_timer: number, _deadlineMs: number): void {}
  cancel(_timer: number): void {}
  nextDeadlineMs(): number {
    return Infinity;
  }
  expire(_nowMs: number, _countMax: number, _expired: Int32Array): number {
    return 0;
  }
}

const QUEUES: Readonly<Record<string, () => AnyTimerQueue>> = {
  heap: () => new TimerQueue(),
  placed: () => new PlacedTimerHeap(),
  wheel: () => new TimerWheel(),
  none: () => new NoQueue(),
};

const CONNECTION_COUNTS: readonly number[] = [100, 10_000, 100_000];
/** More than the longest timeout: then the places of the timers are as they stay. */
const WARM_TURNS = 66 * 1_024;
/** More than 65.5 s of simulated time: the wheel's second level is dealt out once. */
const LONGEST_TURNS = 70 * 1_024;

/** Compiled beside the program, each process keeps whichever code its timing gave it: the same queue at 10 or at 16 ns. */
const V8_FLAGS = "--expose-gc,--no-concurrent-recompilation";

/** Figures by what they measure, in the order of the report. */
type Figures = Record<string, number>;

/** What is measured of a queue, each in a process of its own: the loads by number, the longest turns, the memory. */
const PARTS: readonly string[] = [...LOADS.keys()].map(String).concat("longest", "bytes");

/** Measures one part of one queue once. */
export function benchPart(kind: string, part: string): Figures {
  const make = QUEUES[kind];
  if (make === undefined || !PARTS.includes(part)) throw new Error(`Cannot measure ${part} of ${kind}`);
  const figures: Figures = {};
  for (const count of CONNECTION_COUNTS) {
    if (part === "bytes") figures[`bytes per timer|${count}`] = bytesPerTimer(make, count);
    else if (part === "longest") benchLongest(make, count, figures);
    else {
      const load = LOADS[Number(part)];
      figures[`${load.name}, ns per ${load.per}|${count}`] = nsPerOperation(make(), load, count);
    }
  }
  return figures;
}

function benchLongest(make: () => AnyTimerQueue, connectionCount: number, figures: Figures): void {
  for (const load of LOADS.slice(0, 3)) {
    const loaded = new LoadedQueue(make(), load, connectionCount);
    loaded.run(WARM_TURNS);
    // Of two periods the better one: the compiler works in the first.
    const longestUs = Math.min(loaded.longestTurnUs(LONGEST_TURNS), loaded.longestTurnUs(LONGEST_TURNS));
    figures[`longest turn, ${load.name}, us|${connectionCount}`] = longestUs;
  }
}

function nsPerOperation(queue: AnyTimerQueue, load: Load, connectionCount: number): number {
  const loaded = new LoadedQueue(queue, load, connectionCount);
  loaded.run(load.per === "request" ? WARM_TURNS : load.turns);
  const expiredBefore = loaded.expiredCount;
  const beginUs = cpuUs();
  loaded.run(load.turns);
  const tookUs = cpuUs() - beginUs;
  const expiries = loaded.expiredCount - expiredBefore;
  const operations = load.per === "turn" ? load.turns : load.per === "expiry" ? expiries : 32 * load.turns;
  return operations === 0 ? 0 : tookUs * 1_000 / operations;
}

/** The typed arrays; numbers that wait to be given out again are an array of 4 or 8 bytes each in every kind. */
function bytesPerTimer(make: () => AnyTimerQueue, count: number): number {
  const { gc: collectGarbage } = globalThis as unknown as { readonly gc: () => void };
  collectGarbage();
  const before = Deno.memoryUsage().external;
  const queue = make();
  for (let i = 0; i < count; i++) queue.arm(queue.create(), i);
  // The second waits for what the first gave back.
  collectGarbage();
  collectGarbage();
  const bytes = Deno.memoryUsage().external - before;
  return queue.nextDeadlineMs() < 0 ? 0 : bytes / count;
}

async function benchInProcesses(kind: string): Promise<Figures> {
  const figures: Figures = {};
  for (const part of PARTS) {
    const args = ["run", "-A", `--v8-flags=${V8_FLAGS}`, import.meta.filename!, "--one", kind, part];
    const { success, stdout } = await new Deno.Command(Deno.execPath(), { args, stderr: "inherit" }).output();
    if (!success) throw new Error(`Cannot measure ${part} of ${kind}`);
    Object.assign(figures, JSON.parse(new TextDecoder().decode(stdout)) as Figures);
  }
  return figures;
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1];
}

function print(line: string): void {
  // deno-lint-ignore no-console -- the table is what this script is for
  console.log(line);
}

/** One line a figure and number of connections: the median of each queue, and the range of the rounds. */
function report(rounds: readonly Record<string, Figures>[]): void {
  print("| what | connections | none | heap | placed | wheel | heap : wheel | placed : wheel |");
  print("| ---- | ----------: | ---: | ---: | -----: | ----: | -----------: | -------------: |");
  for (const key of Object.keys(rounds[0].heap)) {
    const [what, connections] = key.split("|");
    const of = (kind: string) => rounds.map((round) => round[kind][key]);
    const cells = ["heap", "placed", "wheel"].map((kind) => withRange(of(kind)));
    const none = median(of("none"));
    const wheel = median(of("wheel"));
    const load = what.includes(", ns per") ? none : 0;
    const ratios = ["heap", "placed"].map((kind) => showRatio(median(of(kind)) - load, wheel - load));
    print(`| ${[what, connections, show(none), ...cells, ...ratios].join(" | ")} |`);
  }
}

function withRange(numbers: readonly number[]): string {
  return `${show(median(numbers))} (${show(Math.min(...numbers))}–${show(Math.max(...numbers))})`;
}

function show(number: number): string {
  return number < 100 ? number.toFixed(1) : number.toFixed(0);
}

/** Below a nanosecond there is nothing to compare. */
function showRatio(one: number, other: number): string {
  return Math.min(one, other) < 1 ? "–" : (one / other).toFixed(2);
}

async function main(args: readonly string[]): Promise<void> {
  if (args[0] === "--one") {
    print(JSON.stringify(benchPart(args[1], args[2])));
    return;
  }
  const rounds: Record<string, Figures>[] = [];
  for (let i = 0; i < Number(args[0] ?? 7); i++) {
    const round: Record<string, Figures> = {};
    for (const kind of Object.keys(QUEUES)) round[kind] = await benchInProcesses(kind);
    rounds.push(round);
  }
  report(rounds);
}

if (import.meta.main) await main(Deno.args);
