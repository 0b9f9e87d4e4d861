/** Paths that are changed on their way, through the built program. @module */
import { describe, expect, it } from "vitest";
import { connect as client, keep } from "../support/program/keep.ts";
import { httpServer, response } from "../support/program/peers.ts";
import { Program } from "../support/program/program.ts";

/** hadro with one route under /api whose servers have these keys; `heads` is what they saw. */
async function start(keys: string): Promise<{ program: Program; heads: string[] }> {
  const heads: string[] = [];
  const server = keep(httpServer((head) => {
    heads.push(head);
    return response("ok");
  }));
  const route = `/api=127.0.0.1:${server.port},name=api,${keys}`;
  const program = keep(
    await Program.start(["-l", "http://127.0.0.1:0,name=fe", "-r", route, "--log", "haproxy"]),
  );
  return { program, heads };
}

describe("paths on their way", () => {
  it("are changed for the server, and logged as the client wrote them", async () => {
    const { program, heads } = await start("strip-prefix=/api,add-prefix=/v1");
    const peer = await client(program.port("fe"));
    await peer.send(
      "POST /api/x?y=/api HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbody" +
        "GET http://h/api HTTP/1.1\r\nHost: h\r\nX-A: 1\r\nConnection: close\r\n\r\n",
    );
    expect(await peer.readAll()).toBe(
      `${response("ok")}${response("ok").replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n")}`,
    );
    const added = "X-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: h\r\n\r\n";
    expect(heads).toEqual([
      `POST /v1/x?y=/api HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n${added}`,
      `GET /v1/ HTTP/1.1\r\nX-A: 1\r\nHost: h\r\n${added}`,
    ]);
    expect(await program.stdout.waitFor(/POST/)).toMatch(
      /^127\.0\.0\.1:\d+ \[[^\]]+\] fe api\/s1 \d+\/0\/\d+\/\d+\/\d+ 200 \d+ - - ---- 1\/1\/1\/1\/0 0\/0 "POST \/api\/x\?y=\/api HTTP\/1\.1"$/,
    );
  });

  it("are matched with an expression, which no path can keep busy", async () => {
    const { program, heads } = await start('replace-path="^/api/((a*)*)*b$ /$1"');
    const ask = async (path: string) => {
      const peer = await client(program.port("fe"));
      await peer.send(`GET ${path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n`);
      return (await peer.readAll()).split("\r\n")[0];
    };
    expect(await ask("/api/aab?q")).toBe("HTTP/1.1 200 OK");
    const beganMs = performance.now();
    expect(await ask(`/api/${"a".repeat(60)}`)).toBe("HTTP/1.1 200 OK");
    expect(performance.now() - beganMs).toBeLessThan(2_000);
    expect(heads.map((head) => head.split(" ")[1])).toEqual(["/aa?q", `/api/${"a".repeat(60)}`]);
    expect(await ask(`/api/${"a".repeat(1_020)}`)).toBe("HTTP/1.1 414 URI Too Long");
    expect(await program.stdout.waitFor(/ 414 /)).toMatch(
      / fe fe\/<NOSRV> \d+\/-1\/-1\/-1\/\d+ 414 \d+ - - PR-- /,
    );
    expect(heads.length).toBe(2);
  });

  it("of a redirect are changed too", async () => {
    const program = keep(
      await Program.start([
        "-l",
        "http://127.0.0.1:0,name=fe",
        "-r",
        "/old=,redirect=prefix:/new,strip-prefix=/old",
      ]),
    );
    const peer = await client(program.port("fe"));
    await peer.send("GET /old/x?y HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    expect(await peer.readAll()).toContain("\r\nlocation: /new/x?y\r\n");
  });
});
