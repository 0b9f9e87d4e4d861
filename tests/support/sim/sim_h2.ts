/**
 * An HTTP/2 client that runs exchanges on one connection, several at a time, and checks every answer and every window.
 *
 * It opens windows late and in pieces, and sends its frames in pieces. It uses hadro's codecs, which have their own tests.
 * @module
 */
import type { Prng } from "../../../src/base/prng.ts";
import type { SocketAddress } from "../../../src/event/poller.ts";
import { FrameFlag, FrameType, readUint31, readUint32 } from "../../../src/protocol/h2/frame.ts";
import { FrameScanner, ScanStatus } from "../../../src/protocol/h2/frame_scanner.ts";
import { PREFACE } from "../../../src/protocol/h2/preface.ts";
import { HpackDecoder } from "../../../src/protocol/hpack/decoder.ts";
import { HpackEncoder } from "../../../src/protocol/hpack/encoder.ts";
import { type Field, fieldsOf, frame, joined, listOf, newList } from "../h2/fields.ts";
import { settings, word } from "../h2/wire.ts";
import { bodyOf, type SimExchange } from "./sim_http.ts";
import type { SimH2Options, SimH2Stream } from "./sim_h2_stream.ts";
import type { SimNetwork } from "./sim_network.ts";
import { latin1, SimPeer } from "./sim_peer.ts";
import type { SimActor } from "./sim_world.ts";

/** See the module's text. */
export class SimH2Client implements SimActor {
  readonly statuses: number[] = [];
  /** Exchanges that ended in RST_STREAM, or with the connection. */
  readonly resets: number[] = [];
  readonly goaways: number[] = [];
  acceptsCut = false; // Servers may break off.
  readonly trailers: Field[][] = [];
  readonly peer: SimPeer;
  readonly #prng: Prng;
  readonly #options: SimH2Options;
  readonly #exchanges: SimExchange[];
  readonly #streams = new Map<number, SimH2Stream>();
  readonly #scanner = new FrameScanner(false);
  readonly #encoder = new HpackEncoder(4_096);
  readonly #decoder = new HpackDecoder(4_096);
  readonly #list = newList();
  #unscanned = new Uint8Array(0);
  #scanned = 0;
  #block = new Uint8Array(0);
  #isBlockEnd = false;
  #next = 0;
  #nextId = 1;
  #sendWindow = 65_535;
  #initialSendWindow = 65_535;
  #receiveWindow = 65_535;
  #unopened = 0;
  #streamLimit = 100;

  constructor(
    network: SimNetwork,
    prng: Prng,
    address: SocketAddress,
    exchanges: SimExchange[],
    options: SimH2Options,
  ) {
    this.#prng = prng;
    this.#options = options;
    this.#exchanges = exchanges;
    this.peer = new SimPeer(network.connect(address), prng);
    this.peer.queue(joined(PREFACE, settings([[4, options.windowBytes]])));
  }

