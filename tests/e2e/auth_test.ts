/** `--auth` of the built program: bytes, log lines, and that nothing of a password is told. @module */
import { expect, it } from "vitest";
import { connect, expectIdle, keep, startHadro } from "../support/program/keep.ts";
import { httpServer, response } from "../support/program/peers.ts";
import { ResetPeer } from "../support/program/reset_peer.ts";
import { runToEnd } from "../support/program/run_to_end.ts";

/** Of "U*U*", a vector of crypt_blowfish. */
const HASH = "$2b$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK";
/** A hash of cost 12 that nothing here matches: each check of it takes a while. */
const SLOW_HASH = "$2b$12$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK";
const BODY = "401 Unauthorized\nThis listener asks for a user and a password.\n";
const UNAUTHORIZED =
  `HTTP/1.1 401 Unauthorized\r\ncontent-length: ${BODY.length}\r\ncache-control: no-cache\r\n` +
  `content-type: text/plain\r\nwww-authenticate: Basic realm="hadro", charset="UTF-8"\r\n\r\n${BODY}`;
const get = (credentials?: string) =>
  `GET /x HTTP/1.1\r\nHost: a\r\n${
    credentials === undefined ? "" : `Authorization: Basic ${btoa(credentials)}\r\n`
  }\r\n`;

it.each([["epoll"], ["deno"]])(
  "asks who has no or wrong credentials, lets in who has right ones: poller %s",
  async (poller) => {
    const heads: string[] = [];
    const server = keep(httpServer((head) => {
      heads.push(head);
      return response("hello");
    }));
    const { program, port } = await startHadro(
      "http",
      [server.port],
      "--auth",
      `ann:${HASH}`,
      "--poller",
      poller,
    );
    const peer = await connect(port);
    for (const credentials of [undefined, "ann:secret", "eve:U*U*", "ann:secret"]) {
      await peer.send(get(credentials));
      expect(await peer.readUntil("password.\n")).toBe(UNAUTHORIZED);
      peer.take();
    }
    for (let i = 0; i < 2; i++) {
      await peer.send(get("ann:U*U*"));
      expect(await peer.readUntil("hello")).toBe(response("hello"));
      peer.take();
    }
    expect(await program.log(0)).toMatchObject({
      ...{ status: 401, term: "PR", backend: null, server: null, why: "the request has no credentials" },
    });
    for (const index of [1, 2, 3]) {
      expect(await program.log(index)).toMatchObject({
        ...{ status: 401, term: "PR", backend: null, server: null, why: "the user or the password is wrong" },
      });
    }
    expect(await program.log(4)).toMatchObject({ status: 200, term: "--", server: "s1" });
    expect(heads.length).toBe(2);
    peer.close();
    await expectIdle(program);
    expect(await program.counters()).toMatchObject({ deniedRequests: 4 });
    const told = [...program.stdout.lines, ...program.stderr.lines].join("\n");
    for (const secret of ["secret", "U*U*", btoa("ann:U*U*"), HASH]) expect(told).not.toContain(secret);
  },
);

it("goes on with other traffic while passwords are checked", async () => {
  const server = keep(httpServer(() => response("hello")));
  const users = ["--auth", `ann:${HASH}`, "--auth", `bob:${SLOW_HASH}`];
  const { program, port } = await startHadro("http", [server.port], ...users);
  const known = await connect(port);
  await known.send(get("ann:U*U*"));
  await known.readUntil("hello");
  const guessing = await Promise.all(Array.from({ length: 8 }, () => connect(port)));
  for (const [i, peer] of guessing.entries()) await peer.send(get(`bob:guess ${i}`));
  // Eight checks of some 200 ms each are under way.
  const timesMs: number[] = [];
  for (let i = 0; i < 21; i++) {
    known.take();
    const beganMs = performance.now();
    await known.send(get("ann:U*U*"));
    expect(await known.readUntil("hello")).toBe(response("hello"));
    timesMs.push(performance.now() - beganMs);
  }
  expect(timesMs.toSorted((a, b) => a - b)[10]).toBeLessThan(60);
  for (const peer of guessing) {
    expect(await peer.readUntil("password.\n")).toBe(UNAUTHORIZED);
    peer.close();
  }
  known.close();
  await expectIdle(program);
});

it("forgets the checks of clients that reset", async () => {
  const { program, port } = await startHadro("http", [9], "--auth", `bob:${SLOW_HASH}`);
  const peers = await Promise.all(Array.from({ length: 20 }, () => ResetPeer.connect(port)));
  for (const [i, peer] of peers.entries()) peer.send(get(`bob:guess ${i}`));
  await program.countersWhen((counters) => counters.connections === 20);
  for (const peer of peers.slice(2)) peer.reset();
  // Long before twenty checks could be done.
  await program.stdout.waitFor(/"term":"CR"/, 2_000, 9);
  expect((await program.counters()).connections).toBeLessThanOrEqual(10);
  for (const index of [0, 1]) peers[index]!.reset();
  await expectIdle(program);
});

it("is not told on the command line's errors, nor by --dry-run", async () => {
  const refused = await runToEnd(["-l", ":1,auth=ann:secret", "-b", ":2"]);
  expect([refused.code, refused.stderr.join("\n")]).toEqual([
    2,
    expect.stringContaining("-l :1,auth=ann:******"),
  ]);
  expect(refused.stderr.join()).not.toContain("secret");
  const dry = await runToEnd(["-l", ":1", "-b", ":2", "--auth", `ann:${HASH}`, "--dry-run"]);
  expect(dry.stdout[0]).toContain("auth ann");
  expect(dry.stdout.join()).not.toContain("$2b$");
});
