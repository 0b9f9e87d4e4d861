/** A message's body as a counter: the four kinds, in any pieces; and what breaks them. @module */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BAD_BODY, H1Body } from "../../../src/mux/h1_body.ts";
import { ParseError } from "../../../src/protocol/h1/parse_error.ts";
import { BodyKind } from "../../../src/protocol/http/framing.ts";
import { latin1 } from "../../support/sim/sim_peer.ts";

function begun(kind: number, contentLength = 0): H1Body {
  const body = new H1Body();
  body.begin(kind, contentLength);
  return body;
}

/** Shows the pieces of a text one after another; returns how much of it belonged to the body. */
function advanceBy(body: H1Body, text: string, sizes: readonly number[]): number {
  const bytes = latin1(text);
  let at = 0;
  for (let i = 0; at < bytes.length && !body.isDone; i++) {
    const end = Math.min(bytes.length, at + (sizes[i % sizes.length] ?? 1));
    const stop = body.advance(bytes, at, end);
    if (stop === BAD_BODY) return BAD_BODY;
    expect(body.isDone || stop === end).toBe(true);
    at = stop;
  }
  return at;
}

describe("the kinds of bodies", () => {
  it("none is over before it begins, whatever comes", () => {
    const body = begun(BodyKind.NONE);
    expect([body.isDone, body.advance(latin1("GET"), 0, 3)]).toEqual([true, 0]);
    expect(body.endOfStream()).toBe(true);
  });

  it("of a known length ends after so many bytes, and leaves what follows", () => {
    const body = begun(BodyKind.LENGTH, 5);
    expect([body.advance(latin1("abc"), 0, 3), body.remainingBytes, body.isDone]).toEqual([3, 2, false]);
    expect([body.advance(latin1("xdeGET"), 1, 6), body.remainingBytes, body.isDone]).toEqual([3, 0, true]);
  });

  it("in chunks ends where its last chunk says, and leaves what follows", () => {
    const body = begun(BodyKind.CHUNKED);
    const text = "3\r\nabc\r\n0\r\n\r\nGET";
    expect([body.advance(latin1(text), 0, text.length), body.isDone]).toEqual([text.length - 3, true]);
  });

  it("until the end of the connection ends with it only", () => {
    const body = begun(BodyKind.UNTIL_CLOSE);
    expect([body.advance(latin1("abc"), 1, 3), body.isDone]).toEqual([3, false]);
    expect([body.endOfStream(), body.isDone]).toEqual([true, true]);
  });

  it("of a known length or in chunks are not whole when the connection ends before them", () => {
    expect(begun(BodyKind.LENGTH, 1).endOfStream()).toBe(false);
    const chunked = begun(BodyKind.CHUNKED);
    chunked.advance(latin1("3\r\nab"), 0, 5);
    expect(chunked.endOfStream()).toBe(false);
  });

  it("come one after another in one object", () => {
    const body = begun(BodyKind.CHUNKED);
    body.advance(latin1("zz"), 0, 2);
    expect(body.errorCode).not.toBe(0);
    body.begin(BodyKind.LENGTH, 2);
    expect([body.errorCode, body.isDone, body.advance(latin1("ab"), 0, 2), body.isDone]).toEqual([
      0,
      false,
      2,
      true,
    ]);
    body.begin(BodyKind.CHUNKED, 0);
    expect([body.advance(latin1("0\r\n\r\n"), 0, 5), body.isDone]).toEqual([5, true]);
    body.begin(BodyKind.NONE, 9);
    expect([body.isDone, body.remainingBytes]).toEqual([true, 0]);
  });
});

describe("broken chunks", () => {
  it("are told with their reason, and nothing of them is passed on", () => {
    const body = begun(BodyKind.CHUNKED);
    expect(body.advance(latin1("xyz\r\n"), 0, 5)).toBe(BAD_BODY);
    expect([body.errorCode, body.isDone]).toEqual([ParseError.BAD_CHUNK_SIZE, false]);
    const stripped = begun(BodyKind.CHUNKED);
    expect(stripped.strip(latin1("3\r\nabcX"), 0, 7)).toBe(BAD_BODY);
    expect(stripped.errorCode).toBe(ParseError.MISSING_CHUNK_END);
  });
});

const anyChunks = fc.array(fc.string({ unit: "grapheme-ascii", minLength: 1, maxLength: 40 }), {
  maxLength: 6,
});
const anySizes = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 5 });

function chunked(chunks: readonly string[]): string {
  return `${chunks.map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`).join("")}0\r\n\r\n`;
}

describe("in any pieces", () => {
  it("a body of a known length takes exactly its bytes", () => {
    fc.assert(
      fc.property(fc.nat(100), fc.nat(50), anySizes, (length, extra, sizes) => {
        const body = begun(length === 0 ? BodyKind.NONE : BodyKind.LENGTH, length);
        expect(advanceBy(body, "x".repeat(length + extra), sizes)).toBe(length);
        expect(body.isDone).toBe(true);
      }),
    );
  });

  it("a chunked body takes exactly its chunks", () => {
    fc.assert(
      fc.property(anyChunks, fc.nat(20), anySizes, (chunks, extra, sizes) => {
        const text = chunked(chunks);
        const body = begun(BodyKind.CHUNKED);
        expect(advanceBy(body, text + "x".repeat(extra), sizes)).toBe(text.length);
        expect([body.isDone, body.errorCode]).toEqual([true, 0]);
      }),
    );
  });

  it("a chunked body whose framing goes leaves its payload, in place and in order", () => {
    fc.assert(
      fc.property(anyChunks, anySizes, (chunks, sizes) => {
        const bytes = latin1(chunked(chunks));
        const body = begun(BodyKind.CHUNKED);
        let payload = "";
        for (let at = 0, i = 0; at < bytes.length; i++) {
          const end = Math.min(bytes.length, at + sizes[i % sizes.length]);
          const stop = body.strip(bytes, at, end);
          expect(stop).toBeGreaterThanOrEqual(at);
          payload += String.fromCharCode(...bytes.subarray(at, stop));
          at = end;
        }
        expect([payload, body.isDone]).toEqual([chunks.join(""), true]);
      }),
    );
  });
});
