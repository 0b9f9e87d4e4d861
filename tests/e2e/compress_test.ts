/** `--compress` of the built program: exact heads, decompressed bodies, the log; what is compressed and what is not. @module */
import { describe, expect, it } from "vitest";
import { decompress, readChunked } from "../support/program/compressed.ts";
import { connect, expectIdle, keep, startHadro } from "../support/program/keep.ts";
import { httpServer } from "../support/program/peers.ts";
import { runToEnd } from "../support/program/run_to_end.ts";

const TEXT = Array.from({ length: 400 }, (_, i) => `{"id":${i},"name":"user ${i % 7}"},`).join("\n");
const get = (accept: string, headers = "", method = "GET") =>
  `${method} /x HTTP/1.1\r\nHost: a\r\n${
    accept === "" ? "" : `Accept-Encoding: ${accept}\r\n`
  }${headers}\r\n`;
const answer = (headers: string, body = TEXT, status = "200 OK") =>
  `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\n${headers}Content-Length: ${body.length}\r\n\r\n${body}`;

describe("a response", () => {
  it("is compressed: its head to the byte, its body decompressed, the log line; the connection stays", async () => {
    const server = keep(
      httpServer(() => answer('Server: x\r\nETag: "abc"\r\nVary: Origin\r\nDate: now\r\n')),
    );
    const { program, port } = await startHadro("http", [server.port], "--compress", "gzip");
    const peer = await connect(port);
    for (let i = 0; i < 2; i++) {
      await peer.send(get("gzip, deflate"));
      const { head, raw, sizeBytes } = await readChunked(peer);
      expect(head).toBe(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nServer: x\r\nVary: Origin\r\nDate: now\r\n" +
          "Vary: Accept-Encoding\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n" +
          'ETag: W/"abc"\r\n\r\n',
      );
      expect(decompress("gzip", raw)).toBe(TEXT);
      expect(sizeBytes).toBeLessThan(TEXT.length / 3);
      expect(await program.log(i)).toMatchObject({
        ...{ status: 200, term: "--", bytes_out: sizeBytes },
        ...{ encoding: "gzip", bytes_uncompressed: TEXT.length },
      });
    }
    peer.close();
    await expectIdle(program);
    expect(await program.counters()).toMatchObject({ encoderBytes: 0, compressed: 2, compressRefused: 0 });
    expect(server.peers.length).toBe(1);
  });

  it.each([
    ["gzip", "gzip"],
    ["zstd, br, gzip", "zstd"],
    ["br, gzip", "br"],
    ["gzip;q=1.0, br;q=0.9", "gzip"],
    ["x-gzip", "gzip"],
    ["*", "zstd"],
    ["zstd;q=0, *;q=0.5", "br"],
    ["identity;q=0, gzip", "gzip"],
    ["GZIP ; Q=0.001", "gzip"],
  ])("for a client that takes %s is %s", async (accept, coding) => {
    const server = keep(httpServer(() => answer("")));
    const { program, port } = await startHadro("http", [server.port], "--compress", "on");
    const peer = await connect(port);
    await peer.send(get(accept));
    const { head, raw } = await readChunked(peer);
    expect(head).toContain(`\r\nContent-Encoding: ${coding}\r\n`);
    expect(decompress(coding, raw)).toBe(TEXT);
    expect(await program.log()).toMatchObject({ encoding: coding, bytes_uncompressed: TEXT.length });
  });

  it.each([
    ["a client that says nothing", get(""), "Vary: Accept-Encoding\r\n"],
    ["one that takes others", get("deflate, compress"), "Vary: Accept-Encoding\r\n"],
    ["one that rather takes none", get("identity, gzip;q=0.5"), "Vary: Accept-Encoding\r\n"],
    ["one that takes none of it", get("gzip;q=0, *;q=0"), "Vary: Accept-Encoding\r\n"],
    ["a malformed weight", get("gzip;q=2"), "Vary: Accept-Encoding\r\n"],
  ])("passes as it is for %s, and says that it varies", async (_, request, vary) => {
    const server = keep(httpServer(() => answer('ETag: "abc"\r\n')));
    const { program, port } = await startHadro("http", [server.port], "--compress", "gzip");
    const peer = await connect(port);
    await peer.send(request);
    const whole = answer('ETag: "abc"\r\n').replace("\r\n\r\n", `\r\n${vary}\r\n`);
    expect(await peer.readBytes(whole.length)).toBe(whole);
    expect(await program.log()).toMatchObject({ encoding: null, bytes_uncompressed: null });
  });

  it.each([
    ["no-transform", answer("Cache-Control: public, No-Transform\r\n")],
    ["its own coding", answer("Content-Encoding: br\r\n")],
    ["a part of it", answer("Content-Range: bytes 0-9/10\r\n", TEXT, "206 Partial Content")],
    ["another status", answer("", TEXT, "404 Not Found")],
    ["a small size", answer("", "x".repeat(1_023))],
    ["another type", answer("").replace("application/json", "image/png")],
    ["no type", answer("").replace("Content-Type: application/json\r\n", "")],
    ["an invalid ETag", answer("ETag: abc\r\n")],
    ["a digest", answer("Content-Digest: sha-256=:abc=:\r\n")],
  ])("with %s passes to the byte", async (_, response) => {
    const server = keep(httpServer(() => response));
    const { program, port } = await startHadro("http", [server.port], "--compress", "on");
    const peer = await connect(port);
    await peer.send(get("gzip, br, zstd"));
    expect(await peer.readBytes(response.length)).toBe(response);
    expect(await program.log()).toMatchObject({ encoding: null, term: "--" });
  });

  it.each([
    ["to HEAD says that it varies", "HEAD", answer("").split("\r\n\r\n")[0]!, "Vary: Accept-Encoding\r\n"],
    ["304", "GET", 'HTTP/1.1 304 Not Modified\r\nETag: "abc"', ""],
    ["204", "GET", "HTTP/1.1 204 No Content\r\nServer: x", ""],
  ])("without a body: %s", async (_, method, head, added) => {
    const server = keep(httpServer(() => `${head}\r\n\r\n`));
    const { port } = await startHadro("http", [server.port], "--compress", "on");
    const peer = await connect(port);
    for (let i = 0; i < 2; i++) {
      await peer.send(get("gzip", "", method));
      const expected = `${head}\r\n${added}\r\n`;
      expect(await peer.readBytes(expected.length)).toBe(expected);
      peer.take();
    }
  });

  it("for HTTP/1.0, and of HTTP/1.0, passes; one that ends with its connection too", async () => {
    const server = keep(
      httpServer((head) => head.includes("/old") ? answer("").replace("HTTP/1.1", "HTTP/1.0") : answer("")),
    );
    const { port } = await startHadro("http", [server.port], "--compress", "on");
    const old = await connect(port);
    await old.send("GET / HTTP/1.0\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n");
    expect((await old.readAll()).endsWith(`\r\n\r\n${TEXT}`)).toBe(true);
    const peer = await connect(port);
    await peer.send(get("gzip").replace("/x", "/old"));
    expect(await peer.readUntil(TEXT)).not.toContain("Content-Encoding");
  });
});

