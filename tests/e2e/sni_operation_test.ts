/** What else concerns an sni listener: formats of the log, limits, hashing, threads, drains, explain. @module */
import { describe, expect, it } from "vitest";
import { connect, expectIdle, keep } from "../support/program/keep.ts";
import { ScriptedServer } from "../support/program/peers.ts";
import { Program } from "../support/program/program.ts";
import { latin1 } from "../support/proxy_protocol/headers.ts";
import { capturedHello } from "../support/tls/captured.ts";
import { helloText } from "../support/tls/hellos.ts";
import { at, silentServer, startSni } from "../support/tls/sni_listener.ts";

const HELLO = capturedHello("OpenSSL, TLS 1.3");

describe("an sni listener", () => {
  it("has the name in a format of one's own, and in the line for people", async () => {
    const a = silentServer();
    const words = ["-r", `app.example.com=${at(a)}`];
    for (
      const [format, expected] of [
        ["%ft %b/%s %sni %{+Q}sni %ts", /^fe app\/s1 app\.example\.com "app\.example\.com" --$/],
        [
          "tty",
          /^\d\d:\d\d:\d\d ok {2}TLS app\.example\.com {2}fe -> app\/s1 {2}\d+ ms {2}0 B {2}127\.0\.0\.1$/,
        ],
        ["haproxy", /^127\.0\.0\.1:\d+ \[[^\]]+\] fe app\/s1 0\/\d+\/\d+ 0 -- 1\/1\/1\/1\/0 0\/0$/],
      ] as const
    ) {
      const { program, port } = await startSni(words, "--log", format);
      const peer = await connect(port);
      await peer.send(HELLO);
      await peer.closeWrite();
      await peer.readAll();
      expect(await program.stdout.waitFor(/./)).toMatch(expected);
    }
  });

  it("allow, deny and limits of connections hold before a byte is read", async () => {
    const { program, port } = await startSni(["-r", "a.test=127.0.0.1:9"], "--deny", "127.0.0.0/8");
    try {
      await (await connect(port)).readAll();
    } catch (error) {
      expect(error).toBeInstanceOf(Deno.errors.ConnectionReset);
    }
    expect(await program.log()).toMatchObject({ scheme: "sni", term: "PR", sni: null, bytes_in: 0 });

    const a = silentServer();
    const limited = await startSni(["-r", `app.example.com=${at(a)}`], "--maxconn-per-src", "1");
    const first = await connect(limited.port);
    await first.send(HELLO);
    await limited.program.countersWhen(({ connections }) => connections === 1);
    try {
      await (await connect(limited.port)).readAll();
    } catch (error) {
      expect(error).toBeInstanceOf(Deno.errors.ConnectionReset);
    }
    expect(await limited.program.log()).toMatchObject({ term: "PR", sni: null });
    first.close();
    await expectIdle(limited.program);
    // The place is free again.
    const third = await connect(limited.port);
    await third.send(HELLO);
    await third.closeWrite();
    await third.readAll();
    expect(await limited.program.log(2)).toMatchObject({ term: "--", sni: "app.example.com" });
  });

  it("the same name reaches the same server with lb=sni, in every thread", async () => {
    const servers = [silentServer(), silentServer(), silentServer()];
    const { port } = await startSni(["-b", ...servers.map(at)], "--lb", "sni", "--threads", "2");
    for (let round = 0; round < 6; round++) {
      for (const name of ["a.test", "b.test", "c.test", "d.test", "e.test", "f.test"]) {
        const peer = await connect(port);
        await peer.send(latin1(helloText({ name })));
        await peer.closeWrite();
        await peer.readAll();
      }
    }
    const seen = servers.map(({ peers }) => new Set(peers.map(({ received }) => received)));
    expect(seen.reduce((sum, { size }) => sum + size, 0)).toBe(6);
    expect(seen.filter(({ size }) => size > 0).length).toBeGreaterThan(1);
  });

  it("a drain lets what was begun go on: a hello that is half there, and a connection", async () => {
    const a = keep(
      new ScriptedServer(async (peer) => {
        await peer.readUntil("ping");
        await peer.send("pong");
        await peer.readAll();
        peer.close();
      }),
    );
    const { program, port } = await startSni(["-r", `app.example.com=${at(a)}`]);
    const open = await connect(port);
    await open.send(HELLO);
    const half = await connect(port);
    await half.send(HELLO.subarray(0, 100));
    await program.countersWhen(({ connections, buffersInUse }) => connections === 2 && buffersInUse === 1);
    program.signal("SIGTERM");
    await program.stderr.waitFor(/drain|stopping/i);
    await half.send(HELLO.subarray(100));
    for (const peer of [half, open]) {
      await peer.send("ping");
      expect(await peer.readUntil("pong")).toBe("pong");
      await peer.closeWrite();
      await peer.readAll();
    }
    expect(await program.exitCode()).toBe(0);
    expect([(await program.log()).term, (await program.log(1)).term]).toEqual(["--", "--"]);
  });

  it("explain says where a hello would go", async () => {
    const { code, stdout } = await new Deno.Command(Program.path, {
      args: [
        "explain",
        "tls://app.test",
        "-l",
        "sni://:443",
        "-r",
        "app.test=:1",
        "-b",
        ":2",
        "--log",
        "off",
      ],
    }).output();
    expect(code).toBe(0);
    expect(new TextDecoder().decode(stdout)).toContain("route    sni-443  app.test -> app2\n");
  });
});
