/**
 * A proxy in a simulated world, and a client that says HTTP/2 frames as a test writes them; what comes back is told in words.
 *
 * @module
 */
import { H2Error } from "../../../src/protocol/h2/error_code.ts";
import { FrameFlag, FrameType, readUint31, readUint32 } from "../../../src/protocol/h2/frame.ts";
import { FrameScanner, ScanStatus } from "../../../src/protocol/h2/frame_scanner.ts";
import { PREFACE } from "../../../src/protocol/h2/preface.ts";
import { HpackDecoder } from "../../../src/protocol/hpack/decoder.ts";
import { HpackEncoder } from "../../../src/protocol/hpack/encoder.ts";
import { type Field, fieldsOf, frame, joined, listOf, newList } from "../h2/fields.ts";
import { settings } from "../h2/wire.ts";
import { latin1, SimPeer, SimServer } from "./sim_peer.ts";
import { SimProxy, type SimProxyOptions } from "./sim_proxy.ts";

/** A request's fields; more behind them. */
export function request(path: string, method = "GET", ...more: Field[]): Field[] {
  return [[":method", method], [":scheme", "http"], [":path", path], [":authority", "sim"], ...more];
}

/** Steps without a move after which everything that was under way has arrived. */
const STILL_STEPS = 6;

/** See the module's text. */
export class RawH2 {
  readonly sim: SimProxy;
  readonly peer: SimPeer;
  readonly server: SimServer;
  /** What servers were sent, per connection. */
  readonly #encoder = new HpackEncoder(4_096);
  readonly #decoder = new HpackDecoder(4_096);
  readonly #scanner = new FrameScanner(false);
  #scanned = 0;
  #unscanned = new Uint8Array(0);
  #isReading = true;

