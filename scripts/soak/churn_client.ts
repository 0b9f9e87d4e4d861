/**
 * A client without manners: each of its connections is made up by a seeded generator.
 *
 *     sends    a valid request | several at once | one cut short | one with bytes changed | noise | nothing
 *     in       one to four pieces, with pauses
 *     waits    not at all | for some bytes | a while
 *     ends by  reset | end | half-close, then end
 *
 * node:net, since Deno's own sockets cannot reset.
 *
 * @module
 */
import { connect, type Socket } from "node:net";
import { Prng } from "../../src/base/prng.ts";
import { sleep } from "./soak_case.ts";

const CONNECT_MS_MAX = 5_000;
const PAUSE_MS_MAX = 5;
const WAIT_MS_MAX = 60;
/** Longer than the timeouts of the case. */
const LONG_WAIT_MS = 2_500;

const VALID = [
  "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n",
  "HEAD /bytes/100 HTTP/1.1\r\nHost: a.test\r\n\r\n",
  "GET /bytes/100000 HTTP/1.1\r\nHost: a.test\r\nAccept: */*\r\n\r\n",
  "GET /bytes/3000000 HTTP/1.1\r\nHost: a.test\r\n\r\n",
  "GET /chunked/50000 HTTP/1.1\r\nHost: a.test\r\n\r\n",
  "GET /cut/20000 HTTP/1.1\r\nHost: a.test\r\n\r\n",
  "GET /close HTTP/1.1\r\nHost: a.test\r\n\r\n",
  "GET /delay/30 HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n",
  "GET / HTTP/1.0\r\n\r\n",
  "POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 11\r\n\r\nhello world",
  `POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 60000\r\n\r\n${"p".repeat(60_000)}`,
  "POST / HTTP/1.1\r\nHost: a.test\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nhi",
  "POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
  "GET /chat HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
  `GET / HTTP/1.1\r\nHost: a.test\r\nX-Long: ${"x".repeat(14_000)}\r\n\r\n`,
] as const;

type Ending = "reset" | "end" | "half-close";

export interface ChurnPorts {
  readonly http: number;
  readonly tcp: number;
}

/** See the module's text. */
export class ChurnClient {
  /** How often what was done. */
  readonly counts = new Map<string, number>();
  readonly #ports: ChurnPorts;
  readonly #prng: Prng;

  constructor(ports: ChurnPorts, seed: number) {
    this.#ports = ports;
    this.#prng = new Prng(seed);
  }

  async run(untilMs: number): Promise<void> {
    while (performance.now() < untilMs) await this.#connection();
  }

  async #connection(): Promise<void> {
    const prng = this.#prng;
    const socket = connect(prng.chance(0.2) ? this.#ports.tcp : this.#ports.http, "127.0.0.1");
    const seen = new Seen(socket);
    await Promise.race([seen.connected, seen.closed, sleep(CONNECT_MS_MAX)]);
    const { kind, bytes } = this.#makeUp();
    this.#count(`connections that sent ${kind}`);
    for (const piece of this.#cutUp(bytes)) {
      if (seen.isClosed) break;
      socket.write(piece);
      if (prng.chance(0.5)) await sleep(prng.nextBelow(PAUSE_MS_MAX));
    }
    await this.#wait(seen);
    await this.#end(socket, seen);
  }

  #makeUp(): { kind: string; bytes: Uint8Array } {
    const prng = this.#prng;
    const valid = () => bytesOf(VALID[prng.nextBelow(VALID.length)]!);
    switch (prng.nextBelow(8)) {
      case 0:
        return { kind: "nothing", bytes: new Uint8Array(0) };
      case 1: {
        const bytes = new Uint8Array(1 + prng.nextBelow(2_000));
        for (let i = 0; i < bytes.length; i++) bytes[i] = prng.nextBelow(256);
        return { kind: "noise", bytes };
      }
      case 2: {
        const bytes = valid();
        return { kind: "half a request", bytes: bytes.subarray(0, prng.nextBelow(bytes.length)) };
      }
      case 3: {
        const bytes = valid();
        for (let i = 1 + prng.nextBelow(3); i > 0; i--) {
          bytes[prng.nextBelow(Math.min(bytes.length, 120))] = prng.nextBelow(256);
        }
        return { kind: "a damaged request", bytes };
      }
      case 4:
        return {
          kind: "several requests",
          bytes: bytesOf(latin1(valid()) + latin1(valid()) + latin1(valid())),
        };
      default:
        return { kind: "a valid request", bytes: valid() };
    }
  }

  #cutUp(bytes: Uint8Array): Uint8Array[] {
    const cuts = Array.from(
      { length: this.#prng.nextBelow(4) },
      () => this.#prng.nextBelow(bytes.length + 1),
    );
    const places = [0, ...cuts.sort((a, b) => a - b), bytes.length];
    return places.slice(1).map((end, index) => bytes.subarray(places[index]!, end));
  }

  async #wait(seen: Seen): Promise<void> {
    const prng = this.#prng;
    const choice = prng.nextBelow(100);
    if (choice < 30) return;
    if (choice < 60) await Promise.race([seen.data, seen.closed, sleep(WAIT_MS_MAX)]);
    else if (choice < 99) await Promise.race([seen.closed, sleep(prng.nextBelow(WAIT_MS_MAX))]);
    else await Promise.race([seen.closed, sleep(LONG_WAIT_MS)]);
  }

  async #end(socket: Socket, seen: Seen): Promise<void> {
    const ending: Ending = (["reset", "end", "half-close"] as const)[this.#prng.nextBelow(3)]!;
    this.#count(seen.isClosed ? "connections ended by hadro" : `connections ended by ${ending}`);
    if (ending === "half-close" && !seen.isClosed) {
      socket.end();
      await Promise.race([seen.closed, sleep(this.#prng.nextBelow(WAIT_MS_MAX))]);
    }
    if (ending === "reset" && !seen.isClosed) socket.resetAndDestroy();
    else socket.destroy();
    await seen.closed;
  }

  #count(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  }
}

/** What has happened to a socket, as promises. */
class Seen {
  isClosed = false;
  readonly connected: Promise<void>;
  readonly data: Promise<void>;
  readonly closed: Promise<void>;

  constructor(socket: Socket) {
    this.connected = new Promise((resolve) => socket.once("connect", () => resolve()));
    this.data = new Promise((resolve) => socket.once("data", () => resolve()));
    this.closed = new Promise((resolve) => {
      socket.once("close", () => {
        this.isClosed = true;
        resolve();
      });
    });
    // Resets by hadro are fine here; without a listener they would end this process.
    socket.on("error", () => {});
    socket.on("data", () => {});
  }
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function latin1(bytes: Uint8Array): string {
  return new TextDecoder("latin1").decode(bytes);
}