describe("the flags", () => {
  it("hold in every thread, and memory that is too little for them is refused", async () => {
    const server = keep(httpServer(() => answer("")));
    const { port } = await startHadro("http", [server.port], "--compress", "on", "--threads", "2");
    for (let i = 0; i < 8; i++) {
      const peer = await connect(port);
      await peer.send(get("br"));
      expect(decompress("br", (await readChunked(peer)).raw)).toBe(TEXT);
      peer.close();
    }
    const { code, stderr } = await runToEnd(["8080", ":1", "--compress", "br", "--compress-mem", "1m"]);
    expect([code, stderr.join("\n")]).toEqual([
      2,
      "hadro: Cannot start: compression has 1024k and needs 1900k; raise compress-mem, or choose a lower level",
    ]);
  });

  it("compress-offload: servers do not see what hadro compresses for; without it they do", async () => {
    const heads: string[] = [];
    const server = keep(httpServer((head) => {
      heads.push(head);
      return answer("");
    }));
    const words = [`127.0.0.1:${server.port}`];
    const offload = ["-r", `/x=127.0.0.1:${server.port},compress-offload=on`];
    const { port } = await startHadro("http", words, ...offload, "--compress", "gzip");
    const peer = await connect(port);
    for (const request of [get("gzip"), get("deflate"), get("gzip").replace("/x", "/")]) {
      await peer.send(request);
      await peer.readUntil("\r\n\r\n");
      if (peer.received.includes("chunked")) await readChunked(peer);
      else await peer.readUntil(TEXT);
      peer.take();
    }
    expect(heads.map((head) => /Accept-Encoding: (.*)\r\n/.exec(head)?.[1])).toEqual([
      undefined,
      "deflate",
      "gzip",
    ]);
  });

  it("of a backend hold instead of its listener's; types and sizes are asked", async () => {
    const server = keep(httpServer((head) => {
      const body = head.includes("/small") ? "tiny, tiny, tiny" : TEXT;
      return `HTTP/1.1 200 OK\r\nContent-Type: image/svg+xml; charset=x\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    }));
    const address = `127.0.0.1:${server.port}`;
    const { port } = await startHadro(
      "http",
      [address],
      ...["--compress", "br:1+gzip:9", "-r", `/off=${address},compress=off`],
      ...["-r", `/png=${address},compress-type="image/png text/*"`, "-r"],
      ...[`/small=${address},compress-min-size=16,compress=gzip`],
    );
    const codingOf = async (path: string) => {
      const peer = await connect(port);
      await peer.send(get("gzip, br").replace("/x", path));
      const head = await peer.readUntil("\r\n\r\n");
      return /Content-Encoding: (.*)\r\n/.exec(head)?.[1] ?? "none";
    };
    expect([await codingOf("/"), await codingOf("/off"), await codingOf("/png"), await codingOf("/small")])
      .toEqual(["br", "none", "none", "gzip"]);
  });
});
