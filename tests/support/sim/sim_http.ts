/**
 * HTTP actors that check what they get: every response is a function of its request, so a byte lost, doubled, reordered or
 * sent to somebody else shows.
 *
 * @module
 */
import type { Prng } from "../../../src/base/prng.ts";
import type { SocketAddress } from "../../../src/event/poller.ts";
import type { SimNetwork } from "./sim_network.ts";
import { SimPeer } from "./sim_peer.ts";
import type { SimActor } from "./sim_world.ts";

type Framing = "length" | "chunked" | "close";

/** What one exchange will be. */
export interface SimExchange {
  readonly id: number;
  readonly requestFraming: "none" | "length" | "chunked";
  readonly requestBytes: number;
  readonly responseFraming: Framing;
  readonly responseBytes: number;
  /** The server answers as soon as it has the head. */
  readonly isEarly: boolean;
  /** Of a request with a body; POST unless told. */
  readonly method?: string;
  /** Each sending has a header of its own, X-Send: requests that hadro repeats differ from those that the client sends again. */
  readonly isMarked?: boolean;
}

/** A random exchange; bodies are mostly small. */
export function randomExchange(prng: Prng, id: number): SimExchange {
  const framings = ["none", "length", "chunked"] as const;
  const responses = ["length", "length", "chunked", "chunked", "close"] as const;
  const size = () => prng.chance(0.15) ? prng.nextBelow(60_000) : prng.nextBelow(2_000);
  return {
    id,
    requestFraming: framings[prng.nextBelow(framings.length)],
    requestBytes: size(),
    responseFraming: responses[prng.nextBelow(responses.length)],
    responseBytes: size(),
    isEarly: prng.chance(0.1),
  };
}

/** The body of a message: letters that depend on its id, its side and their place. */
export function bodyOf(id: number, side: "request" | "response", sizeBytes: number): string {
  const codes = new Array<string>(sizeBytes);
  const from = id * 7 + (side === "request" ? 3 : 11);
  for (let i = 0; i < sizeBytes; i++) codes[i] = String.fromCharCode(97 + ((from + i * 5 + (i >> 8)) % 26));
  return codes.join("");
}

function chunked(prng: Prng, body: string): string {
  let text = "";
  for (let at = 0; at < body.length;) {
    const size = 1 + prng.nextBelow(Math.min(body.length - at, 3_000));
    text += `${size.toString(16)}\r\n${body.slice(at, at + size)}\r\n`;
    at += size;
  }
  return `${text}0\r\n\r\n`;
}

/** The whole request of an exchange, as text. */
export function requestText(prng: Prng, exchange: SimExchange): string {
  const { id, requestFraming, requestBytes, responseFraming, responseBytes, isEarly } = exchange;
  const mark = exchange.isMarked === true ? `X-Send: ${prng.nextUint32()}\r\n` : "";
  const method = requestFraming === "none" ? "GET" : exchange.method ?? "POST";
  const target = `/${id}/${responseFraming}/${responseBytes}/${isEarly ? "early" : "late"}`;
  const head = `${method} ${target} HTTP/1.1\r\nHost: sim\r\n${mark}`;
  const body = requestFraming === "none" ? "" : bodyOf(id, "request", requestBytes);
  if (requestFraming === "none") return `${head}\r\n`;
  if (requestFraming === "length") return `${head}Content-Length: ${body.length}\r\n\r\n${body}`;
  return `${head}Transfer-Encoding: chunked\r\n\r\n${chunked(prng, body)}`;
}

/** A message cut out of what came; null when it is not whole. */
export interface CutMessage {
  readonly startLine: string;
  readonly head: string;
  readonly body: string;
  readonly endsAt: number;
}

