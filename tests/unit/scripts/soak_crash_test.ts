/**
 * The case crash would see what it looks for: a checker that finds nothing wrong must be one that can.
 *
 * @module
 */
import { createServer, type Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { ByteChecker, crcOfStream, fillBytes } from "../../../scripts/soak/crash_bytes.ts";
import { Exchange, headOf, Refused, Tally } from "../../../scripts/soak/crash_exchange.ts";
import { Cut, Wire, Wrong } from "../../../scripts/soak/crash_wire.ts";
import { parseOptions, UsageError } from "../../../scripts/soak/options.ts";
import { Prng } from "../../../src/base/prng.ts";

const SIZE = 20_000;

function bytesOf(stream: number, size = SIZE, offset = 0): Uint8Array {
  const bytes = new Uint8Array(size);
  fillBytes(bytes, stream, offset);
  return bytes;
}

describe("ByteChecker", () => {
  const check = (...chunks: Uint8Array[]) => {
    const checker = new ByteChecker(7);
    return chunks.map((chunk) => checker.take(chunk)).find((wrong) => wrong !== null) ?? null;
  };
  it("takes a stream in any pieces", () => {
    const bytes = bytesOf(7);
    expect(check(bytes)).toBeNull();
    expect(check(bytes.subarray(0, 1), bytes.subarray(1, 4_097), bytes.subarray(4_097))).toBeNull();
    expect(bytesOf(7, 5_000, 3_000)).toEqual(bytes.subarray(3_000, 8_000));
  });
  it.each([0, 4_095, 4_096, SIZE - 1])("sees byte %i changed", (at) => {
    const bytes = bytesOf(7);
    bytes[at]! ^= 1;
    expect(check(bytes)).toContain(`byte ${at} of stream 7`);
  });
  it("sees a byte lost, one doubled, pieces in another order, another stream", () => {
    const bytes = bytesOf(7);
    expect(check(bytes.subarray(0, 100), bytes.subarray(101))).toContain("byte 100 of");
    expect(check(bytes.subarray(0, 100), bytes.subarray(99))).toContain("byte 100 of");
    expect(check(bytes.subarray(8_192, 12_288), bytes.subarray(0, 8_192))).toContain("byte 0 of");
    expect(check(bytes.subarray(0, 16_384), bytesOf(8, 100, 16_384))).toMatch(
      /byte 16384 .* of another place or stream/,
    );
    expect(check(bytes.subarray(0, 5), new TextEncoder().encode("HTTP/1.1 200 OK"))).toContain(
      "of no stream",
    );
  });
  it("has a checksum that the other side can know", () => {
    expect(crcOfStream(7, SIZE)).not.toBe(crcOfStream(8, SIZE));
    expect(crcOfStream(7, 0)).toBe(0);
  });
});

describe("an exchange", () => {
  const open: { close(): void }[] = [];
  afterEach(() => {
    for (const one of open.splice(0)) one.close();
  });

  /** Asks a server that answers with `pieces` and ends. */
  async function ask(pieces: (string | Uint8Array)[], isHttp = true): Promise<unknown> {
    const server = createServer((socket: Socket) => {
      socket.on("error", () => {});
      socket.once("data", () => {
        for (const piece of pieces) socket.write(piece);
        socket.end();
      });
    });
    open.push(server);
    const listening = Promise.withResolvers<void>();
    server.listen(0, "127.0.0.1", listening.resolve);
    await listening.promise;
    const { port } = server.address() as { port: number };
    const tally = new Tally();
    const exchange = new Exchange(new Prng(1), tally, port, isHttp, () => 7);
    open.push(exchange);
    const wire = await exchange.connect();
    const one = { kind: "data", id: 7, size: SIZE } as const;
    await exchange.sendGet(wire, one);
    return await exchange.readAnswer(wire, one).then(() => tally.take(), (error: unknown) => error);
  }
  const head = (id: number, last = id, size = SIZE) =>
    `HTTP/1.1 200 OK\r\nX-First: ${id}\r\nContent-Length: ${size}\r\nX-Last: ${last}\r\n\r\n`;

  it("counts what is right", async () => {
    expect(await ask([head(7), bytesOf(7)])).toEqual({ "requests verified": 1, "bytes verified": SIZE });
  });
  it("is wrong with the answer, or half of the head, of another", async () => {
    expect(await ask([head(8), bytesOf(8)])).toBeInstanceOf(Wrong);
    expect(await ask([head(7, 8), bytesOf(7)])).toBeInstanceOf(Wrong);
    expect(await ask([head(7), bytesOf(7, 8_192), bytesOf(8, SIZE - 8_192, 8_192)])).toBeInstanceOf(Wrong);
    expect(await ask([head(7, 7, SIZE + 1), bytesOf(7, SIZE + 1)])).toBeInstanceOf(Wrong);
    expect(await ask(["HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"])).toBeInstanceOf(Wrong);
  });
  it("is cut by an end", async () => {
    expect(await ask([head(7), bytesOf(7, 8_192)])).toBeInstanceOf(Cut);
    expect(await ask([])).toBeInstanceOf(Cut);
  });
  it("is refused by hadro, where that speaks HTTP", async () => {
    const refusal = "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n";
    expect(await ask([refusal])).toBeInstanceOf(Refused);
    expect(await ask([refusal], false)).toBeInstanceOf(Wrong);
  });
  it("reads chunks, and what is none is wrong", async () => {
    const chunked = "HTTP/1.1 200 OK\r\nX-First: 7\r\nTransfer-Encoding: chunked\r\nX-Last: 7\r\n\r\n";
    const size = SIZE.toString(16);
    expect(await ask([`${chunked}${size}\r\n`, bytesOf(7), "\r\n0\r\n\r\n"])).toMatchObject({
      "requests verified": 1,
    });
    expect(await ask([`${chunked}${size}\r\n`, bytesOf(7), "x\r\n0\r\n\r\n"])).toBeInstanceOf(Wrong);
    expect(await ask([`${chunked}zz\r\n`, bytesOf(7)])).toBeInstanceOf(Wrong);
  });
  it("names its stream three times", () => {
    const text = headOf({ kind: "sink", id: 9, size: 3, closes: true });
    expect(text).toMatch(
      /^POST \/sink\/9 HTTP\/1\.1\r\nHost: 9\.soak\.test\r\nX-First: 9\r\nContent-Length: 3\r\n/,
    );
    expect(text).toMatch(/\r\nConnection: close\r\nX-Last: 9\r\n\r\n$/);
  });
  it("finds nobody", async () => {
    await expect(Wire.connect("/nowhere/at/all")).rejects.toBeInstanceOf(Cut);
  });
});

describe("--seconds", () => {
  it("is a number of seconds", () => {
    expect(parseOptions(["--seconds", "1800"], [])?.seconds).toBe(1_800);
    expect(parseOptions([], [])?.seconds).toBeNull();
    expect(() => parseOptions(["--seconds", "x"], [])).toThrow(UsageError);
    expect(() => parseOptions(["--seconds", "0"], [])).toThrow(
      "--seconds 0: seconds, at least 1",
    );
  });
});
