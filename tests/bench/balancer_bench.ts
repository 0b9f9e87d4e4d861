/**
 * What a choice costs: nanoseconds by algorithm and number of servers; and of three ways to hash, how even they are.
 *
 *     deno run -A tests/bench/balancer_bench.ts [rounds]
 *
 * Each algorithm and size runs in a process of its own: the compiler sees one. The median of the rounds counts.
 *
 * @module
 */
import { keyOf } from "../../src/proxy/balance/hash_key.ts";
import type { BalanceAlgorithm } from "../../src/config/model.ts";
import { Farm } from "../support/balance/farm.ts";
import { HashRing, type KeyChooser, Rendezvous } from "./hash_ring.ts";

const ALGORITHMS: readonly string[] = ["roundrobin", "leastconn", "random", "first", "least-time", "uri"];
const OTHERS: readonly string[] = ["uri, bounded", "uri, half down", "ring", "rendezvous"];
const SERVER_COUNTS: readonly number[] = [3, 100, 1_000];
const SAMPLE_MS = 300;

interface Figures {
  readonly choiceNs: number;
  readonly buildMs: number;
  /** How far the busiest server is above its share, in percent, of many keys. */
  readonly unevenPercent: number;
}

function newChooser(kind: string, count: number): KeyChooser {
  const names = Array.from({ length: count }, (_, i) => `10.0.${i >> 8}.${i & 255}:80`);
  if (kind === "ring") return new HashRing(names);
  if (kind === "rendezvous") return new Rendezvous(names);
  const algorithm = kind.split(",")[0] as BalanceAlgorithm;
  const hashBalanceFactor = kind.endsWith("bounded") ? 125 : 0;
  const servers = names.map((hashName, i) => ({ hashName, usable: !kind.endsWith("down") || i % 2 === 0 }));
  // Nobody stays: the sum of loads, which a test's farm adds up each time, is known.
  const { balancer } = new Farm(algorithm, hashBalanceFactor === 0 ? servers : [], { hashBalanceFactor });
  if (hashBalanceFactor === 0) return { choose: (key) => balancer.choose(null, key) };
  return newBounded(servers, hashBalanceFactor);
}

function newBounded(
  servers: readonly { hashName: string; usable: boolean }[],
  hashBalanceFactor: number,
): KeyChooser {
  const farm = new Farm("uri", servers, { hashBalanceFactor });
  Object.defineProperty(farm.servers, "reduce", { value: () => 0 });
  return { choose: (key) => farm.balancer.choose(null, key) };
}

function measure(kind: string, count: number): Figures {
  const beganMs = performance.now();
  const chooser = newChooser(kind, count);
  const buildMs = performance.now() - beganMs;
  const shares = new Float64Array(count);
  for (let i = 0; i < 1_000_000; i++) shares[chooser.choose(keyOf(i))]!++;
  const unevenPercent = (Math.max(...shares) / (1_000_000 / count) - 1) * 100;
  let choices = 0;
  const startMs = performance.now();
  while (performance.now() - startMs < SAMPLE_MS) {
    for (let i = 0; i < 1_000; i++) shares[chooser.choose(keyOf(choices + i))]!++;
    choices += 1_000;
  }
  return { choiceNs: ((performance.now() - startMs) * 1e6) / choices, buildMs, unevenPercent };
}

async function measureApart(kind: string, count: number): Promise<Figures> {
  const args = ["run", "-A", new URL(import.meta.url).pathname, "measure", kind, String(count)];
  const { stdout } = await new Deno.Command(Deno.execPath(), { args, stderr: "inherit" }).output();
  return JSON.parse(new TextDecoder().decode(stdout)) as Figures;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!;
}

function write(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}

if (Deno.args[0] === "measure") {
  write(JSON.stringify(measure(Deno.args[1]!, Number(Deno.args[2]))));
} else if (import.meta.main) {
  const rounds = Number(Deno.args[0] ?? 5);
  write(
    "| algorithm | servers | ns per choice | build, ms | busiest above its share |\n| --- | --: | --: | --: | --: |",
  );
  for (const kind of [...ALGORITHMS, ...OTHERS]) {
    for (const count of SERVER_COUNTS) {
      const all: Figures[] = [];
      for (let round = 0; round < rounds; round++) all.push(await measureApart(kind, count));
      const of = (figure: keyof Figures) => median(all.map((one) => one[figure]));
      const uneven = OTHERS.concat("uri").includes(kind) && !kind.endsWith("down")
        ? `${of("unevenPercent").toFixed(1)} %`
        : "";
      write(
        `| ${kind} | ${count} | ${of("choiceNs").toFixed(1)} | ${of("buildMs").toFixed(1)} | ${uneven} |`,
      );
    }
  }
}