/** Cuts the message that begins at `from`; `isEnded` completes one that ends with the connection. */
export function cutMessage(
  text: string,
  from: number,
  isEnded: boolean,
  isResponse: boolean,
): CutMessage | null {
  const headEnd = text.indexOf("\r\n\r\n", from);
  if (headEnd < 0) return null;
  const head = text.slice(from, headEnd + 4);
  const startLine = head.slice(0, head.indexOf("\r\n"));
  const bodyStart = headEnd + 4;
  if (/\r\ntransfer-encoding: chunked\r\n/i.test(head)) {
    let body = "";
    for (let at = bodyStart;;) {
      const lineEnd = text.indexOf("\r\n", at);
      if (lineEnd < 0) return null;
      const size = parseInt(text.slice(at, lineEnd), 16);
      if (Number.isNaN(size)) throw new Error(`no chunk size: ${JSON.stringify(text.slice(at, lineEnd))}`);
      if (text.length < lineEnd + 2 + size + 2) return null;
      body += text.slice(lineEnd + 2, lineEnd + 2 + size);
      at = lineEnd + 2 + size + 2;
      if (size === 0) return { startLine, head, body, endsAt: at };
    }
  }
  const length = /\r\ncontent-length: (\d+)\r\n/i.exec(head);
  if (length !== null) {
    const endsAt = bodyStart + Number(length[1]);
    return text.length < endsAt ? null : { startLine, head, body: text.slice(bodyStart, endsAt), endsAt };
  }
  if (!isResponse) return { startLine, head, body: "", endsAt: bodyStart };
  return isEnded ? { startLine, head, body: text.slice(bodyStart), endsAt: text.length } : null;
}

/** A client that runs its exchanges on as many connections as it needs, and checks every answer. */
export class SimHttpClient implements SimActor {
  readonly #network: SimNetwork;
  readonly #prng: Prng;
  readonly #address: SocketAddress;
  readonly #exchanges: SimExchange[];
  readonly #isPipelining: boolean;
  readonly statuses: number[] = [];
  /** Servers may break off. */
  acceptsCut = false;
  /** Exchanges whose answer never came whole. */
  failedCount = 0;
  #peer: SimPeer | null = null;
  #sent = 0;
  #cut = 0;
  #done = 0;

  constructor(network: SimNetwork, prng: Prng, address: SocketAddress, exchanges: SimExchange[]) {
    this.#network = network;
    this.#prng = prng;
    this.#address = address;
    this.#exchanges = exchanges;
    this.#isPipelining = prng.chance(0.3);
  }

  get isDone(): boolean {
    return this.#done >= this.#exchanges.length;
  }

  toString(): string {
    return `client at exchange ${this.#done} ${JSON.stringify(this.#exchanges[this.#done])}, received ${
      this.#peer?.received.length ?? -1
    } from ${this.#cut}, all sent ${this.#peer?.hasSentAll}, ended ${this.#peer?.isOver}`;
  }

