/**
 * What clients of the crash case do, each a way of using a connection that real clients have, or of leaving it that they have.
 *
 * An exchange ends well, with what a kill does ({@link Cut}), with hadro's word that there is no server ({@link Refused}), or it has seen a
 * byte that is wrong ({@link Wrong}).
 *
 * @module
 */
import { ByteChecker } from "./crash_bytes.ts";
import { type Ask, checkNext, type Exchange, headOf } from "./crash_exchange.ts";
import { Cut, type Wire, Wrong } from "./crash_wire.ts";
import { sleep } from "./soak_case.ts";

const KIB = 1_024;
const MIB = 1_048_576;
const STALLED_COUNT_MAX = 500;

export interface ExchangeKind {
  readonly name: string;
  /** How often, beside the others. */
  readonly weight: number;
  /** The listeners that are asked, one of them each time; see crash_exchange.ts. */
  readonly listeners: readonly ("http" | "tcp" | "unix")[];
  run(exchange: Exchange): Promise<void>;
}

const ANY = ["http", "http", "tcp", "unix"] as const;

export const EXCHANGES: readonly ExchangeKind[] = [
  { name: "keep-alive", weight: 22, listeners: ANY, run: keepAlive },
  { name: "new connection", weight: 24, listeners: ANY, run: newConnection },
  { name: "pipelined", weight: 8, listeners: ANY, run: pipelined },
  { name: "download", weight: 8, listeners: ANY, run: (exchange) => download(exchange, MIB, MIB) },
  { name: "large download", weight: 2, listeners: ANY, run: (exchange) => download(exchange, MIB, 8 * MIB) },
  { name: "slow download", weight: 4, listeners: ANY, run: slowDownload },
  { name: "upload", weight: 9, listeners: ANY, run: upload },
  { name: "half-closed", weight: 6, listeners: ANY, run: halfClosed },
  { name: "reset by the client", weight: 12, listeners: ANY, run: resetByClient },
  { name: "reset by the server", weight: 3, listeners: ANY, run: resetByServer },
  { name: "echo tunnel", weight: 7, listeners: ANY, run: echoTunnel },
  { name: "duplex tunnel", weight: 3, listeners: ["http", "tcp", "tcp", "unix"], run: duplexTunnel },
  // A unix socket holds little: who does not read there stops hadro with a buffer in its hand, and many of them empty the pool.
  { name: "stalled together", weight: 1, listeners: ["unix"], run: stalledTogether },
];

async function keepAlive(exchange: Exchange): Promise<void> {
  const wire = await exchange.connect();
  for (let left = 1 + exchange.prng.nextBelow(30); left > 0; left--) {
    if (exchange.prng.chance(0.15)) {
      await exchange.upload(wire, askOf(exchange, "sink", 1, 4 * KIB));
      continue;
    }
    await getOn(exchange, wire, askOf(exchange, exchange.prng.chance(0.1) ? "chunked" : "data", 1, 4 * KIB));
  }
  exchange.checkSilence(wire);
}

async function newConnection(exchange: Exchange): Promise<void> {
  const wire = await exchange.connect();
  await getOn(exchange, wire, { ...askOf(exchange, "data", 1, 20 * KIB), closes: true });
  await expectEnd(wire);
}

async function pipelined(exchange: Exchange): Promise<void> {
  const wire = await exchange.connect();
  const asks = Array.from(
    { length: 2 + exchange.prng.nextBelow(8) },
    () => askOf(exchange, exchange.prng.chance(0.2) ? "chunked" : "data", 1, 40 * KIB),
  );
  await wire.write(asks.map(headOf).join(""));
  for (const ask of asks) await exchange.readAnswer(wire, ask);
  exchange.checkSilence(wire);
}

async function download(exchange: Exchange, low: number, high: number): Promise<void> {
  const wire = await exchange.connect();
  await getOn(exchange, wire, askOf(exchange, exchange.prng.chance(0.2) ? "chunked" : "data", low, high));
}

async function slowDownload(exchange: Exchange): Promise<void> {
  const wire = await exchange.connect();
  const ask = askOf(exchange, "data", 100 * KIB, 4 * MIB);
  await exchange.sendGet(wire, ask);
  await exchange.readAnswer(wire, ask, () => sleep(exchange.prng.nextBelow(20)));
}

async function upload(exchange: Exchange): Promise<void> {
  const wire = await exchange.connect();
  for (let left = 1 + exchange.prng.nextBelow(3); left > 0; left--) {
    await exchange.upload(wire, {
      ...askOf(exchange, "sink", 1, 4 * MIB),
      isChunked: exchange.prng.chance(0.3),
    });
  }
  exchange.checkSilence(wire);
}

async function halfClosed(exchange: Exchange): Promise<void> {
  const wire = await exchange.connect();
  const ask = askOf(exchange, "data", 1, 300 * KIB);
  await exchange.sendGet(wire, ask);
  wire.end();
  await exchange.readAnswer(wire, ask);
  await expectEnd(wire);
}

