/** The access log of TCP connections, written by the built program. @module */
import { describe, expect, it } from "vitest";
import { connect, keep, startHadro } from "../support/program/keep.ts";
import { refusedPort } from "../support/program/peers.ts";
import { listenOnly, pingServer } from "../support/program/tcp_peers.ts";

describe("TCP log lines", () => {
  const DATE = String
    .raw`\d\d/(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)/\d{4}:\d\d:\d\d:\d\d\.\d{3}`;

  it("are HAProxy's tcplog with --log haproxy", async () => {
    const server = keep(pingServer());
    const { program, port } = await startHadro("tcp", [server.port], "--log", "haproxy");
    const client = await connect(port);
    const clientPort = (client.conn.localAddr as Deno.NetAddr).port;
    await client.send("ping");
    await client.readUntil("pong");
    client.close();
    expect(await program.stdout.waitFor(/./)).toMatch(
      new RegExp(
        String.raw`^127\.0\.0\.1:${clientPort} \[${DATE}\] fe app/s1 0/\d{1,4}/\d{1,4} 4 -- 1/1/1/1/0 0/0$`,
      ),
    );
  });

  it("have +1 for a redispatch, -1 for what was not reached, with --log haproxy", async () => {
    const server = keep(pingServer());
    const dead = refusedPort();
    const { program, port } = await startHadro("tcp", [dead, server.port], "--log", "haproxy");
    const client = await connect(port);
    await client.send("ping");
    await client.readUntil("pong");
    client.close();
    expect(await program.stdout.waitFor(/./)).toMatch(/ fe app\/s2 0\/\d+\/\d+ 4 -- 1\/1\/1\/1\/\+1 0\/0$/);

    const refusing = await startHadro("tcp", [dead], "--log", "haproxy", "--retries", "0");
    expect(await listenOnly(refusing.port)).toBe("");
    expect(await refusing.program.stdout.waitFor(/./)).toMatch(
      / fe app\/s1 0\/-1\/\d+ 0 SC 1\/1\/1\/[01]\/0 0\/0$/,
    );

    const nameless = await startHadro("tcp", ["no-such-name.invalid:80"], "--log", "haproxy");
    await nameless.program.stderr.waitFor(/is DOWN/);
    expect(await listenOnly(nameless.port)).toBe("");
    expect(await nameless.program.stdout.waitFor(/./)).toMatch(
      / fe app\/<NOSRV> -1\/-1\/\d+ 0 SC 1\/1\/1\/0\/0 0\/0$/,
    );
  });

  it("have every TCP field in JSON, and no HTTP field", async () => {
    const server = keep(pingServer());
    const { program, port } = await startHadro("tcp", [server.port]);
    const client = await connect(port);
    const clientPort = (client.conn.localAddr as Deno.NetAddr).port;
    const beganMs = Date.now();
    await client.send("ping");
    await client.readUntil("pong");
    client.close();
    const line = await program.log();
    expect(line).toEqual({
      v: 1,
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      scheme: "tcp",
      client: "127.0.0.1",
      client_port: clientPort,
      frontend: "fe",
      backend: "app",
      server: "s1",
      server_addr: `127.0.0.1:${server.port}`,
      bytes_out: 4,
      bytes_in: 4,
      t_handshake_ms: 0,
      t_queue_ms: 0,
      t_conn_ms: expect.any(Number),
      t_total_ms: expect.any(Number),
      retries: 0,
      redispatched: false,
      term: "--",
      why: null,
      conns_process: 1,
      conns_frontend: 1,
      conns_backend: 1,
      conns_server: 1,
      queue_server: 0,
      queue_backend: 0,
    });
    expect(Math.abs(Date.parse(String(line.time)) - beganMs)).toBeLessThan(5_000);
    expect(Number(line.t_total_ms)).toBeGreaterThanOrEqual(Number(line.t_conn_ms));
  });
});
