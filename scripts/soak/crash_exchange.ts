/**
 * The ground that the exchanges of the crash case stand on: who is asked, connections that are closed for certain, and one request with its
 * answer, checked to the last byte.
 *
 * @module
 */
import type { Prng } from "../../src/base/prng.ts";
import { ByteChecker, crcOfStream } from "./crash_bytes.ts";
import { Cut, type Target, Wire, Wrong } from "./crash_wire.ts";

/** hadro's own answers while servers die. */
const REFUSAL = /^HTTP\/1\.1 (408|502|503|504) /;

/** The listeners of hadro. */
export interface Targets {
  readonly http: number;
  readonly tcp: number;
  readonly unix: string;
}

/** hadro answered by itself that there is no server: allowed, and the end of an exchange. */
export class Refused extends Error {
  override readonly name = "Refused";
}

/** Counts of what was done, until they are told. */
export class Tally {
  #counts: Record<string, number> = {};

  add(what: string, count = 1): void {
    this.#counts[what] = (this.#counts[what] ?? 0) + count;
  }

  /** Those since the last time. */
  take(): Record<string, number> {
    const counts = this.#counts;
    this.#counts = {};
    return counts;
  }
}

/** What was asked for. */
export interface Ask {
  readonly kind: "data" | "chunked" | "cut" | "sink" | "echo" | "duplex";
  readonly id: number;
  readonly size: number;
  readonly closes?: boolean;
  /** Of a sink: whether the body goes in chunks. */
  readonly isChunked?: boolean;
}

/** One exchange: its connections, its dice, and the numbers of its streams. */
export class Exchange {
  readonly prng: Prng;
  readonly tally: Tally;
  /** Whom it asks. */
  readonly target: Target;
  /** Whether hadro may answer by itself. */
  readonly #isHttp: boolean;
  readonly #wires: Wire[] = [];
  readonly #nextId: () => number;

  constructor(prng: Prng, tally: Tally, target: Target, isHttp: boolean, nextId: () => number) {
    this.prng = prng;
    this.tally = tally;
    this.target = target;
    this.#isHttp = isHttp;
    this.#nextId = nextId;
  }

  nextId(): number {
    return this.#nextId();
  }

  /** From `low` to `high`, small ones as often as large ones. */
  size(low: number, high: number): number {
    return Math.floor(low * (high / low) ** this.prng.nextFloat());
  }

  /** A connection that {@linkcode Exchange.close} closes. */
  async connect(): Promise<Wire> {
    const wire = await Wire.connect(this.target);
    this.#wires.push(wire);
    return wire;
  }

