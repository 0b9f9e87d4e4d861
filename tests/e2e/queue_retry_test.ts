/** Servers with a maxconn, and one of them fails fast: retries wait for the others. @module */
import { expect, it } from "vitest";
import { connect, expectIdle, keep } from "../support/program/keep.ts";
import { response, ScriptedServer } from "../support/program/peers.ts";
import { Program } from "../support/program/program.ts";

const CLIENTS = 48;
const ANSWER_MS = 1;
const GET = "GET / HTTP/1.1\r\nHost: app.test\r\n\r\n";

it.each(["1", "2"])(
  "a request whose server failed waits for another one, however soon the first has room (--threads %s)",
  async (threads) => {
    const failing = keep(
      new ScriptedServer(async (peer) => {
        await peer.readUntil("\r\n\r\n");
        peer.close();
      }),
    );
    const busy = keep(
      new ScriptedServer(async (peer) => {
        for (;;) {
          await peer.readUntil("\r\n\r\n");
          if (peer.take() === "") return;
          await new Promise((resolve) => setTimeout(resolve, ANSWER_MS));
          await peer.send(response("ok"));
        }
      }),
    );
    const servers = [failing, busy].map(({ port }, i) => `127.0.0.1:${port},name=s${i + 1},maxconn=1`);
    const program = keep(
      await Program.start([
        ...["-l", "http://127.0.0.1:0,name=fe", "-b", ...servers, "--threads", threads],
        ...["--retry-on", "empty-response", "--retries", "3", "--retry-budget", "100%+100/s"],
      ]),
    );
    const clients = await Promise.all(Array.from({ length: CLIENTS }, () => connect(program.port("fe"))));
    const answers = await Promise.all(clients.map(async (client) => {
      await client.send(GET);
      return await client.readUntil("ok");
    }));
    expect(answers).toEqual(new Array(CLIENTS).fill(response("ok")));
    for (const client of clients) client.close();
    const lines = await Promise.all(clients.map((_, i) => program.log(i)));
    expect(lines.map(({ status, server, term }) => `${status} ${server} ${term}`)).toEqual(
      new Array(CLIENTS).fill("200 s2 --"),
    );
    expect(Math.max(...lines.map(({ retries }) => Number(retries)))).toBe(1);
    await expectIdle(program);
  },
);
