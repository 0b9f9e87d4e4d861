/** The main isolate of several threads: how they start, end, die and are replaced; the threads are puppets. @module */
import { describe, expect, it, onTestFinished } from "vitest";
import { TcpSockets } from "../../../src/sys/tcp_socket.ts";
import { openLibc } from "../../support/sys/kernel.ts";
import { bound, drained, PuppetShow } from "../../support/threads/puppet_show.ts";

const NEVER_MS = 3_600_000;

describe("the start", () => {
  it("is the first thread's alone until it listens; the others are told where", async () => {
    const show = new PuppetShow(3);
    expect(await show.started(0)).toMatchObject({ bound: null });
    expect(show.told.length).toBe(1);
    show.say(0, bound());
    for (const thread of [1, 2]) {
      expect((await show.started(thread)).bound?.addresses).toEqual([
        { kind: "tcp", host: "127.0.0.1", port: 1 },
      ]);
      expect(show.reports).toEqual([]);
      show.say(thread, bound());
    }
    await show.reported(/listening on/);
    expect(show.reports).toEqual(["listening on http://127.0.0.1:1 (http-1)"]);
  });

  it("ends with exit code 1 when a thread cannot bind, or dies", async () => {
    const failing = new PuppetShow(2);
    await failing.started(0);
    failing.say(0, { kind: "failed", message: "Cannot listen" });
    expect(await failing.ended).toBe(1);
    expect(failing.reports).toEqual(["Cannot listen"]);
    const dying = new PuppetShow(2);
    await dying.started(0);
    dying.command(0, { kind: "die", reason: "no luck" });
    expect(await dying.ended).toBe(1);
    expect(dying.reports).toEqual([expect.stringMatching(/^thread 0 ended at its start: .*no luck/)]);
  });

  it("is over when a signal comes before the first thread listens: the others never begin", async () => {
    const show = new PuppetShow(3);
    await show.started(0);
    show.supervisor.stop(false);
    show.say(0, bound());
    await show.stopped(0);
    show.say(0, drained());
    expect(await show.ended).toBe(0);
    expect(show.told.some((one) => one.kind === "started" && one.thread > 0)).toBe(false);
    expect(show.reports).toEqual([]);
  });
});

describe("the end", () => {
  it("comes when every thread has drained; what they cut and dropped is summed", async () => {
    const show = await PuppetShow.running(2);
    await show.opens(1, [], 5);
    show.supervisor.stop(false);
    await show.stopped(0);
    await show.stopped(1);
    show.say(0, drained(2, 10));
    show.say(1, drained(1, 5));
    expect(await show.ended).toBe(0);
    expect(show.reports.slice(1)).toEqual([
      "stopping: 5 connections may end within 30000 ms",
      "access log: 15 lines were dropped",
      "stopped; 3 connections did not end in time and were cut",
    ]);
  });

  it("comes at once at the second signal", async () => {
    const show = await PuppetShow.running(2);
    show.supervisor.stop(false);
    await show.stopped(1);
    show.supervisor.stop(true);
    expect(await show.ended).toBe(0);
  });
});

