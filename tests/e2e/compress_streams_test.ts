/** `--compress` of the built program while bytes flow: events, trailers, slow readers, failures, and the bound of its memory. @module */
import { describe, expect, it, onTestFinished } from "vitest";
import { decompress, decompressPart, readChunked } from "../support/program/compressed.ts";
import { connect, expectIdle, keep, startHadro } from "../support/program/keep.ts";
import { httpServer, type Peer, ScriptedServer } from "../support/program/peers.ts";

const GET = "GET /x HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip, br, zstd\r\n\r\n";
const CHUNKED = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n";
const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`;

/** A server that reads a head and does as told. */
const serving = (serve: (peer: Peer) => Promise<void>) =>
  keep(
    new ScriptedServer(async (peer) => {
      await peer.readUntil("\r\n\r\n");
      await serve(peer);
    }),
  );

/** Reads until what can be decompressed of a body that has not ended contains `text`; returns all of it. */
async function readUntil(peer: Peer, coding: string, text: string): Promise<string> {
  const bodyAt = (await peer.readUntil("\r\n\r\n")).indexOf("\r\n\r\n") + 4;
  for (;;) {
    const decoded = decompressPart(coding, payloadOf(peer.received.slice(bodyAt)));
    if (decoded.includes(text)) return decoded;
    if (peer.isEnded) throw new Error(`No ${text} in ${decoded}`);
    await peer.readBytes(peer.received.length + 1);
  }
}

/** The payload of the chunks that are whole. */
function payloadOf(body: string): Uint8Array {
  let payload = "";
  for (let at = 0;;) {
    const line = /^([0-9a-f]+)\r\n/.exec(body.slice(at, at + 8));
    const start = at + (line?.[0].length ?? Infinity);
    const size = parseInt(line?.[1] ?? "0", 16);
    if (size === 0 || body.length < start + size + 2) break;
    payload += body.slice(start, start + size);
    at = start + size + 2;
  }
  return Uint8Array.from(payload, (char) => char.charCodeAt(0));
}

describe("what flows", () => {
  it.each(["gzip", "br", "zstd"])(
    "events are not held back by %s: each comes when it was sent",
    async (coding) => {
      const seen = Array.from({ length: 5 }, () => Promise.withResolvers<void>());
      const server = serving(async (peer) => {
        await peer.send(CHUNKED.replace("text/plain", "text/event-stream"));
        for (let i = 0; i < 5; i++) {
          await peer.send(chunk(`data: event ${i}\n\n`));
          await seen[i]!.promise;
        }
        await peer.send("0\r\n\r\n");
      });
      // So that a failure is not waited for by the server.
      onTestFinished(() => seen.forEach(({ resolve }) => resolve()));
      const { program, port } = await startHadro("http", [server.port], "--compress", coding);
      const peer = await connect(port);
      await peer.send(GET);
      for (let i = 0; i < 5; i++) {
        expect(await readUntil(peer, coding, `event ${i}\n`)).toContain(`data: event ${i}\n`);
        seen[i]!.resolve();
      }
      await peer.readUntil("\r\n0\r\n\r\n");
      const uncompressed = "data: event 0\n\n".length * 5;
      expect(await program.log()).toMatchObject({
        ...{ term: "--", encoding: coding, bytes_uncompressed: uncompressed },
      });
    },
  );

  it("trailers come behind the last chunk, and the connections stay", async () => {
    const text = "hello, ".repeat(500);
    const server = keep(
      httpServer(() =>
        `${CHUNKED.replace("\r\n\r\n", "\r\nTrailer: X-Sum\r\n\r\n")}${
          chunk(text)
        }0\r\nX-Sum: 42\r\nX-B: c\r\n\r\n`
      ),
    );
    const { program, port } = await startHadro("http", [server.port], "--compress", "gzip");
    const peer = await connect(port);
    for (let i = 0; i < 2; i++) {
      await peer.send(GET);
      const { head, raw, trailers } = await readChunked(peer);
      expect(head).toBe(
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTrailer: X-Sum\r\nVary: Accept-Encoding\r\n" +
          "Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n",
      );
      expect([decompress("gzip", raw), trailers]).toEqual([text, "X-Sum: 42\r\nX-B: c\r\n"]);
    }
    expect(await program.log(1)).toMatchObject({ term: "--", bytes_uncompressed: text.length });
    expect(server.peers.length).toBe(1);
  });

  it.each([["gzip", "epoll"], ["br", "epoll"], ["zstd", "epoll"], ["gzip", "deno"]])(
    "20 MB through %s on poller %s to a slow reader: every byte, and nothing left",
    async (coding, poller) => {
      let text = "";
      for (let i = 0; text.length < 20_000_000; i++) text += `${(i * 2654435761) % 4294967296},line ${i}\n`;
      const server = serving((peer) =>
        peer.send(
          `HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\nContent-Length: ${text.length}\r\n\r\n${text}`,
        )
      );
      const flags = ["--compress", coding, "--poller", poller];
      const { program, port } = await startHadro("http", [server.port], ...flags);
      const peer = await connect(port);
      await peer.send(GET);
      await peer.readBytes(10_000);
      await new Promise((wake) => setTimeout(wake, 200));
      const { raw } = await readChunked(peer);
      expect(decompress(coding, raw) === text).toBe(true);
      expect(await program.log()).toMatchObject({ term: "--", bytes_uncompressed: text.length });
      peer.close();
      await expectIdle(program);
      expect(await program.counters()).toMatchObject({ encoderBytes: 0 });
    },
  );
});

describe("what fails", () => {
  it("a server that dies in its body: the client sees that it is not whole: SD", async () => {
    const server = serving(async (peer) => {
      await peer.send(CHUNKED + chunk("half of it, ".repeat(200)));
      peer.close();
    });
    const { program, port } = await startHadro("http", [server.port], "--compress", "gzip");
    const peer = await connect(port);
    await peer.send(GET);
    expect(await peer.readAll()).not.toContain("\r\n0\r\n\r\n");
    expect(await program.log()).toMatchObject({
      ...{
        status: 200,
        term: "SD",
        encoding: "gzip",
        why: "the server closed in the middle of its response",
      },
    });
    await expectIdle(program);
    expect(await program.counters()).toMatchObject({ encoderBytes: 0 });
  });

  it("chunks that are malformed: PD, and no end", async () => {
    const server = serving((peer) => peer.send(`${CHUNKED + chunk("x".repeat(2_000))}what?\r\n`));
    const { program, port } = await startHadro("http", [server.port], "--compress", "gzip");
    const peer = await connect(port);
    await peer.send(GET);
    expect(await peer.readAll()).not.toContain("\r\n0\r\n\r\n");
    expect(await program.log()).toMatchObject({ status: 200, term: "PD" });
    await expectIdle(program);
  });

  it("a client that never reads is bounded by timeout-client: cD, and memory comes back", async () => {
    let text = "";
    for (let i = 0; text.length < 30_000_000; i++) text += crypto.randomUUID();
    const server = serving((peer) =>
      peer.send(
        `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ${text.length}\r\n\r\n${text}`,
      ).catch(() => {})
    );
    const flags = ["--compress", "zstd", "--timeout-client", "400ms"];
    const { program, port } = await startHadro("http", [server.port], ...flags);
    const peer = await connect(port);
    await peer.send(GET);
    expect(await program.log()).toMatchObject({ status: 200, term: "cD", encoding: "zstd" });
    await expectIdle(program);
    expect(await program.counters()).toMatchObject({ encoderBytes: 0 });
  });

  it("beyond --compress-mem a response passes as it is; when memory is back the next one is compressed", async () => {
    const end = Promise.withResolvers<void>();
    const server = serving(async (peer) => {
      await peer.send(CHUNKED + chunk("x".repeat(2_000)));
      await end.promise;
      await peer.send("0\r\n\r\n");
    });
    onTestFinished(() => end.resolve());
    const flags = ["--compress", "gzip", "--compress-mem", "480k"];
    const { program, port } = await startHadro("http", [server.port], ...flags);
    const first = await connect(port);
    await first.send(GET);
    expect(await first.readUntil("\r\n\r\n")).toContain("Content-Encoding: gzip");
    const second = await connect(port);
    await second.send(GET);
    const plain = await second.readUntil("xxx");
    expect(plain.slice(0, plain.indexOf("\r\n\r\n") + 4)).toBe(
      CHUNKED.replace("\r\n\r\n", "\r\nVary: Accept-Encoding\r\n\r\n"),
    );
    expect(await program.counters()).toMatchObject({
      ...{ encoderBytes: 480 * 1_024, compressed: 1, compressRefused: 1 },
    });
    end.resolve();
    await program.countersWhen((c) => c.encoderBytes === 0);
    const third = await connect(port);
    await third.send(GET);
    expect(await third.readUntil("\r\n\r\n")).toContain("Content-Encoding: gzip");
  });
});