  /** @param answer What the server says to each request: null for nothing. @param readsRequests Or the server reads nothing at all. */
  constructor(
    answer: (head: string) => string | null,
    options: Partial<SimProxyOptions> = {},
    first: Uint8Array = joined(PREFACE, settings([])),
    readsRequests = true,
  ) {
    this.sim = new SimProxy({
      ...{ seed: 1, flavour: "edge", scheme: "http", serverCount: 1, fdCapacity: 256, pipeBytes: 30_000 },
      ...options,
    });
    const { world } = this.sim;
    this.peer = new SimPeer(world.network.connect(this.sim.address), world.prng);
    this.server = new SimServer(world.network, world.prng, this.sim.serverAddress(0), (peer) => {
      let cut = 0;
      return () => {
        const hasMoved = [readsRequests && peer.pumpIn(), peer.pumpOut()].includes(true);
        const end = peer.received.indexOf("\r\n\r\n", cut);
        if (end >= 0) {
          const text = answer(peer.received.slice(cut, end + 4));
          cut = end + 4;
          if (text !== null) peer.queue(text);
        }
        if (peer.isOver && peer.hasSentAll) peer.close();
        return hasMoved || end >= 0;
      };
    });
    world.actors.push(this.server, {
      isDone: true,
      act: () => [this.peer.pumpOut(), this.#isReading && this.peer.pumpIn()].includes(true),
    });
    this.peer.queue(first);
  }

  /** Stops to read, or reads again. */
  read(isReading: boolean): void {
    this.#isReading = isReading;
  }

  /** Queues frames. */
  say(...frames: Uint8Array[]): this {
    this.peer.queue(joined(...frames));
    return this;
  }

  /** The block of a list of fields. */
  block(fields: readonly Field[]): Uint8Array {
    const out = new Uint8Array(65_536);
    return out.slice(0, this.#encoder.encode(listOf(fields, newList(65_536, 1_200)), out, 0, out.length));
  }

  /** HEADERS that begin a request and, unless told otherwise, end it. */
  headers(streamId: number, fields: readonly Field[], flags: number = 5): Uint8Array {
    return frame(FrameType.HEADERS, flags, streamId, this.block(fields));
  }

  /** Lets everything that is under way arrive, and returns what hadro said since the last call, one text a frame. */
  hears(): string[] {
    // Not so long that time would jump to the next timer.
    for (let stillSteps = 0; stillSteps < STILL_STEPS;) {
      stillSteps = this.sim.world.step() ? 0 : stillSteps + 1;
    }
    return this.#tell();
  }

  /** The same after a few steps, whatever is still under way. */
  glimpse(steps: number): string[] {
    for (let i = 0; i < steps; i++) this.sim.world.step();
    return this.#tell();
  }

  #tell(): string[] {
    const bytes = joined(this.#unscanned, latin1(this.peer.received.slice(this.#scanned)));
    this.#scanned = this.peer.received.length;
    const told: string[] = [];
    let at = 0;
    for (;;) {
      const status = this.#scanner.next(bytes, at, bytes.length);
      at = this.#scanner.position;
      if (status === ScanStatus.NEED_MORE) break;
      if (status === ScanStatus.ERROR) {
        throw new Error(`hadro sent a frame with fault ${this.#scanner.fault}`);
      }
      if (status !== ScanStatus.DATA && status !== ScanStatus.FRAME) continue;
      const text = this.#describe(bytes);
      const last = /^DATA (\d+) (\d+)$/.exec(told.at(-1) ?? "");
      const next = /^DATA (\d+) (\d+)( END)?$/.exec(text);
      // A body that came in pieces is one.
      if (last !== null && next !== null && last[1] === next[1]) {
        told[told.length - 1] = `DATA ${next[1]} ${Number(last[2]) + Number(next[2])}${next[3] ?? ""}`;
      } else told.push(text);
    }
    this.#unscanned = bytes.slice(at);
    if (this.peer.isOver) told.push(this.peer.error === 0 ? "END" : "RESET");
    return told;
  }

  /** The same without what every connection begins with. */
  answers(): string[] {
    return this.hears().filter((text) => text !== "SETTINGS" && text !== "SETTINGS ACK");
  }

  /** Ends the client and the proxy; nothing is left. */
  end(): void {
    this.peer.close();
    this.sim.end(true);
  }

  #describe(bytes: Uint8Array): string {
    const { type, flags, streamId, payloadStart: start, payloadEnd: end } = this.#scanner;
    const isEnd = (flags & FrameFlag.END_STREAM) !== 0 ? " END" : "";
    switch (type) {
      case FrameType.DATA:
        return `DATA ${streamId} ${end - start}${isEnd}`;
      case FrameType.HEADERS: {
        const list = newList();
        this.#decoder.decode(bytes, start, end, list);
        const [first, ...rest] = fieldsOf(list);
        const text = first![0] === ":status"
          ? first![1]
          : [first!, ...rest].map(([n, v]) => `${n}=${v}`).join(",");
        return `HEADERS ${streamId} ${text}${isEnd}`;
      }
      case FrameType.RST_STREAM:
        return `RST_STREAM ${streamId} ${nameOf(readUint32(bytes, start))}`;
      case FrameType.SETTINGS:
        return isEnd === "" ? "SETTINGS" : "SETTINGS ACK";
      case FrameType.PING:
        return isEnd === "" ? "PING" : "PING ACK";
      case FrameType.GOAWAY:
        return `GOAWAY ${readUint31(bytes, start)} ${nameOf(readUint32(bytes, start + 4))}`;
      case FrameType.WINDOW_UPDATE:
        return `WINDOW_UPDATE ${streamId} ${readUint31(bytes, start)}`;
      default:
        return `type ${type}`;
    }
  }
}

function nameOf(code: number): string {
  return Object.keys(H2Error)[code] ?? String(code);
}

/** A server's answer with a body of this length. */
export function answerOf(sizeBytes: number): string {
  return `HTTP/1.1 200 OK\r\nContent-Length: ${sizeBytes}\r\n\r\n${"x".repeat(sizeBytes)}`;
}

/** What hadro says to frames after the preface; the server answers every head. */
export function answers(
  say: (raw: RawH2) => Uint8Array[],
  flags: Record<string, string> = {},
  answer: (head: string) => string | null = () => answerOf(5),
): string[] {
  const raw = new RawH2(answer, { flags });
  raw.say(...say(raw));
  const told = raw.answers();
  raw.end();
  return told;
}
