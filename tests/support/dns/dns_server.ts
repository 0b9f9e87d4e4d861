/**
 * A small DNS server over UDP and TCP on one port of this machine, which answers A, AAAA and SRV as a test tells it. It counts queries.
 *
 * Written apart from src/net/dns: what both get wrong alike would be no bug that a test finds.
 *
 * @module
 */
import { createSocket, type Socket } from "node:dgram";

/** What it does about a question. */
export type Zone =
  /** Records, one a line: an address, or `priority weight port target`. None: an answer without records. */
  | readonly string[]
  | "NXDOMAIN"
  | "SERVFAIL"
  | "REFUSED"
  /** No answer at all. */
  | "SILENCE"
  /** The question again, and then bytes that are no record. */
  | "GARBAGE";

const CODES: Readonly<Record<string, number>> = { NXDOMAIN: 3, SERVFAIL: 2, REFUSED: 5 };
const TYPES: Readonly<Record<number, string>> = { 1: "A", 28: "AAAA", 33: "SRV" };

/** See the module's text. */
export class DnsServer {
  /** Questions that came, as `app.test A`; over TCP with ` tcp` behind it. */
  readonly asked: string[] = [];
  /** Longer answers than this do not go over UDP. */
  udpBytesMax = 1_232;
  /** Addresses of targets go along with SRV records. */
  sendsAlong = false;
  readonly #zones = new Map<string, Zone>();
  readonly #udp: Socket;
  readonly #tcp: Deno.TcpListener;
  readonly #conns = new Set<Deno.Conn>();
  #wakers: (() => void)[] = [];

  private constructor(udp: Socket, tcp: Deno.TcpListener) {
    this.#udp = udp;
    this.#tcp = tcp;
    udp.on("message", (bytes: Uint8Array, from: { port: number; address: string }) => {
      const answer = this.#answer(bytes, false);
      if (answer !== null) udp.send(answer, from.port, from.address);
    });
    this.#accept();
  }

  static async start(): Promise<DnsServer> {
    for (;;) {
      const udp = createSocket("udp4");
      const bound = Promise.withResolvers<void>();
      udp.bind(0, "127.0.0.1", () => bound.resolve());
      await bound.promise;
      try {
        return new DnsServer(udp, Deno.listen({ hostname: "127.0.0.1", port: udp.address().port }));
      } catch {
        udp.close(); // somebody has that port for TCP
      }
    }
  }

  get port(): number {
    return this.#udp.address().port;
  }

  /** From now on a question, as `app.test A`, is answered so; without a type all of them are. A name that is not set is NXDOMAIN. */
  set(question: string, zone: Zone): void {
    this.#zones.set(question, zone);
  }

  /** Waits until `count` more questions that match came. */
  async asks(pattern: RegExp, count = 1): Promise<void> {
    const from = this.asked.length;
    while (this.asked.slice(from).filter((question) => pattern.test(question)).length < count) {
      const woken = Promise.withResolvers<void>();
      this.#wakers.push(woken.resolve);
      await woken.promise;
    }
  }

  stop(): void {
    this.#udp.close();
    this.#tcp.close();
    for (const conn of this.#conns) conn.close();
    this.#conns.clear();
  }

  async #accept(): Promise<void> {
    for await (const conn of this.#tcp) {
      this.#conns.add(conn);
      this.#serve(conn).catch(() => {}).finally(() => {
        if (this.#conns.delete(conn)) conn.close();
      });
    }
  }

  async #serve(conn: Deno.Conn): Promise<void> {
    const bytes = new Uint8Array(1_024);
    let length = 0;
    while (length < 2 || length < 2 + (bytes[0]! * 256 + bytes[1]!)) {
      const count = await conn.read(bytes.subarray(length));
      if (count === null) return;
      length += count;
    }
    const answer = this.#answer(bytes.subarray(2, length), true);
    if (answer === null) return;
    await conn.write(Uint8Array.from([answer.length >> 8, answer.length & 255, ...answer]));
  }

  /** Null: it says nothing. */
  #answer(query: Uint8Array, isTcp: boolean): Uint8Array | null {
    const labels: string[] = [];
    let at = 12;
    while (query[at]! > 0) {
      labels.push(new TextDecoder().decode(query.subarray(at + 1, at + 1 + query[at]!)));
      at += query[at]! + 1;
    }
    const name = labels.join(".").toLowerCase();
    const type = TYPES[query[at + 1]! * 256 + query[at + 2]!] ?? "?";
    this.asked.push(`${name} ${type}${isTcp ? " tcp" : ""}`);
    for (const wake of this.#wakers.splice(0)) wake();
    const zone = this.#zones.get(`${name} ${type}`) ?? this.#zones.get(name) ?? "NXDOMAIN";
    if (zone === "SILENCE") return null;
    const question = query.subarray(12, at + 5);
    if (zone === "GARBAGE") {
      return Uint8Array.from([
        query[0]!,
        query[1]!,
        0x81,
        0x80,
        0,
        1,
        0,
        9,
        0,
        0,
        0,
        0,
        ...question,
        0xff,
        0xff,
      ]);
    }
    const records = typeof zone === "string" ? [] : zone.map((text) => recordBytes(type, text));
    const along = this.sendsAlong && type === "SRV" && typeof zone !== "string" ? this.#along(zone) : [];
    const head = (
      flags: number,
      counts: readonly number[],
    ) => [
      query[0]!,
      query[1]!,
      0x81 | flags,
      0x80 | (typeof zone === "string" ? CODES[zone]! : 0),
      0,
      1,
      ...counts,
    ];
    const whole = Uint8Array.from([
      ...head(0, [records.length >> 8, records.length & 255, 0, 0, 0, along.length]),
      ...question,
      ...records.flat(),
      ...along.flat(),
    ]);
    if (isTcp || whole.length <= this.udpBytesMax) return whole;
    return Uint8Array.from([...head(2, [0, 0, 0, 0, 0, 0]), ...question]);
  }

  #along(services: readonly string[]): number[][] {
    return services.flatMap((text) => {
      const target = text.split(" ")[3]!;
      const zone = this.#zones.get(`${target} A`) ?? this.#zones.get(target) ?? [];
      return typeof zone === "string"
        ? []
        : zone.map((address) => recordBytes("A", address, nameBytes(target)));
    });
  }
}

/** @param owner The question's name unless told. */
function recordBytes(type: string, text: string, owner: readonly number[] = [0xc0, 12]): number[] {
  const code = type === "A" ? 1 : type === "AAAA" ? 28 : 33;
  const data = dataBytes(type, text);
  return [...owner, 0, code, 0, 1, 0, 0, 0, 5, data.length >> 8, data.length & 255, ...data];
}

function dataBytes(type: string, text: string): number[] {
  if (type === "A") return text.split(".").map(Number);
  if (type === "AAAA") {
    const [head, tail = ""] = text.split("::");
    const groups = (part: string) => part === "" ? [] : part.split(":").map((group) => parseInt(group, 16));
    const [front, back] = [groups(head!), groups(tail)];
    const middle = new Array<number>(8 - front.length - back.length).fill(0);
    return [...front, ...middle, ...back].flatMap((group) => [group >> 8, group & 255]);
  }
  const [priority, weight, port, target] = text.split(" ");
  return [
    ...[priority, weight, port].flatMap((n) => [Number(n) >> 8, Number(n) & 255]),
    ...nameBytes(target!),
  ];
}

function nameBytes(name: string): number[] {
  return [...name.split(".").flatMap((label) => [label.length, ...new TextEncoder().encode(label)]), 0];
}
