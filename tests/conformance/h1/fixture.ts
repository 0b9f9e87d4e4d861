/**
 * Reads the fixtures in `tests/fixtures/h1/*.md`, which are prose in the manner of llhttp's:
 *
 *     ## Title
 *     prose
 *     <!-- kind=response method=HEAD -->    optional; kind=request without it
 *     ```http                               escapes \r \n \t \\ \xHH; the line ends of the block itself are not part of the input
 *     GET / HTTP/1.1\r\n
 *     ```
 *     ```log                                the events, see `replay.ts`
 *     off=0 ...
 *     ```
 *
 * May import: protocol.
 *
 * @module
 */

import { Method } from "../../../src/protocol/http/method.ts";
import { bytesOf, type MessageKind } from "./replay.ts";

export interface Fixture {
  title: string;
  kind: MessageKind;
  requestMethod: number;
  input: Uint8Array;
  log: string[];
}

const ESCAPES: Record<string, string> = { r: "\r", n: "\n", t: "\t", "\\": "\\" };

/** Returns the fixtures of a Markdown text. @throws {Error} for a section with an `http` block but no `log` block. */
export function readFixtures(markdown: string): Fixture[] {
  return markdown.split(/^## /m).slice(1).map(readSection);
}

function readSection(section: string): Fixture {
  const title = section.slice(0, section.indexOf("\n"));
  const http = /^```http\n([\s\S]*?)^```$/m.exec(section);
  const log = /^```log\n([\s\S]*?)^```$/m.exec(section);
  if (http === null || log === null) {
    throw new Error(`Cannot read fixture "${title}": a block is missing; write one http and one log block`);
  }
  const meta = /<!-- (.*?) -->/.exec(section)?.[1] ?? "";
  const method = /method=(\w+)/.exec(meta)?.[1] ?? "GET";
  return {
    title,
    kind: meta.includes("kind=response") ? "response" : "request",
    requestMethod: Method[method as keyof typeof Method],
    input: bytesOf(unescapeText(http[1].replaceAll("\n", ""))),
    log: log[1].trim().split("\n"),
  };
}

function unescapeText(text: string): string {
  return text.replace(/\\(?:x([0-9a-f]{2})|([rnt\\]))/gi, (_, hex: string | undefined, letter: string) => {
    return hex === undefined ? ESCAPES[letter] : String.fromCharCode(parseInt(hex, 16));
  });
}