  act(): boolean {
    if (this.isDone) {
      if (this.#peer === null) return false;
      this.#leave();
      return true;
    }
    if (this.#peer === null) {
      this.#peer = new SimPeer(this.#network.connect(this.#address), this.#prng);
      this.#sent = this.#done;
      this.#cut = 0;
    }
    const mayQueue = this.#sent < this.#exchanges.length && this.#peer.hasSentAll &&
      (this.#sent === this.#done || this.#isPipelining);
    if (mayQueue) this.#peer.queue(requestText(this.#prng, this.#exchanges[this.#sent++]));
    const hasSent = this.#peer.pumpOut();
    const hasReceived = this.#peer.pumpIn();
    if (hasReceived) this.#check();
    return hasSent || hasReceived || mayQueue;
  }

  /** Breaks off in the middle: the exchange counts as failed. */
  breakOff(isReset: boolean): void {
    if (this.#peer === null || this.isDone) return;
    this.#peer.close(isReset);
    this.#peer = null;
    this.failedCount++;
    this.#done++;
  }

  #check(): void {
    const peer = this.#peer!;
    while (this.#done < this.#sent) {
      const message = cutMessage(peer.received, this.#cut, peer.isEnded, true);
      if (message === null) break;
      this.#cut = message.endsAt;
      this.#checkAnswer(this.#exchanges[this.#done], message);
      this.#done++;
      if (/\r\nconnection: close\r\n/i.test(message.head)) {
        this.#leave();
        return;
      }
    }
    if (!peer.isOver) return;
    // Ended before the answer: an exchange that was begun failed; pipelined ones behind it are sent again.
    const hasBegun = this.#sent > this.#done;
    if (hasBegun) {
      this.failedCount++;
      this.#done++;
    }
    this.#leave();
  }

  #checkAnswer(exchange: SimExchange, message: CutMessage): void {
    const status = Number(message.startLine.split(" ")[1]);
    this.statuses.push(status);
    if (status !== 200) return;
    const expected = bodyOf(exchange.id, "response", exchange.responseBytes);
    // A body that ends with its connection may be cut by a server that breaks off: nobody can tell.
    const isRight = exchange.responseFraming === "close" && this.acceptsCut
      ? expected.startsWith(message.body)
      : message.body === expected;
    if (!message.head.includes(`X-Id: ${exchange.id}\r\n`) || !isRight) {
      throw new Error(
        `Exchange ${exchange.id} got ${message.head}${message.body.length} bytes, wanted ${expected.length}`,
      );
    }
  }

  #leave(): void {
    this.#peer?.close();
    this.#peer = null;
  }
}

/** What a server does on one connection: answers what requests ask for. `misbehave` may do something else instead. */
export function httpServing(
  prng: Prng,
  misbehave: (peer: SimPeer, isBetweenAnswers: boolean) => boolean = () => false,
): (peer: SimPeer) => () => boolean {
  return (peer) => {
    let cut = 0;
    let answeredHeadAt = -1;
    let isClosing = false;
    return () => {
      if (peer.socket.isClosed) return false;
      const hasReceived = peer.pumpIn();
      const hasSent = peer.pumpOut();
      // A close with bytes still to come would reset, and the answer might be lost: first an end, then the rest of the request.
      if (isClosing) peer.endAfter();
      if (isClosing && peer.hasSentAll && cut === peer.received.length) {
        peer.close();
        return true;
      }
      if (misbehave(peer, peer.hasSentAll)) return true;
      if (cut < peer.received.length) {
        const headEnd = peer.received.indexOf("\r\n\r\n", cut);
        const isEarly = headEnd >= 0 && peer.received.slice(cut, headEnd).includes("/early HTTP/1.1");
        if (isEarly && answeredHeadAt !== cut) {
          answeredHeadAt = cut;
          isClosing = answer(peer, prng, peer.received.slice(cut, headEnd + 4), null) === "close";
        }
        const message = cutMessage(peer.received, cut, false, false);
        if (message !== null) {
          if (answeredHeadAt !== cut) {
            isClosing = answer(peer, prng, message.head, message.body) === "close";
          }
          cut = message.endsAt;
        }
      }
      if (peer.isOver && peer.hasSentAll) {
        peer.close();
        return true;
      }
      return hasReceived || hasSent;
    };
  };
}

/** Queues the answer to a request; checks the request's body when it is whole. */
export function answer(peer: SimPeer, prng: Prng, head: string, body: string | null): Framing {
  const [method, target] = head.split(" ");
  const [, id, framing, size] = target.split("/");
  if (body !== null && method !== "GET" && body !== bodyOf(Number(id), "request", body.length)) {
    throw new Error(`The server got another body than was sent for ${target}`);
  }
  const content = bodyOf(Number(id), "response", Number(size));
  const start = `HTTP/1.1 200 OK\r\nX-Id: ${id}\r\n`;
  if (framing === "length") peer.queue(`${start}Content-Length: ${content.length}\r\n\r\n${content}`);
  else if (framing === "chunked") {
    peer.queue(`${start}Transfer-Encoding: chunked\r\n\r\n${chunked(prng, content)}`);
  } else peer.queue(`${start}\r\n${content}`);
  return framing as Framing;
}
