/**
 * HTTP/2 messages written as HTTP/1: one message to our own parser and to every lenient peer, whatever the peer put into its fields.
 *
 * @module
 */
import { describe, expect, it } from "vitest";
import { chooseSeed, newRandom } from "../conformance/h1/cuts.ts";
import { bytesOf } from "../conformance/h1/replay.ts";
import { HeadParser, ParseError, ParseStatus } from "../../src/protocol/h1/head_parser.ts";
import { requestToFields, responseToFields } from "../../src/protocol/h2/from_h1.ts";
import { MessageCheck } from "../../src/protocol/h2/message_check.ts";
import { h1LengthMax, writeRequestHead, writeResponseHead } from "../../src/protocol/h2/to_h1.ts";
import { Method } from "../../src/protocol/http/method.ts";
import { type Field, fieldsOf, latin1Of, listOf, newList } from "../support/h2/fields.ts";
import { allTraits, lenientMessageEnd } from "./h1_lenient_peer.ts";

const ROUNDS = 20_000;
const seed = chooseSeed("h2 desync");
const random = newRandom(seed);
const KEY = bytesOf("dGhlIHNhbXBsZSBub25jZQ==");
const pick = <T>(values: readonly T[]): T => values[random(values.length)]!;

const NASTY = [
  "\r\n",
  "\n",
  "\r",
  "\0",
  " ",
  "\t",
  ":",
  "\r\nTransfer-Encoding: chunked",
  "\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: evil\r\n\r\n",
  " HTTP/1.1\r\nX: y",
  ",",
  "\x0b",
  "#",
  "A",
  "\xe9",
];
const NAMES = [
  "x-a",
  "content-length",
  "transfer-encoding",
  "host",
  "cookie",
  "te",
  "connection",
  "x_b",
  "upgrade",
  "expect",
];
const VALUES = ["", "1", "0", "chunked", "a.test", "trailers", "a=b", "100-continue", "x y", "5, 5"];

/** Text with now and then something nasty in it. */
function soiled(text: string): string {
  if (random(12) !== 0) return text;
  const at = random(text.length + 1);
  return text.slice(0, at) + pick(NASTY) + text.slice(at);
}

function randomFields(): Field[] {
  return Array.from({ length: random(5) }, (): Field => [soiled(pick(NAMES)), soiled(pick(VALUES))]);
}

function randomRequest(): Field[] {
  const pseudo: Field[] = [
    [":method", soiled(pick(["GET", "POST", "HEAD", "CONNECT", "OPTIONS", "X"]))],
    [":scheme", soiled(pick(["http", "https", "x"]))],
    [":authority", soiled(pick(["a.test", "a.test:80", "[::1]:81", "u@b"]))],
    [":path", soiled(pick(["/", "/a?b", "*", "//x", "/%0d%0a"]))],
    [":protocol", "websocket"],
  ];
  return [...pseudo.filter((_, i) => i === 4 ? random(20) === 0 : random(20) !== 0), ...randomFields()];
}

/** Every lenient peer ends the message, its body empty or in one chunk, where it ends. */
function expectOneMessage(head: string, contentLength: number, isChunked: boolean, note: string): void {
  const body = isChunked ? "3\r\nabc\r\n0\r\n\r\n" : "x".repeat(Math.max(contentLength, 0));
  const text = `${head}${body}GET /next HTTP/1.1\r\n\r\n`;
  for (const traits of allTraits()) {
    expect(lenientMessageEnd(text, traits), note).toBe(head.length + body.length);
  }
}

describe("a request that is accepted", () => {
  it("is one HTTP/1 message with the same meaning, and comes back as the same fields", () => {
    const check = new MessageCheck();
    const parser = new HeadParser("request");
    const into = new Uint8Array(4096);
    const list = newList();
    let acceptedCount = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const fields = randomRequest();
      const note = `seed ${seed}: ${JSON.stringify(fields)}`;
      const isEnd = random(2) === 0;
      listOf(fields, list);
      if (check.checkRequest(list, isEnd, true) !== 0) continue;
      const end = writeRequestHead(list, check, isEnd, KEY, into, 0, into.length);
      expect(end, note).toBeLessThanOrEqual(h1LengthMax(list, KEY.length));
      parser.reset();
      expect(parser.parse(into, 0, end), `${note} ${parser.errorCode}`).toBe(ParseStatus.DONE);
      expect(parser.headEnd, note).toBe(end);
      const head = latin1Of(into, 0, end);
      const get = (name: string) => fields.find(([n]) => n === name)?.[1];
      const expectedTarget = check.isConnect ? get(":authority") : get(":path");
      expect(head.slice(parser.targetStart, parser.targetEnd), note).toBe(expectedTarget);
      expect(head.slice(0, parser.methodEnd), note).toBe(check.isExtendedConnect ? "GET" : get(":method"));
      const isTunnel = check.isConnect || check.isExtendedConnect;
      if (!isTunnel) {
        expect(parser.contentLength >= 0 || parser.isChunked || isEnd, note).toBe(true);
        expectOneMessage(head, parser.contentLength, parser.isChunked, note);
      }
      acceptedCount++;

      const back = newList();
      const isUpgrade = check.isExtendedConnect;
      expect(requestToFields(parser, into, 0, check.isHttps, isUpgrade, back)).toBe(true);
      expect(new MessageCheck().checkRequest(back, isEnd && !isTunnel, true), note).toBe(0);
      const again = new Map(fieldsOf(back).map(([name, value]) => [name, value]));
      for (const name of [":method", ":path", ":protocol"]) expect(again.get(name), note).toBe(get(name));
      expect(again.get(":authority"), note).toBe(get(":authority") ?? get("host"));
    }
    expect(acceptedCount).toBeGreaterThan(ROUNDS / 20);
  });
});

describe("a response that is accepted", () => {
  it("is one HTTP/1 message with the same meaning, and comes back as the same status", () => {
    const check = new MessageCheck();
    const parser = new HeadParser("response");
    const into = new Uint8Array(4096);
    let acceptedCount = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const status = soiled(pick(["200", "204", "304", "404", "101", "103", "99"]));
      const fields: Field[] = [[":status", status], ...randomFields()];
      const note = `seed ${seed}: ${JSON.stringify(fields)}`;
      const list = listOf(fields);
      const isEnd = random(2) === 0;
      const method = random(4) === 0 ? Method.HEAD : Method.GET;
      if (check.checkResponse(list, isEnd, method) !== 0) continue;
      const end = writeResponseHead(list, check, isEnd, method, null, into, 0, into.length);
      parser.reset();
      expect(parser.parse(into, 0, end), `${note} ${parser.errorCode}`).toBe(ParseStatus.DONE);
      expect([parser.headEnd, parser.status, parser.errorCode], note).toEqual([
        end,
        Number(status),
        ParseError.NONE,
      ]);
      acceptedCount++;
      const back = newList();
      expect(responseToFields(parser, into, 0, false, back)).toBe(true);
      expect(fieldsOf(back)[0], note).toEqual([":status", status]);
      expect(check.checkResponse(back, false, method), note).toBe(0);
    }
    expect(acceptedCount).toBeGreaterThan(ROUNDS / 20);
  });
});
