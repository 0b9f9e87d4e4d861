/**
 * What parsing a request head costs: nanoseconds per head for what curl and a browser send.
 *
 *     deno run tests/bench/h1_parser_bench.ts [rounds]
 *
 * May import: protocol.
 *
 * @module
 */

import { HeadParser, ParseStatus } from "../../src/protocol/h1/head_parser.ts";

const CURL = [
  "GET /index.html HTTP/1.1",
  "Host: 127.0.0.1:8080",
  "User-Agent: curl/8.5.0",
  "Accept: */*",
];

const BROWSER = [
  "GET /static/app/main.3f9a1c.js?v=20240611&lang=en HTTP/1.1",
  "Host: www.example.com",
  "Connection: keep-alive",
  "Cache-Control: max-age=0",
  'sec-ch-ua: "Chromium";v="124", "Google Chrome";v="124", "Not-A.Brand";v="99"',
  "sec-ch-ua-mobile: ?0",
  'sec-ch-ua-platform: "Linux"',
  "Upgrade-Insecure-Requests: 1",
  "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36",
  "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8",
  "Sec-Fetch-Site: same-origin",
  "Sec-Fetch-Mode: navigate",
  "Sec-Fetch-User: ?1",
  "Sec-Fetch-Dest: document",
  "Referer: https://www.example.com/account/settings",
  "Accept-Encoding: gzip, deflate, br, zstd",
  "Accept-Language: en-US,en;q=0.9,de;q=0.8",
  "Cookie: session=8f14e45fceea167a5a36dedd4bea2543; theme=dark; _ga=GA1.2.1234567890.1700000000",
  'If-None-Match: "5d8c72a5edda8-1a2b"',
  "DNT: 1",
  "X-Requested-With: XMLHttpRequest",
];

/** One measurement. */
export interface HeadCost {
  name: string;
  sizeBytes: number;
  nsPerHead: number;
}

/** Parses each sample `rounds` times, the best of five passes counts, and returns the costs. */
export function benchHeads(rounds: number): HeadCost[] {
  return [benchHead("curl", CURL, rounds), benchHead("browser", BROWSER, rounds)];
}

function benchHead(name: string, lines: string[], rounds: number): HeadCost {
  const bytes = new TextEncoder().encode(lines.join("\r\n") + "\r\n\r\n");
  const parser = new HeadParser("request");
  let bestMs = Infinity;
  for (let pass = 0; pass < 5; pass++) {
    const startMs = performance.now();
    for (let round = 0; round < rounds; round++) {
      parser.reset();
      if (parser.parse(bytes, 0, bytes.length) !== ParseStatus.DONE) {
        throw new Error(`Cannot parse ${name}'s head`);
      }
    }
    bestMs = Math.min(bestMs, performance.now() - startMs);
  }
  return { name, sizeBytes: bytes.length, nsPerHead: bestMs * 1e6 / rounds };
}

if (import.meta.main) {
  for (const cost of benchHeads(Number(Deno.args[0] ?? 200_000))) {
    // deno-lint-ignore no-console -- the table is what this script is for
    console.log(`${cost.name}: ${cost.sizeBytes} bytes, ${Math.round(cost.nsPerHead)} ns per head`);
  }
}
