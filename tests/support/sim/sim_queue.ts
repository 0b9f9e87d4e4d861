/**
 * Proxies that share servers with few slots, each in a world of its own as threads are, and what must hold between any two turns.
 *
 * @module
 */
import { Prng } from "../../../src/base/prng.ts";
import { ConnectionCounts } from "../../../src/proxy/connection_counts.ts";
import { QueueCells } from "../../../src/proxy/queue/queue_cells.ts";
import { SimBells } from "./sim_bells.ts";
import { bodyOf, httpServing, randomExchange, type SimExchange, SimHttpClient } from "./sim_http.ts";
import { type SimPeer, SimServer } from "./sim_peer.ts";
import { SIM_FLAVOURS } from "./sim_poller.ts";
import { SimProxy } from "./sim_proxy.ts";

/** A report may be a few looks late, and a poller says a few things at a time. */
const GIVEN_STEPS_MAX = 100;

export interface SimQueuesOptions {
  readonly seed: number;
  readonly threadCount: number;
  readonly serverCount: number;
  readonly maxconn: number;
  /** Behind the address of each server, with its comma. */
  readonly serverKeys?: string;
  readonly clientCount: number;
  readonly flags?: Readonly<Record<string, string>>;
  /** Of hadro's threads: whether they can wake each other. @default {true} */
  readonly hasBells?: boolean;
  /** Clients may break off: a server learns late that what it does is of no use any more. @default {false} */
  readonly breaksOff?: boolean;
  /** Worlds may see different servers up and down: a slot may be free that only another thread has a use for. @default {false} */
  readonly disagrees?: boolean;
  readonly bufferLimit?: number;
  /** Requests have bodies, checked where they arrive. @default {false} */
  readonly hasBodies?: boolean;
}

/** A server that takes its time; how much it does at once is seen from where it is. */
export class SimBusyServer {
  readonly server: SimServer;
  readonly #busy = new Set<SimPeer>();

