/** Queues of the built program in mode tcp. @module */
import { describe, expect, it } from "vitest";
import { connect, expectIdle, keep, startHadro } from "../support/program/keep.ts";
import type { Program } from "../support/program/program.ts";
import { pingServer } from "../support/program/tcp_peers.ts";

/** Waits until so many wait in queues. */
async function queued(program: Program, count: number): Promise<void> {
  await program.countersWhen((counters) => counters.queued === count);
}

/** What a HAProxy log line says from the names on. */
function tail(line: string): string {
  return line.replace(/^.*\] /, "");
}

describe("tcp", () => {
  it("waits before it connects, and says so", async () => {
    const server = keep(pingServer());
    const { program, port } = await startHadro(
      "tcp",
      [`127.0.0.1:${server.port},maxconn=1`],
      "--log",
      "haproxy",
    );
    const first = await connect(port);
    await first.send("ping");
    await first.readUntil("pong");
    const second = await connect(port);
    await second.send("ping");
    const third = await connect(port);
    await queued(program, 2);
    expect(server.peers.length).toBe(1);
    third.close();
    await queued(program, 1);
    const left = await program.stdout.waitFor(/CQ/);
    expect(tail(left)).toMatch(/^fe app\/<NOSRV> \d+\/-1\/\d+ 0 CQ 3\/3\/3\/0\/0 0\/1$/);
    await first.closeWrite();
    await first.readAll();
    expect(await second.readUntil("pong")).toBe("pong");
    await second.closeWrite();
    await second.readAll();
    expect(server.peers.length).toBe(2);
    const line = await program.stdout.waitFor(/ -- /, 10_000, 1);
    expect(tail(line)).toMatch(/^fe app\/s1 \d+\/\d+\/\d+ 4 -- 1\/1\/1\/1\/0 0\/1$/);
    await expectIdle(program);
  });
});