/** Goes at a moment of its choice: before the request, within it, within the answer, between two, within an upload or a tunnel. */
async function resetByClient(exchange: Exchange): Promise<void> {
  const { prng } = exchange;
  const wire = await exchange.connect();
  const pause = () => sleep(prng.nextBelow(10));
  switch (prng.nextBelow(6)) {
    case 0:
      if (prng.chance(0.5)) await pause();
      break;
    case 1: {
      const head = headOf(askOf(exchange, "data", 1, KIB));
      await wire.write(head.slice(0, 1 + prng.nextBelow(head.length - 1)));
      await pause();
      break;
    }
    case 2: {
      const ask = askOf(exchange, "data", 100 * KIB, 8 * MIB);
      await exchange.sendGet(wire, ask);
      await exchange.readHead(wire, ask);
      await readSome(wire, ask, prng.nextBelow(ask.size));
      break;
    }
    case 3:
      await getOn(exchange, wire, askOf(exchange, "data", 1, KIB));
      break;
    case 4: {
      const ask = askOf(exchange, "sink", 100 * KIB, 4 * MIB);
      await wire.write(headOf(ask));
      await wire.writeStream(~ask.id, prng.nextBelow(ask.size));
      break;
    }
    default: {
      const ask = askOf(exchange, "duplex", 100 * KIB, 4 * MIB);
      await wire.write(headOf(ask));
      await exchange.readHead(wire, ask);
      await Promise.all([
        readSome(wire, ask, prng.nextBelow(ask.size)),
        wire.writeStream(~ask.id, prng.nextBelow(ask.size)),
      ]);
    }
  }
  wire.reset();
}

async function resetByServer(exchange: Exchange): Promise<void> {
  const wire = await exchange.connect();
  const ask = askOf(exchange, "cut", 2, 2 * MIB);
  await exchange.sendGet(wire, ask);
  try {
    await exchange.readHead(wire, ask);
    await readSome(wire, ask, ask.size);
  } catch (error) {
    if (error instanceof Cut) return exchange.verified(0);
    throw error;
  }
  throw new Wrong(`${ask.size} bytes of answer ${ask.id} came, and the server sent half of them`);
}

async function echoTunnel(exchange: Exchange): Promise<void> {
  const { prng } = exchange;
  const wire = await exchange.connect();
  const ask = askOf(exchange, "echo", 1, 500 * KIB);
  await wire.write(headOf(ask));
  await exchange.readHead(wire, ask);
  const checker = new ByteChecker(~ask.id);
  const send = async () => {
    await wire.writeStream(~ask.id, ask.size, { pieceBytes: exchange.size(50, 20_000) });
    if (prng.chance(0.5)) await sleep(prng.nextBelow(10));
    wire.end();
  };
  const receive = async () => {
    for (let chunk = await wire.read(); chunk !== null; chunk = await wire.read()) checkNext(checker, chunk);
  };
  await Promise.all([send(), receive()]);
  // In order, since the kernel of a killed server says no more than that.
  if (checker.receivedBytes !== ask.size) {
    throw new Cut(`end after ${checker.receivedBytes} of ${ask.size} bytes`);
  }
  exchange.verified(ask.size);
}

async function duplexTunnel(exchange: Exchange): Promise<void> {
  const wire = await exchange.connect();
  const ask = askOf(exchange, "duplex", 64 * KIB, 16 * MIB);
  await wire.write(headOf(ask));
  await exchange.readHead(wire, ask);
  const checker = new ByteChecker(ask.id);
  const send = async () => {
    await wire.writeStream(~ask.id, ask.size);
    wire.end();
  };
  await Promise.all([send(), wire.readBody(ask.size, (bytes) => checkNext(checker, bytes))]);
  exchange.verified(ask.size);
  const receipt = await wire.readText();
  if (receipt === "") throw new Cut("end before the receipt");
  exchange.checkReceipt(ask, receipt);
}

/** Many ask at once and read nothing for a while; then most leave, and some read all. */
async function stalledTogether(exchange: Exchange): Promise<void> {
  const { prng } = exchange;
  const stall = sleep(200 + prng.nextBelow(800));
  const lives = await Promise.allSettled(
    Array.from({ length: exchange.size(100, STALLED_COUNT_MAX) }, async () => {
      const wire = await exchange.connect();
      // More than what the kernel holds between server and hadro, and between hadro and here.
      const ask = askOf(exchange, "data", 600 * KIB, MIB);
      await exchange.sendGet(wire, ask);
      await stall;
      if (prng.chance(0.7)) return wire.reset();
      await exchange.readAnswer(wire, ask);
    }),
  );
  const reasons = lives.filter((life) => life.status === "rejected").map(({ reason }) => reason as unknown);
  const worst = reasons.find((reason) => reason instanceof Wrong) ?? reasons[0];
  if (worst !== undefined) throw worst;
}

function askOf(exchange: Exchange, kind: Ask["kind"], low: number, high: number): Ask {
  return { kind, id: exchange.nextId(), size: exchange.size(low, high) };
}

async function getOn(exchange: Exchange, wire: Wire, ask: Ask): Promise<void> {
  await exchange.sendGet(wire, ask);
  await exchange.readAnswer(wire, ask);
}

/** Reads at least `count` bytes of what answers `ask`, and compares them. @throws {Cut} {@link Wrong} */
async function readSome(wire: Wire, ask: Ask, count: number): Promise<void> {
  const checker = new ByteChecker(ask.id);
  while (checker.receivedBytes < count) {
    const chunk = await wire.read();
    if (chunk === null) throw new Cut("end within an answer");
    checkNext(checker, chunk);
  }
}

/** Behind the last answer comes the end, and nothing else. @throws {Wrong} {@link Cut} */
async function expectEnd(wire: Wire): Promise<void> {
  const more = await wire.readText();
  if (more !== "") throw new Wrong(`behind the last answer comes ${JSON.stringify(more.slice(0, 100))}`);
}
