/** The check at the start: it passes on this kernel, and finds a table that is wrong. @module */
import { describe, expect, it } from "vitest";
import { epollEventLayout } from "../../../src/sys/abi.ts";
import type { Libc } from "../../../src/sys/libc.ts";
import { canSplice, checkKernel } from "../../../src/sys/self_check.ts";
import { openLibc } from "../../support/sys/kernel.ts";

const OTHER_LAYOUT = "epoll_event has another layout";
const REAL = epollEventLayout(Deno.build.arch)!;

/** A library with some of its calls replaced. */
function withCalls(libc: Libc, calls: Partial<Libc["call"]>): Libc {
  return { call: { ...libc.call, ...calls }, errno: 24 } as unknown as Libc;
}

function openFds(): number {
  return [...Deno.readDirSync("/proc/self/fd")].length;
}

describe("the check of the kernel", () => {
  it("passes here, and leaves nothing open", () => {
    const libc = openLibc();
    const before = openFds();
    for (let i = 0; i < 5; i++) expect(checkKernel(libc)).toBeNull();
    expect(openFds()).toBe(before);
  });

  it.each([
    ["of another length", { ...REAL, wordsPerEvent: REAL.wordsPerEvent === 3 ? 4 : 3 }],
    ["with its data elsewhere", { ...REAL, dataWord: REAL.dataWord === 1 ? 2 : 1 }],
    ["of another processor", epollEventLayout(Deno.build.arch === "x86_64" ? "aarch64" : "x86_64")!],
    ["longer by far", { wordsPerEvent: 8, dataWord: 6 }],
  ])("finds an event %s, and leaves nothing open", (_, layout) => {
    const libc = openLibc();
    const before = openFds();
    expect(checkKernel(libc, layout)).toBe(OTHER_LAYOUT);
    expect(openFds()).toBe(before);
  });

  it("refuses a processor that is not known", () => {
    expect(checkKernel(openLibc(), null)).toBe(
      `the layout of epoll_event is not known on ${Deno.build.arch}`,
    );
  });

  it("finds an address that is not where it should be", () => {
    const libc = openLibc();
    expect(checkKernel(withCalls(libc, { getsockname: () => 0 }))).toBe("sockaddr_in has another layout");
  });

  it("tells what the kernel does not give", () => {
    const libc = openLibc();
    const before = openFds();
    expect(checkKernel(withCalls(libc, { eventfd: () => -1 }))).toBe("no eventfd (EMFILE)");
    expect(checkKernel(withCalls(libc, { epoll_create1: () => -1 }))).toBe("no epoll (errno 24)");
    expect(checkKernel(withCalls(libc, { epoll_ctl: () => -1 }))).toBe("an eventfd cannot be registered");
    expect(checkKernel(withCalls(libc, { bind: () => -1 }))).toBe("127.0.0.1 cannot be bound (EMFILE)");
    expect(openFds()).toBe(before);
  });
});

describe("the check of splice", () => {
  it("passes here, and leaves nothing open", () => {
    const libc = openLibc();
    const before = openFds();
    for (let i = 0; i < 5; i++) expect(canSplice(libc)).toBe(true);
    expect(openFds()).toBe(before);
  });

  it.each([
    ["splice", "splice"],
    ["pipes", "pipe2"],
  ])("finds a kernel without %s, and leaves nothing open", (_, name) => {
    const libc = openLibc();
    const before = openFds();
    expect(canSplice(withCalls(libc, { [name]: () => -1 }))).toBe(false);
    expect(openFds()).toBe(before);
  });
});
