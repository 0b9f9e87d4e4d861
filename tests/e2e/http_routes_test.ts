/** Headers, hosts and routes of HTTP/1.1 through the built program. @module */
import { describe, expect, it } from "vitest";
import { connect as client, keep, startHadro } from "../support/program/keep.ts";
import { httpServer, response } from "../support/program/peers.ts";
import { Program } from "../support/program/program.ts";

const hadro = (backends: (number | string)[], ...flags: string[]) => startHadro("http", backends, ...flags);

describe("headers and routes", () => {
  it("believes X-Forwarded-* from trusted clients only, and sets, adds and removes headers", async () => {
    const heads: string[] = [];
    const server = keep(httpServer((head) => {
      heads.push(head);
      return response("ok", "Server: x\r\n");
    }));
    const { port } = await hadro(
      [server.port],
      "--trust",
      "127.0.0.0/8",
      "--host",
      "fixed.test",
      "--header-up",
      "X-A: new",
      "--header-up",
      "+X-B: two",
      "--header-up",
      "-X-C",
      "--header-down",
      "-Server",
      "--header-down",
      "X-Via: hadro",
    );
    const peer = await client(port);
    await peer.send(
      "GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 1.1.1.1\r\nX-Forwarded-Proto: https\r\nX-A: old\r\nX-B: one\r\nX-C: 1\r\n\r\n",
    );
    expect(await peer.readUntil("ok")).toBe("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Via: hadro\r\n\r\nok");
    expect(heads[0].split("\r\n").slice(1, -2).sort()).toEqual([
      "Host: fixed.test",
      "X-A: new",
      "X-B: one",
      "X-B: two",
      "X-Forwarded-For: 1.1.1.1",
      "X-Forwarded-For: 127.0.0.1",
      "X-Forwarded-Host: a",
      "X-Forwarded-Proto: https",
    ]);
  });

  it("routes by the very path, the method and headers", async () => {
    const name = (text: string) => `127.0.0.1:${keep(httpServer(() => response(text))).port}`;
    const program = keep(
      await Program.start([
        "-l",
        "http://127.0.0.1:0,name=fe",
        "-r",
        `/api=${name("api")},name=api`,
        `/api==${name("exact")},name=exact`,
        `/api=${name("write")},method=POST+PUT,name=write`,
        `/api=${name("beta")},header=X-Beta,header=X-Version:2,name=beta`,
        "--log",
        "haproxy",
      ]),
    );
    const ask = async (start: string, fields = "") => {
      const peer = await client(program.port("fe"));
      await peer.send(`${start} HTTP/1.1\r\nHost: h\r\n${fields}Connection: close\r\n\r\n`);
      return (await peer.readAll()).split("\r\n\r\n")[1];
    };
    const beta = "x-version: 2\r\nx-beta: \r\n";
    expect(await ask("GET /api?x")).toBe("exact");
    expect(await ask("GET /api/1")).toBe("api");
    expect(await ask("PUT /api/2", beta)).toBe("write");
    expect(await ask("GET /api/3", beta)).toBe("beta");
    expect(await ask("GET /api/4", beta.replace("2", "3"))).toBe("api");
    const served = ["exact", "api", "write", "beta", "api"];
    await program.stdout.waitFor(/HTTP/, 10_000, served.length - 1);
    expect(program.stdout.lines.map((line) => / fe (\w+)\/s1 /.exec(line)?.[1])).toEqual(served);
  });

  it("routes by host and path prefix, the longest match first, 404 when nothing matches", async () => {
    const name = (text: string) => keep(httpServer(() => response(text)));
    const [api, v2, sub, exact] = ["api", "v2", "sub", "exact"].map(name);
    const program = keep(
      await Program.start([
        "-l",
        "http://127.0.0.1:0,name=fe",
        "-r",
        `/api=127.0.0.1:${api.port}`,
        `/api/v2=127.0.0.1:${v2.port}`,
        `.example.com=127.0.0.1:${sub.port}`,
        `www.example.com=127.0.0.1:${exact.port}`,
        "--log",
        "json",
      ]),
    );
    const ask = async (host: string, path: string) => {
      const peer = await client(program.port("fe"));
      await peer.send(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
      return (await peer.readAll()).split("\r\n\r\n")[1];
    };
    expect(await ask("x", "/api/1")).toBe("api");
    expect(await ask("x", "/api/v2/1")).toBe("v2");
    expect(await ask("a.example.com", "/api")).toBe("sub");
    expect(await ask("WWW.example.com:80", "/")).toBe("exact");
    expect(await ask("x", "/apix")).toContain("404 Not Found");
    expect(await program.log(4)).toMatchObject({ status: 404, term: "PR", backend: null, server: null });
  });
});
