/** What hadro's encoder and frame writers make, read by the HTTP/2 server of `node:http2`. @module */
import http2 from "node:http2";
import type { AddressInfo } from "node:net";
import { describe, expect, it } from "vitest";
import { FRAME_HEADER_BYTES } from "../../../src/protocol/h2/frame.ts";
import { writeHeaders, writeSettings, writeSettingsAck } from "../../../src/protocol/h2/frame_writer.ts";
import { PREFACE } from "../../../src/protocol/h2/preface.ts";
import { HpackEncoder } from "../../../src/protocol/hpack/encoder.ts";
import { type Field, listOf } from "../../support/h2/fields.ts";

const BASE: readonly Field[] = [[":method", "GET"], [":scheme", "http"], [":authority", "a.test:8080"]];
/** The frame size of the test: blocks above it need CONTINUATION. */
const FRAME_BYTES = 64;
const ALL_VISIBLE = String.fromCharCode(...Array.from({ length: 0x5e }, (_, i) => 0x21 + i));

const LISTS: readonly (readonly Field[])[] = [
  [...BASE, [":path", "/"], ["user-agent", "hadro/1"], ["x-a", "1"]],
  [...BASE, [":path", "/x?y=%20"], ["user-agent", "hadro/1"], ["x-a", "1"], ["x-b", "~".repeat(90)]],
  [...BASE, [":path", "/"], ["user-agent", "hadro/1"], ["x-a", "1"], ["authorization", "Basic QTpC"]],
  [...BASE, [":path", "/"], ["x-a", "1"], ["x-visible", ALL_VISIBLE], ["accept", "*/*"]],
  ...Array.from({ length: 60 }, (_, i): readonly Field[] => [
    ...BASE,
    [":path", `/${i}`],
    ["user-agent", `agent ${i % 7}${"x".repeat(i * 5)}`],
    ["x-a", "1"],
    ["x-round", `${i % 3}`],
  ]),
];

function requests(): Uint8Array<ArrayBuffer> {
  const encoder = new HpackEncoder(4096);
  const bytes = new Uint8Array(200_000);
  bytes.set(PREFACE);
  let at = writeSettingsAck(bytes, writeSettings(bytes, PREFACE.length, [0x2, 0]));
  for (const [index, fields] of LISTS.entries()) {
    if (index === 10) encoder.limitTable(200);
    if (index === 40) encoder.limitTable(4096);
    const end = encoder.encode(listOf(fields), bytes, at + FRAME_HEADER_BYTES, bytes.length);
    const length = end - at - FRAME_HEADER_BYTES;
    at = writeHeaders(bytes, at, length, index * 2 + 1, true, FRAME_BYTES);
  }
  return bytes.slice(0, at);
}

describe("an HTTP/2 server that is not ours", () => {
  it("reads every list as it was given, through a table that grows and shrinks", async () => {
    const seen = new Map<number, string[]>();
    const server = http2.createServer();
    const done = Promise.withResolvers<void>();
    server.on(
      "stream",
      (stream: http2.ServerHttp2Stream, _headers: unknown, _flags: unknown, rawHeaders: string[]) => {
        seen.set(stream.id!, rawHeaders);
        stream.on("error", () => {});
        stream.respond({ ":status": 200 }, { endStream: true });
        if (seen.size === LISTS.length) done.resolve();
      },
    );
    server.on("sessionError", done.reject);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const conn = await Deno.connect({ hostname: "127.0.0.1", port: (server.address() as AddressInfo).port });
    try {
      const bytes = requests();
      for (let at = 0; at < bytes.length;) at += await conn.write(bytes.subarray(at));
      await done.promise;
    } finally {
      conn.close();
      await new Promise((resolve) => server.close(resolve));
    }
    for (const [index, fields] of LISTS.entries()) {
      expect(seen.get(index * 2 + 1), `list ${index}`).toEqual(
        fields.flatMap(([name, value]) => [name, value]),
      );
    }
  });
});