  /** For how long nothing has moved on any of its connections. */
  get silentMs(): number {
    return performance.now() - Math.max(0, ...this.#wires.map(({ lastMovedMs }) => lastMovedMs));
  }

  /** Closes all connections: what still waits for one of them fails. */
  close(): void {
    for (const wire of this.#wires) wire.close();
  }

  /** Sends the head of a GET. */
  sendGet(wire: Wire, ask: Ask): Promise<void> {
    return wire.write(headOf(ask));
  }

  /** Reads the answer to {@linkcode Exchange.sendGet}, data or chunked; `pace` is waited for at each piece. */
  async readAnswer(wire: Wire, ask: Ask, pace?: () => Promise<void>): Promise<void> {
    const head = await this.readHead(wire, ask);
    const checker = new ByteChecker(ask.id);
    const take = (bytes: Uint8Array) => {
      checkNext(checker, bytes);
      return pace?.();
    };
    const length = /^content-length: *(\d+)\r$/im.exec(head)?.[1];
    if (length !== undefined && Number(length) === ask.size) await wire.readBody(ask.size, take);
    else if (length === undefined && /^transfer-encoding: *chunked\r$/im.test(head)) {
      await wire.readChunks(take);
    } else {throw new Wrong(
        `the answer of ${ask.size} bytes to ${ask.id} has the head ${JSON.stringify(head)}`,
      );}
    if (checker.receivedBytes !== ask.size) {
      throw new Wrong(`the answer to ${ask.id} has ${checker.receivedBytes} bytes, not ${ask.size}`);
    }
    this.verified(ask.size);
  }

  /** Sends a body to a sink, and reads what it got. */
  async upload(wire: Wire, ask: Ask): Promise<void> {
    const { id, size, isChunked = false } = ask;
    await wire.write(headOf(ask));
    await wire.writeStream(~id, size, { pieceBytes: this.size(100, 65_536), isChunked });
    const head = await this.readHead(wire, ask);
    const length = Number(/^content-length: *(\d+)\r$/im.exec(head)?.[1] ?? NaN);
    if (!(length > 0 && length < 100)) throw new Wrong(`the answer to an upload: ${JSON.stringify(head)}`);
    let text = "";
    await wire.readBody(length, (bytes) => {
      text += new TextDecoder().decode(bytes);
    });
    this.checkReceipt(ask, text);
  }

  /** Whether a server got stream ~id whole. @throws {Wrong} */
  checkReceipt({ id, size }: Ask, text: string): void {
    const wanted = `${id} ${size} ${crcOfStream(~id, size)}`;
    if (text !== wanted) {
      throw new Wrong(`the server got ${JSON.stringify(text)}, not ${JSON.stringify(wanted)}`);
    }
    this.verified(size);
  }

  /** The head of an answer that is the one to `ask`. @throws {Refused} {@link Wrong} {@link Cut} */
  async readHead(wire: Wire, { id, kind }: Ask): Promise<string> {
    const head = await wire.readHead();
    if (head === null) throw new Cut("end before an answer");
    const refusal = REFUSAL.exec(head)?.[1];
    if (refusal !== undefined && !/^x-first:/im.test(head) && this.#isHttp) {
      throw new Refused(refusal);
    }
    const status = kind === "echo" || kind === "duplex" ? "101" : "200";
    const first = /^x-first: (\d+)\r$/im.exec(head)?.[1];
    const last = /^x-last: (\d+)\r$/im.exec(head)?.[1];
    if (!head.startsWith(`HTTP/1.1 ${status} `) || first !== String(id) || last !== String(id)) {
      throw new Wrong(`the answer to ${kind} ${id} has the head ${JSON.stringify(head)}`);
    }
    return head;
  }

  /** Nothing may come that was not asked for; a timeout of hadro is no answer. @throws {Wrong} */
  checkSilence(wire: Wire): void {
    const more = wire.surplus;
    if (more !== "" && !more.startsWith("HTTP/1.1 408 ")) {
      throw new Wrong(`behind the last answer comes ${JSON.stringify(more.slice(0, 100))}`);
    }
  }

  /** Counts an answer that is right. */
  verified(bytes: number): void {
    this.tally.add("requests verified");
    this.tally.add("bytes verified", bytes);
  }
}

/** @throws {Wrong} */
export function checkNext(checker: ByteChecker, bytes: Uint8Array): void {
  const wrong = checker.take(bytes);
  if (wrong !== null) throw new Wrong(wrong);
}

/** The head of a request; see crash_server.ts. */
export function headOf({ kind, id, size, closes = false, isChunked = false }: Ask): string {
  const isSink = kind === "sink";
  const isTunnel = kind === "echo" || kind === "duplex";
  const fields = [
    `${isSink ? "POST" : "GET"} /${kind}/${id}${isSink || kind === "echo" ? "" : `/${size}`} HTTP/1.1`,
    `Host: ${id}.soak.test`,
    `X-First: ${id}`,
    ...(isSink ? [isChunked ? "Transfer-Encoding: chunked" : `Content-Length: ${size}`] : []),
    ...(isTunnel ? ["Connection: Upgrade", "Upgrade: soak"] : []),
    ...(closes ? ["Connection: close"] : []),
    `X-Last: ${id}`,
  ];
  return `${fields.join("\r\n")}\r\n\r\n`;
}