describe("a thread that dies", () => {
  it("is told, and another takes its place after a pause, with the ports of the first", async () => {
    const restartMs = 100;
    const show = await PuppetShow.running(2, { restartMs });
    show.command(1, { kind: "die", reason: "out of luck" });
    expect(await show.reported(/ended/)).toMatch(
      /^thread 1 ended: .*out of luck; its connections are lost, another starts in 100 ms$/,
    );
    const diedMs = performance.now();
    expect((await show.started(1, 1)).bound?.addresses.length).toBe(1);
    expect(performance.now() - diedMs).toBeGreaterThan(restartMs - 10);
    show.say(1, bound());
    show.command(1, { kind: "die", reason: "again" });
    await show.started(1, 2);
    // Listeners were announced once.
    expect(show.reports.filter((message) => message.startsWith("listening")).length).toBe(1);
  });

  it("leaves nothing open: its listeners refuse, its connections are counted no more", async () => {
    const sockets = new TcpSockets(openLibc());
    const [dead, alive] = [0, 1].map(() =>
      sockets.listen({ kind: "tcp", host: "127.0.0.1", port: 0 }, 1, false)
    );
    onTestFinished(() => sockets.close(alive));
    const portOf = (fd: number) => (sockets.localAddress(fd, "") as { port: number }).port;
    const [deadPort, alivePort] = [portOf(dead), portOf(alive)];
    const show = await PuppetShow.running(2, { restartMs: NEVER_MS });
    await show.opens(0, [alive], 3);
    await show.opens(1, [dead], 4);
    (await Deno.connect({ port: deadPort })).close();
    show.command(1, { kind: "die", reason: "x" });
    await show.reported(/ended/);
    await expect(Deno.connect({ port: deadPort })).rejects.toThrow(Deno.errors.ConnectionRefused);
    (await Deno.connect({ port: alivePort })).close();
    show.supervisor.stop(false);
    expect(show.reports.at(-1)).toBe("stopping: 3 connections may end within 30000 ms");
  });

  it("is not waited for by a drain that begins during the pause", async () => {
    const show = await PuppetShow.running(2, { restartMs: NEVER_MS });
    show.command(0, { kind: "die", reason: "x" });
    await show.reported(/ended/);
    show.supervisor.stop(false);
    await show.stopped(1);
    show.say(1, drained());
    expect(await show.ended).toBe(0);
  });

  it("ends a drain at once when no other runs", async () => {
    const show = await PuppetShow.running(2, { restartMs: NEVER_MS });
    for (const thread of [0, 1]) {
      show.command(thread, { kind: "die", reason: `number ${thread}` });
      await show.reported(new RegExp(`number ${thread}`));
    }
    show.supervisor.stop(false);
    expect(await show.ended).toBe(0);
  });

  it("while it drains is not replaced", async () => {
    const show = await PuppetShow.running(2);
    show.supervisor.stop(false);
    await show.stopped(0);
    show.command(0, { kind: "die", reason: "at the end" });
    expect(await show.reported(/at the end/)).toMatch(/^thread 0 ended: .*; its connections are lost$/);
    show.say(1, drained());
    expect(await show.ended).toBe(0);
    expect(show.told.filter((one) => one.kind === "started").length).toBe(2);
  });

  it("because it cannot bind again is tried again: others run on", async () => {
    const show = await PuppetShow.running(2);
    show.command(1, { kind: "die", reason: "x" });
    await show.started(1, 1);
    show.say(1, { kind: "failed", message: "too many open files" });
    await show.started(1, 2);
    expect(show.reports.at(-1)).toBe(
      "thread 1 ended: too many open files; its connections are lost, another starts in 0 ms",
    );
  });
});

describe("unix sockets", () => {
  it("stay open for the other threads, and the next ones, when the thread that bound them dies", async () => {
    const folder = await Deno.makeTempDir();
    onTestFinished(() => Deno.remove(folder, { recursive: true }));
    const path = `${folder}/a.sock`;
    const sockets = new TcpSockets(openLibc());
    const fd = sockets.listen({ kind: "unix", path }, 8, false);
    const show = await PuppetShow.running(2, { unixListeners: new Map([[path, fd]]) });
    const shared = (await show.started(1)).bound!.unixListeners.get(path)!;
    expect(shared).not.toBe(fd);
    await show.opens(0, [fd], 0);
    show.command(0, { kind: "die", reason: "x" });
    expect((await show.started(0, 1)).bound!.unixListeners.get(path)).toBe(shared);
    (await Deno.connect({ transport: "unix", path })).close();
    expect(sockets.accept(shared)).toBeGreaterThan(0);
    show.supervisor.stop(true);
    await show.ended;
    // The file of a thread that cannot remove it any more.
    expect(() => Deno.lstatSync(path)).toThrow(Deno.errors.NotFound);
  });
});

describe("news", () => {
  it("that every thread has is told once", async () => {
    const show = await PuppetShow.running(2);
    for (const thread of [0, 1]) {
      show.say(thread, { kind: "report", message: "server app/s1 is down", isOnce: false });
      show.say(thread, { kind: "report", message: `only ${thread}`, isOnce: false });
      await show.reported(new RegExp(`only ${thread}`));
    }
    expect(show.reports.slice(1)).toEqual(["server app/s1 is down", "only 0", "only 1"]);
  });
});