  constructor(sim: SimProxy, prng: Prng, index: number) {
    const { network } = sim.world;
    this.server = new SimServer(network, prng, sim.serverAddress(index), (peer) => this.#serve(peer, prng));
    sim.world.actors.push(this.server);
  }

  /** Requests that it has and has not answered wholly. */
  get busyCount(): number {
    for (const peer of this.#busy) if (peer.isOver) this.#busy.delete(peer);
    return this.#busy.size;
  }

  #serve(peer: SimPeer, prng: Prng): () => boolean {
    let cut = 0;
    return () => {
      if (peer.socket.isClosed) return false;
      peer.pumpIn();
      const end = peer.received.indexOf("\r\n\r\n", cut);
      if (end >= 0) {
        this.#busy.add(peer);
        if (prng.chance(0.1)) {
          const [, id, , size] = peer.received.slice(cut, end).split(" ")[1]!.split("/");
          cut = end + 4;
          const body = bodyOf(Number(id), "response", Number(size));
          peer.queue(`HTTP/1.1 200 OK\r\nX-Id: ${id}\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
        }
      }
      peer.pumpOut();
      if (peer.hasSentAll && peer.received.indexOf("\r\n\r\n", cut) < 0) this.#busy.delete(peer);
      if (peer.isOver && peer.hasSentAll) peer.close();
      // It works: time passes, and does not jump.
      return this.#busy.size > 0;
    };
  }
}

/** See the module's text. */
export class SimQueues {
  readonly sims: SimProxy[];
  readonly clients: SimHttpClient[] = [];
  readonly cells: readonly QueueCells[];
  readonly counts: readonly ConnectionCounts[];
  readonly servers: SimBusyServer[][] = [];
  readonly options: SimQueuesOptions;
  readonly prng: Prng;
  /** The most waiters that were seen at once. */
  waitingMax = 0;
  /** Steps of each thread since it was given a slot that it has not taken. */
  readonly #stepsGiven: number[] = [];

  constructor(options: SimQueuesOptions) {
    const { seed, threadCount, serverCount, maxconn, hasBells = true } = options;
    this.options = options;
    this.prng = new Prng(seed ^ 0x9e0e);
    const columns = { listenerCount: 1, serverCount, backendCount: 1 };
    const bells = new SimBells();
    const rows = new Int32Array(new SharedArrayBuffer(ConnectionCounts.sharedBytes(columns, threadCount)));
    const words = new Int32Array(new SharedArrayBuffer(QueueCells.sharedBytes(columns, threadCount)));
    this.counts = Array.from({ length: threadCount }, (_, i) => new ConnectionCounts(rows, columns, i));
    this.cells = this.counts.map((_, i) => new QueueCells(words, columns, threadCount, i));
    this.sims = this.counts.map((connections, i) =>
      new SimProxy({
        seed: seed * 8 + i,
        flavour: SIM_FLAVOURS[(seed + i) % SIM_FLAVOURS.length]!,
        scheme: "http",
        serverCount,
        connections,
        queueCells: this.cells[i]!,
        serverKeys: `,maxconn=${maxconn}${options.serverKeys ?? ""}`,
        flags: { "timeout-queue": "1h", "timeout-server": "1h", "timeout-client": "1h", ...options.flags },
        ...(hasBells ? { bells } : {}),
        ...(options.bufferLimit === undefined ? {} : { bufferLimit: options.bufferLimit }),
      })
    );
    for (const sim of this.sims) {
      this.#stepsGiven.push(0);
      this.#people(sim);
    }
  }

  /** Steps every world, in whatever order, until `isOver`; everything is checked after each step. */
  runUntil(isOver: () => boolean, stepsMax = 100_000): void {
    for (let i = 0; i < stepsMax; i++) {
      if (isOver()) return;
      const thread = this.prng.nextBelow(this.sims.length);
      this.sims[thread]!.world.step();
      this.check();
      this.#checkGrants(thread);
    }
    throw new Error(`Not over after ${stepsMax} steps: ${this.describe()}`);
  }

  /** Never more than maxconn; and never a free slot beside a waiter that nobody is about to serve. */
  check(): void {
    const { serverCount, maxconn } = this.options;
    const [counts, cells] = [this.counts[0]!, this.cells[0]!];
    const waiting = this.#length(serverCount);
    for (let server = 0; server < serverCount; server++) {
      const count = counts.ofServer(server);
      if (count > maxconn || count < 0) throw new Error(`server ${server} has ${count} streams`);
      const busy = this.servers.reduce((sum, ofWorld) => sum + ofWorld[server]!.busyCount, 0);
      if (busy > maxconn && this.options.breaksOff !== true) {
        throw new Error(`server ${server} does ${busy} at once`);
      }
      if (count === maxconn || this.options.disagrees === true) continue;
      const wanted = waiting + cells.length(server);
      const isPending = this.sims.some(({ proxy }) => proxy.backends.get("app")!.queue!.isPending);
      if (wanted > 0 && !isPending && this.#granted() === 0) {
        throw new Error(`lost wake-up: ${wanted} wait, server ${server} has ${count}: ${this.describe()}`);
      }
    }
    this.waitingMax = Math.max(this.waitingMax, this.#allWaiting());
  }

  /** A thread that was given a slot wakes up for it. */
  #checkGrants(thread: number): void {
    const isGiven = this.#grantedTo(thread) > 0;
    this.#stepsGiven[thread] = isGiven ? this.#stepsGiven[thread]! + 1 : 0;
    if (this.options.hasBells !== false && this.#stepsGiven[thread]! > GIVEN_STEPS_MAX) {
      throw new Error(`thread ${thread} sleeps on a slot: ${this.describe()}`);
    }
  }

  /** Nobody waits, no slot is taken or kept. */
  checkNothingLeft(): void {
    const { serverCount } = this.options;
    const left = {
      waiting: this.#allWaiting(),
      granted: this.#granted(),
      streams: Array.from({ length: serverCount }, (_, i) => this.counts[0]!.ofServer(i)).join(),
      heads: this.cells.flatMap((_, thread) =>
        Array.from({ length: serverCount + 1 }, (_, queue) => this.cells[0]!.head(queue, thread))
      ).join(),
    };
    if (left.waiting + left.granted > 0 || /[1-9]/.test(left.streams + left.heads)) {
      throw new Error(`left: ${JSON.stringify(left)}`);
    }
  }

  describe(): string {
    const { serverCount } = this.options;
    return JSON.stringify({
      lengths: Array.from({ length: serverCount + 1 }, (_, i) => this.#length(i)),
      streams: Array.from({ length: serverCount }, (_, i) => this.counts[0]!.ofServer(i)),
      granted: this.#granted(),
      clients: this.clients.filter(({ isDone }) => !isDone).map(String),
    });
  }

  #people(sim: SimProxy): void {
    const { clientCount, serverCount } = this.options;
    const { network, prng } = sim.world;
    for (let i = 0; i < clientCount; i++) {
      const exchanges = Array.from(
        { length: 1 + this.prng.nextBelow(2) },
        (_, n) => this.#exchange(i * 10 + n),
      );
      const client = new SimHttpClient(network, prng, sim.address, exchanges);
      this.clients.push(client);
      sim.world.actors.push(client);
    }
    if (this.options.hasBodies !== true) {
      this.servers.push(Array.from({ length: serverCount }, (_, i) => new SimBusyServer(sim, prng, i)));
      return;
    }
    for (let i = 0; i < serverCount; i++) {
      const serving = httpServing(prng, () => prng.chance(0.8));
      sim.world.actors.push(new SimServer(network, prng, sim.serverAddress(i), serving));
    }
  }

  #exchange(id: number): SimExchange {
    if (this.options.hasBodies === true) return randomExchange(this.prng, id);
    return {
      id,
      requestFraming: "none",
      requestBytes: 0,
      responseFraming: "length",
      responseBytes: this.prng.nextBelow(2_000),
      isEarly: false,
    };
  }

  #length(queue: number): number {
    return this.cells[0]!.length(queue);
  }

  #allWaiting(): number {
    let sum = 0;
    for (let queue = 0; queue <= this.options.serverCount; queue++) sum += this.#length(queue);
    return sum;
  }

  #granted(): number {
    return this.cells.reduce((sum, _, thread) => sum + this.#grantedTo(thread), 0);
  }

  #grantedTo(thread: number): number {
    let sum = 0;
    for (let server = 0; server < this.options.serverCount; server++) {
      sum += this.cells[0]!.grants(server, thread);
    }
    return sum;
  }
}