  get isDone(): boolean {
    return (this.#next >= this.#exchanges.length && this.#streams.size === 0) || this.peer.isOver;
  }

  toString(): string {
    const streams = [...this.#streams.values()].map((s) =>
      `${s.id}: sent ${s.sent}/${s.body.length} window ${s.sendWindow}, got ${s.status} ${s.text.length}/` +
      `${s.exchange.responseBytes} window ${s.receiveWindow}`
    );
    return `h2 client at ${this.#next}, windows ${this.#sendWindow} ${this.#receiveWindow}\n${
      streams.join("\n")
    }`;
  }

  act(): boolean {
    const { peer } = this;
    if (peer.socket.isClosed) return false;
    const hasSent = peer.pumpOut();
    const hasReceived = peer.pumpIn();
    if (hasReceived) this.#scan();
    if (peer.isOver) {
      for (const id of this.#streams.keys()) this.resets.push(id);
      this.#streams.clear();
      peer.close();
      return true;
    }
    if (this.isDone) {
      peer.close();
      return true;
    }
    return [hasSent, hasReceived, this.#open(), this.#sendBodies(), this.#openWindows(), this.#cancel()]
      .includes(true);
  }

  say(bytes: Uint8Array): void {
    this.peer.queue(bytes);
  }

  #open(): boolean {
    const limit = Math.min(this.#options.streamMax, this.#streamLimit);
    if (this.#next >= this.#exchanges.length || this.#streams.size >= limit) return false;
    const exchange = this.#exchanges[this.#next++]!;
    const hasBody = exchange.requestFraming !== "none";
    const body = hasBody ? bodyOf(exchange.id, "request", exchange.requestBytes) : "";
    const stream: SimH2Stream = {
      ...{ id: this.#nextId, exchange, body, sent: 0, isSent: !hasBody, status: 0, fields: [], text: "" },
      ...{ sendWindow: this.#initialSendWindow, receiveWindow: this.#options.windowBytes, unopened: 0 },
    };
    this.#nextId += 2;
    this.#streams.set(stream.id, stream);
    const { id, responseFraming, responseBytes, isEarly, requestFraming } = exchange;
    const fields: Field[] = [
      [":method", hasBody ? "POST" : "GET"],
      [":scheme", "http"],
      [":path", `/${id}/${responseFraming}/${responseBytes}/${isEarly ? "early" : "late"}`],
      [":authority", "sim"],
      ["cookie", "a=1"],
      ["cookie", "b=2"],
      ["priority", `u=${this.#prng.nextBelow(8)}`],
    ];
    if (requestFraming === "length") fields.push(["content-length", String(body.length)]);
    const block = new Uint8Array(4_096);
    const end = this.#encoder.encode(listOf(fields), block, 0, block.length);
    const cut = this.#prng.chance(0.3) ? this.#prng.nextBelow(end) : end;
    const flags = (hasBody ? 0 : FrameFlag.END_STREAM) | (cut === end ? FrameFlag.END_HEADERS : 0);
    this.say(frame(FrameType.HEADERS, flags, stream.id, block.slice(0, cut)));
    if (cut < end) {
      this.say(frame(FrameType.CONTINUATION, FrameFlag.END_HEADERS, stream.id, block.slice(cut, end)));
    }
    return true;
  }

  #sendBodies(): boolean {
    if (!this.peer.hasSentAll) return false;
    for (const stream of this.#streams.values()) {
      if (stream.isSent || this.#prng.chance(0.5)) continue;
      const left = stream.body.length - stream.sent;
      const room = Math.min(left, this.#sendWindow, stream.sendWindow, 16_000);
      if (room <= 0 && left > 0) continue;
      const size = room <= 0 ? 0 : 1 + this.#prng.nextBelow(room);
      const padding = this.#prng.chance(0.1) && room - size > 20 ? 1 + this.#prng.nextBelow(9) : 0;
      const isEnd = size === left;
      const content = latin1(stream.body.slice(stream.sent, stream.sent + size));
      const payload = padding === 0
        ? content
        : joined(Uint8Array.of(padding), content, new Uint8Array(padding));
      const flags = (isEnd ? FrameFlag.END_STREAM : 0) | (padding === 0 ? 0 : FrameFlag.PADDED);
      this.say(frame(FrameType.DATA, flags, stream.id, payload));
      stream.sent += size;
      stream.isSent = isEnd;
      stream.sendWindow -= payload.length;
      this.#sendWindow -= payload.length;
      return true;
    }
    return false;
  }

  #openWindows(): boolean {
    // Time jumps while nobody moves: who is waited for must not rest for long.
    const isAwaited = this.#receiveWindow <= 0 ||
      [...this.#streams.values()].some(({ receiveWindow }) => receiveWindow <= 0);
    const chance = isAwaited ? 0.8 : this.#options.openChance;
    if (!this.peer.hasSentAll || !this.#prng.chance(chance)) return false;
    let hasOpened = false;
    if (this.#unopened > 0) {
      const by = 1 + this.#prng.nextBelow(this.#unopened);
      this.say(frame(FrameType.WINDOW_UPDATE, 0, 0, word(by)));
      this.#unopened -= by;
      this.#receiveWindow += by;
      hasOpened = true;
    }
    for (const stream of this.#streams.values()) {
      // A window that began at 0 must be opened before anything comes.
      if (stream.unopened === 0 && stream.receiveWindow < 1_000) stream.unopened = 3_000;
      if (stream.unopened === 0 || (!isAwaited && this.#prng.chance(0.5))) continue;
      const by = 1 + this.#prng.nextBelow(stream.unopened);
      this.say(frame(FrameType.WINDOW_UPDATE, 0, stream.id, word(by)));
      stream.unopened -= by;
      stream.receiveWindow += by;
      hasOpened = true;
    }
    return hasOpened;
  }

  #cancel(): boolean {
    if (!this.#prng.chance(this.#options.cancelChance)) return false;
    for (const stream of this.#streams.values()) {
      if (this.#prng.chance(0.5)) continue;
      this.say(frame(FrameType.RST_STREAM, 0, stream.id, word(8)));
      this.#streams.delete(stream.id);
      this.resets.push(stream.id);
      return true;
    }
    return false;
  }

  #scan(): void {
    const fresh = latin1(this.peer.received.slice(this.#scanned));
    this.#scanned = this.peer.received.length;
    const bytes = joined(this.#unscanned, fresh);
    const scanner = this.#scanner;
    let at = 0;
    for (;;) {
      const status = scanner.next(bytes, at, bytes.length);
      at = scanner.position;
      if (status === ScanStatus.NEED_MORE) break;
      if (status === ScanStatus.ERROR) throw new Error(`hadro sent a frame with fault ${scanner.fault}`);
      if (status === ScanStatus.DATA) this.#onData(bytes);
      else if (status === ScanStatus.FRAME) this.#onFrame(bytes);
    }
    this.#unscanned = bytes.slice(at);
  }

  #onData(bytes: Uint8Array): void {
    const { streamId, flowBytes, payloadStart, payloadEnd, isFrameEnd, flags } = this.#scanner;
    this.#receiveWindow -= flowBytes;
    this.#unopened += flowBytes;
    if (this.#receiveWindow < 0) throw new Error(`hadro sent past the connection's window`);
    const stream = this.#streams.get(streamId);
    if (stream === undefined) return;
    stream.receiveWindow -= flowBytes;
    stream.unopened += flowBytes;
    if (stream.receiveWindow < 0) throw new Error(`hadro sent past the window of stream ${streamId}`);
    for (let i = payloadStart; i < payloadEnd; i++) stream.text += String.fromCharCode(bytes[i]!);
    if (isFrameEnd && (flags & FrameFlag.END_STREAM) !== 0) this.#onEnd(stream);
  }

  #onFrame(bytes: Uint8Array): void {
    const { type, flags, streamId, payloadStart: start, payloadEnd: end } = this.#scanner;
    switch (type) {
      case FrameType.HEADERS:
      case FrameType.CONTINUATION:
        if (type === FrameType.HEADERS) this.#isBlockEnd = (flags & FrameFlag.END_STREAM) !== 0;
        this.#block = joined(this.#block, bytes.subarray(start, end));
        if ((flags & FrameFlag.END_HEADERS) !== 0) this.#onHead(streamId);
        return;
      case FrameType.SETTINGS:
        if ((flags & FrameFlag.ACK) !== 0) return;
        for (let at = start; at < end; at += 6) {
          if (bytes[at + 1] === 3) this.#streamLimit = readUint32(bytes, at + 2);
          if (bytes[at + 1] === 4) this.#initialSendWindow = readUint32(bytes, at + 2);
        }
        this.say(frame(FrameType.SETTINGS, FrameFlag.ACK, 0, ""));
        return;
      case FrameType.PING:
        this.say(frame(FrameType.PING, FrameFlag.ACK, 0, bytes.slice(start, end)));
        return;
      case FrameType.WINDOW_UPDATE: {
        const by = readUint31(bytes, start);
        if (streamId === 0) this.#sendWindow += by;
        else if (this.#streams.has(streamId)) this.#streams.get(streamId)!.sendWindow += by;
        return;
      }
      case FrameType.RST_STREAM:
        if (this.#streams.delete(streamId)) this.resets.push(streamId);
        return;
      case FrameType.GOAWAY:
        this.goaways.push(readUint32(bytes, start + 4));
        return;
      default:
        throw new Error(`hadro sent a frame of type ${type}`);
    }
  }

  #onHead(streamId: number): void {
    const error = this.#decoder.decode(this.#block, 0, this.#block.length, this.#list);
    if (error !== 0) throw new Error(`hadro sent a header block with error ${error}`);
    this.#block = new Uint8Array(0);
    const [fields, stream] = [fieldsOf(this.#list), this.#streams.get(streamId)];
    if (stream === undefined) return;
    if (stream.status >= 200) this.trailers.push(fields);
    else {
      stream.status = Number(fields.find(([name]) => name === ":status")![1]);
      stream.fields = fields;
    }
    if (this.#isBlockEnd) this.#onEnd(stream);
  }

  #onEnd(stream: SimH2Stream): void {
    this.#streams.delete(stream.id);
    this.statuses.push(stream.status);
    if (stream.status !== 200) return;
    const { exchange, fields, text } = stream;
    const expected = bodyOf(exchange.id, "response", exchange.responseBytes);
    const isFor = fields.some(([name, value]) => name === "x-id" && value === String(exchange.id));
    // A body that ends with its connection may be anything once servers break off: nobody can tell.
    const isLoose = exchange.responseFraming === "close" && this.acceptsCut;
    if (!isFor || (text !== expected && !isLoose)) {
      throw new Error(
        `Exchange ${exchange.id} got ${
          JSON.stringify(fields)
        } and ${text.length} bytes, wanted ${expected.length}`,
      );
    }
  }
}
