/** Client hellos of every kind of wrong: how they arrive changes nothing, and nothing makes the reader read or run on. @module */
import { describe, expect, it } from "vitest";
import { ClientHelloReader } from "../../src/protocol/tls/client_hello.ts";
import { HelloError } from "../../src/protocol/tls/hello_error.ts";
import { HelloRecords, HelloStatus } from "../../src/protocol/tls/hello_records.ts";
import { HELLO_BYTES_MAX } from "../../src/protocol/tls/layout.ts";
import { chooseSeed, everyByte, newRandom, randomCuts } from "../conformance/h1/cuts.ts";
import { latin1 } from "../support/proxy_protocol/headers.ts";
import { readCapturedHellos } from "../support/tls/captured.ts";
import { helloBytes, helloMessage, MODERN_EXTENSIONS, records } from "../support/tls/hellos.ts";

const ROUNDS = 8_000;
const seed = chooseSeed("client hello");

const CORPUS: readonly Uint8Array[] = [
  ...readCapturedHellos().map(({ bytes }) => bytes),
  helloBytes({ name: "a.test", protocols: ["h2"] }),
  helloBytes({ extensions: "" }),
  latin1(records(helloMessage({ before: MODERN_EXTENSIONS, name: "a.test" }), 700)),
  latin1(records(helloMessage({ name: "a.test", protocols: ["h2", "http/1.1"] }), 9)),
  latin1("\x80\x2e\x01\x03\x01\0\x15\0\0\0\x10"),
];

/** Bytes changed, taken out, put in, and lengths made large. */
function mutate(input: Uint8Array, random: (below: number) => number): Uint8Array {
  let bytes = [...input];
  for (let count = random(4); count > 0; count--) {
    // Most often near the beginning, where the lengths are.
    const at = random(random(2) === 0 ? Math.min(60, bytes.length) : bytes.length);
    switch (random(4)) {
      case 0:
        bytes[at] = random(256);
        break;
      case 1:
        bytes[at] = [0, 1, 0x7f, 0x80, 0xff][random(5)]!;
        break;
      case 2:
        bytes = [...bytes.slice(0, at), ...bytes.slice(at + 1 + random(8))];
        break;
      default:
        bytes = [
          ...bytes.slice(0, at),
          ...bytes.slice(random(bytes.length)).slice(0, 20),
          ...bytes.slice(at),
        ];
    }
    if (bytes.length === 0) bytes.push(random(256));
  }
  return Uint8Array.from(bytes);
}

/** What is made of bytes that arrive in pieces: the first answer, and all that it means. */
function outcome(reader: ClientHelloReader, input: Uint8Array, cuts: readonly number[]): unknown[] {
  const hello = new HelloRecords();
  for (const end of [...cuts, input.length]) {
    // What has not arrived must not be looked at.
    const arrived = new Uint8Array(input.length).fill(0x16);
    arrived.set(input.subarray(0, end));
    const status = hello.follow(arrived, 0, end);
    if (status === HelloStatus.NEED_MORE) {
      expect(end).toBeLessThan(HELLO_BYTES_MAX);
      continue;
    }
    if (status === HelloStatus.ERROR) return ["error", hello.errorCode];
    const code = reader.read(arrived, 0);
    if (code !== HelloError.NONE) return ["error", code];
    const offered = ["h2", "http/1.1", "acme-tls/1"].filter((name) =>
      reader.offers(new TextEncoder().encode(name))
    );
    expect(reader.serverName).toMatch(/^[a-z0-9_.-]{0,253}$/);
    return ["hello", reader.serverName, ...offered];
  }
  return ["more"];
}

describe("a client hello", () => {
  it("means the same whole, byte by byte and in random pieces, with anything behind it", () => {
    const random = newRandom(seed);
    const reader = new ClientHelloReader();
    const seen = new Map<unknown, number>();
    for (let round = 0; round < ROUNDS; round++) {
      const input = mutate(CORPUS[random(CORPUS.length)]!, random);
      const note = `seed ${seed}: ${[...input].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
      const whole = outcome(reader, input, []);
      expect(outcome(reader, input, randomCuts(input.length, random)), note).toEqual(whole);
      if (round % 20 === 0) expect(outcome(reader, input, everyByte(input.length)), note).toEqual(whole);
      const kind = whole[0] === "error" ? whole.join(" ") : whole[0];
      seen.set(kind, (seen.get(kind) ?? 0) + 1);
    }
    // It found all three, and most of the ways to be wrong.
    expect(seen.get("hello")).toBeGreaterThan(ROUNDS / 10);
    expect(seen.get("more")).toBeGreaterThan(ROUNDS / 100);
    expect(seen.size).toBeGreaterThan(13);
  });

  it("of nothing but noise is none, and is known to be none at its third byte", () => {
    const random = newRandom(seed);
    for (let round = 0; round < ROUNDS; round++) {
      const input = Uint8Array.from({ length: 3 + random(300) }, () => random(256));
      if (input[0] === 0x16) input[0] = 0x15;
      const hello = new HelloRecords();
      expect(hello.follow(input, 0, 3)).toBe(HelloStatus.ERROR);
    }
  });
});
