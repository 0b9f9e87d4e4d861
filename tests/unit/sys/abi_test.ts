/** The numbers of the system interface, against the kernel and the headers of this machine. @module */
import { describe, expect, it } from "vitest";
import { Epoll, epollEventLayout, SOCKADDR_BYTES_MAX, Socket } from "../../../src/sys/abi.ts";

describe("epoll_event", () => {
  it("is packed on x86-64: 12 bytes; padded on arm64: 16; unknown elsewhere", () => {
    expect(epollEventLayout("x86_64")).toEqual({ wordsPerEvent: 3, dataWord: 1 });
    expect(epollEventLayout("aarch64")).toEqual({ wordsPerEvent: 4, dataWord: 2 });
    expect(epollEventLayout("riscv64")).toBeNull();
  });
  it("is known for the processor of this machine", () => {
    expect(epollEventLayout(Deno.build.arch)).not.toBeNull();
  });
});

describe("numbers", () => {
  it("have room for every kind of address: sockaddr_un is the longest, 110 bytes", () => {
    expect(SOCKADDR_BYTES_MAX).toBeGreaterThanOrEqual(110);
    expect(SOCKADDR_BYTES_MAX % 4).toBe(0);
  });
  it("are bits where they are joined: no two of a kind are the same", () => {
    const events = [Epoll.IN, Epoll.OUT, Epoll.ERR, Epoll.HUP, Epoll.RDHUP, Epoll.ET];
    const types = [Socket.SOCK_STREAM, Socket.SOCK_NONBLOCK, Socket.SOCK_CLOEXEC];
    const flags = [Socket.MSG_NOSIGNAL, Socket.MSG_MORE];
    for (const bits of [events, types, flags]) {
      for (const bit of bits) expect((bit >>> 0).toString(2).replaceAll("0", "")).toBe("1");
      expect(new Set(bits).size).toBe(bits.length);
    }
    expect(Epoll.ET).toBe(-2_147_483_648);
  });
});
