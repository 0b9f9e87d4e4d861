/** The environment of the built program: HADRO_… in the place of flags. @module */
import { describe, expect, it } from "vitest";
import { connect, keep } from "../support/program/keep.ts";
import { httpServer, response } from "../support/program/peers.ts";
import { Program } from "../support/program/program.ts";
import { runToEnd } from "../support/program/run_to_end.ts";

describe("environment", () => {
  it("HADRO_LISTEN, HADRO_BACKEND and HADRO_LOG start a service as their flags do", async () => {
    const server = keep(httpServer(() => response("hello")));
    const env = {
      HADRO_LISTEN: "http://127.0.0.1:0,name=fe",
      HADRO_BACKEND: `127.0.0.1:${server.port}`,
      HADRO_LOG: "%ft %s %ST",
    };
    const program = keep(await Program.start([], { env, listeners: 1 }));
    const client = await connect(program.port("fe"));
    await client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    expect(await client.readUntil("hello")).toBe(response("hello"));
    expect(await program.stdout.waitFor(/./)).toBe("fe s1 200");
  });

  it("says the same as flags, variable for flag; lists are split at spaces, headers at line ends", async () => {
    const flags = [
      ...["-l", "http://:8080", "-r", "/a=:1", "/b=:2", "-b", ":3000", ":3001"],
      ...["--lb", "first", "--retries", "1", "--timeout-server", "7s", "--log", "combined"],
      ...["--header-up", "X-A: 1 2", "--header-up", "-X-B", "--trust", "10.0.0.0/8", "--trust", "::1/128"],
      ...["--max-mem", "64m", "--maxconn", "10", "--drain", "1s", "--dry-run"],
    ];
    const env = {
      HADRO_LISTEN: "http://:8080",
      HADRO_ROUTE: "/a=:1 /b=:2",
      HADRO_BACKEND: ":3000 :3001",
      HADRO_LB: "first",
      HADRO_RETRIES: "1",
      HADRO_TIMEOUT_SERVER: "7s",
      HADRO_LOG: "combined",
      HADRO_HEADER_UP: "X-A: 1 2\n-X-B",
      HADRO_TRUST: "10.0.0.0/8 ::1/128",
      HADRO_MAX_MEM: "64m",
      HADRO_MAXCONN: "10",
      HADRO_DRAIN: "1s",
      HADRO_DRY_RUN: "1",
    };
    const written = await runToEnd(flags);
    expect(written.code).toBe(0);
    expect(await runToEnd([], env)).toEqual(written);
  });

  it("is beaten by a flag; any item on the command line replaces all items of the environment", async () => {
    const env = {
      HADRO_LISTEN: "tcp://:5432",
      HADRO_BACKEND: "db1:5432",
      HADRO_LOG: "off",
      HADRO_LB: "first",
    };
    const flags = ["8080", ":3000", "--lb", "random", "--log", "json", "--dry-run"];
    expect(await runToEnd(flags, env)).toEqual(await runToEnd(flags));
  });

  it("that is wrong is named in the message", async () => {
    const env = { HADRO_LISTEN: ":8080", HADRO_BACKEND: ":3000,wieght=2" };
    expect(await runToEnd([], env)).toEqual({
      code: 2,
      stdout: [],
      stderr: [
        'hadro: Cannot use key "wieght" in HADRO_BACKEND at column 7: no such key; did you mean "weight"?',
        "  HADRO_BACKEND :3000,wieght=2",
        "                      ^",
      ],
    });
  });
});
