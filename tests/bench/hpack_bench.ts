/**
 * What HTTP/2's heads cost: nanoseconds of CPU per request for a browser's first request, for its next ones, and for responses.
 *
 *     deno run tests/bench/hpack_bench.ts [rounds]
 *
 * May import: protocol.
 *
 * @module
 */

import process from "node:process";
import { MessageCheck } from "../../src/protocol/h2/message_check.ts";
import { writeRequestHead } from "../../src/protocol/h2/to_h1.ts";
import { HpackDecoder } from "../../src/protocol/hpack/decoder.ts";
import { HpackEncoder } from "../../src/protocol/hpack/encoder.ts";
import type { FieldList } from "../../src/protocol/hpack/field_list.ts";
import { type Field, listOf, newList } from "../support/h2/fields.ts";

const TABLE_BYTES = 4096;

const REQUEST: readonly Field[] = [
  [":method", "GET"],
  [":authority", "www.example.com"],
  [":scheme", "https"],
  [":path", "/static/app/main.3f9a1c.js?v=20240611&lang=en"],
  ["cache-control", "max-age=0"],
  ["sec-ch-ua", '"Chromium";v="124", "Google Chrome";v="124", "Not-A.Brand";v="99"'],
  ["upgrade-insecure-requests", "1"],
  [
    "user-agent",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36",
  ],
  [
    "accept",
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8",
  ],
  ["referer", "https://www.example.com/account/settings"],
  ["accept-encoding", "gzip, deflate, br, zstd"],
  ["accept-language", "en-US,en;q=0.9,de;q=0.8"],
  ["cookie", "session=8f14e45fceea167a5a36dedd4bea2543; theme=dark; _ga=GA1.2.1234567890.1700000000"],
];

const RESPONSE: readonly Field[] = [
  [":status", "200"],
  ["server", "hadro"],
  ["date", "Tue, 24 Nov 2026 01:00:00 GMT"],
  ["content-type", "text/html; charset=utf-8"],
  ["content-length", "5123"],
  ["cache-control", "max-age=3600, public"],
  ["etag", '"5d8c72a5edda8-1a2b"'],
  ["vary", "accept-encoding"],
];

const rounds = Number(Deno.args[0] ?? 200_000);
const out = new Uint8Array(65_536);
const head = new Uint8Array(16_384);
const nothing = new Uint8Array(0);
const list = newList(16_384);
const check = new MessageCheck();

/** Returns the block that an encoder makes of a list after `before` times of making it. */
function blockOf(fields: FieldList, before: number): Uint8Array<ArrayBuffer> {
  const encoder = new HpackEncoder(TABLE_BYTES);
  let end = 0;
  for (let i = 0; i <= before; i++) end = encoder.encode(fields, out, 0, out.length);
  return out.slice(0, end);
}

function measure(what: string, bytes: number, run: () => void): void {
  for (let i = 0; i < rounds / 10; i++) run();
  const before = process.cpuUsage();
  for (let i = 0; i < rounds; i++) run();
  const nanoseconds = process.cpuUsage(before).user * 1000 / rounds;
  // deno-lint-ignore no-console -- a benchmark prints what it measured
  console.log(
    `${what.padEnd(44)} ${String(bytes).padStart(5)} bytes ${nanoseconds.toFixed(0).padStart(6)} ns`,
  );
}

const request = listOf(REQUEST);
const response = listOf(RESPONSE);

const first = blockOf(request, 0);
const firstDecoder = new HpackDecoder(TABLE_BYTES);
measure("decode a first request", first.length, () => {
  firstDecoder.decode(first, 0, first.length, list);
});

// After three rounds, what repeats is in both tables and the block is the same for ever.
const decoder = new HpackDecoder(TABLE_BYTES);
const encoder = new HpackEncoder(TABLE_BYTES);
let next = nothing;
for (let i = 0; i < 4; i++) {
  next = out.slice(0, encoder.encode(request, out, 0, out.length));
  decoder.decode(next, 0, next.length, list);
}
measure("decode a next request", next.length, () => {
  decoder.decode(next, 0, next.length, list);
});
measure("check a request", request.length, () => {
  check.checkRequest(request, true, false);
});
measure("write a request as HTTP/1", request.length, () => {
  writeRequestHead(request, check, true, nothing, head, 0, head.length);
});
measure("encode a request", next.length, () => {
  encoder.encode(request, out, 0, out.length);
});
const responses = new HpackEncoder(TABLE_BYTES);
measure("encode a response", blockOf(response, 3).length, () => {
  responses.encode(response, out, 0, out.length);
});
