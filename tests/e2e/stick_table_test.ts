/** Stick tables in the built program: http and tcp, over threads, until they are forgotten. @module */
import { describe, expect, it } from "vitest";
import { connect, keep, startHadro } from "../support/program/keep.ts";
import { httpServer, refusedPort, response, ScriptedServer } from "../support/program/peers.ts";

function httpServers(): number[] {
  return ["s1", "s2", "s3"].map((name) => keep(httpServer(() => response(name))).port);
}

async function ask(port: number, target: string, fields = ""): Promise<string> {
  const peer = await connect(port);
  await peer.send(`GET ${target} HTTP/1.1\r\nHost: h\r\n${fields}Connection: close\r\n\r\n`);
  return (await peer.readAll()).slice(-2);
}

async function askTimes(count: number, port: number, target: string, fields = ""): Promise<string[]> {
  const names: string[] = [];
  for (let i = 0; i < count; i++) names.push(await ask(port, target, fields));
  return names;
}

describe("--stick", () => {
  it("src: a client has one server, over connections and threads", async () => {
    const { program, port } = await startHadro("http", httpServers(), "--stick", "src", "--threads", "2");
    const [first, ...others] = await askTimes(12, port, "/");
    expect(others).toEqual(others.map(() => first));
    expect(await program.log(0)).toMatchObject({ server: first, term: "--", term_cookie: null });
  });

  it.each([
    ["hdr:X-User", (key: string) => ["/", `x-user: ${key}\r\n`]],
    ["cookie:sid", (key: string) => ["/", `Cookie: a=1; sid=${key}\r\n`]],
    ["url_param:id", (key: string) => [`/?id=${key}`, ""]],
  ])("%s: each value has one server; without one they go round", async (stick, request) => {
    const { port } = await startHadro("http", httpServers(), "--stick", stick);
    const keys = ["a", "b", "c"];
    const first: string[] = [];
    for (const key of keys) first.push(await ask(port, ...request(key) as [string, string]));
    expect(first).toEqual(["s1", "s2", "s3"]);
    for (const [i, key] of keys.entries()) {
      expect(await askTimes(2, port, ...request(key) as [string, string])).toEqual([first[i], first[i]]);
    }
    expect(await askTimes(3, port, "/")).toEqual(["s1", "s2", "s3"]);
  });

  it("forgets after expire", async () => {
    const slow = ["-r", `/slow=127.0.0.1:${refusedPort()},stick=off`, "--retries", "1"];
    const { port } = await startHadro("http", httpServers(), "--stick", "src:size=16:expire=1s", ...slow);
    const [first] = await askTimes(1, port, "/");
    expect(await askTimes(2, port, "/")).toEqual([first, first]);
    // The pause before its retry is as long as expire.
    await ask(port, "/slow");
    expect(await ask(port, "/")).not.toBe(first);
  });

  it("learns the server of a redispatch", async () => {
    const [one, two] = httpServers();
    const { program, port } = await startHadro("http", [refusedPort(), one!, two!], "--stick", "src");
    const [first, ...others] = await askTimes(4, port, "/");
    expect(others).toEqual([first, first, first]);
    expect((await program.log(0)).redispatched).toBe(true);
    expect((await program.log(1)).redispatched).toBe(false);
  });

  it("comes after the cookie, and learns what it says", async () => {
    const { program, port } = await startHadro(
      "http",
      httpServers(),
      ...["--stick", "src", "--cookie", "SRV:insert:indirect"],
    );
    expect(await ask(port, "/")).toBe("s1");
    expect(await ask(port, "/", "Cookie: SRV=s3\r\n")).toBe("s3");
    expect(await ask(port, "/")).toBe("s3");
    const letters = [0, 1, 2].map(async (i) => (await program.log(i)).term_cookie);
    // A client that the table brought back is given no cookie, as in HAProxy.
    expect(await Promise.all(letters)).toEqual(["NI", "VN", "NN"]);
  });

  it("src for tcp, in threads", async () => {
    const servers = ["s1", "s2"].map((name) =>
      keep(
        new ScriptedServer(async (peer) => {
          await peer.readUntil("\n");
          await peer.send(name);
          peer.close();
        }),
      )
    );
    const flags = ["--stick", "src", "--threads", "2", "--log", "haproxy"];
    const { program, port } = await startHadro("tcp", servers.map((server) => server.port), ...flags);
    const names: string[] = [];
    for (let i = 0; i < 8; i++) {
      const peer = await connect(port);
      await peer.send("hello\n");
      names.push(await peer.readAll());
      peer.close();
    }
    expect(new Set(names).size).toBe(1);
    await program.stdout.waitFor(
      new RegExp(` fe app/${names[0]} \\d+/\\d+/\\d+ 2 -- \\d+/\\d+/\\d+/\\d+/0 0/0$`),
    );
  });
});
