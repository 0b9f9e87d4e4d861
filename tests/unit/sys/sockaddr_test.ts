/** Socket addresses in memory: what is written is what is read, for every kind. @module */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SOCKADDR_BYTES_MAX, Socket } from "../../../src/sys/abi.ts";
import { SockAddr } from "../../../src/sys/sockaddr.ts";

const IPV4_BYTES = 16;
const IPV6_BYTES = 28;

/** The bytes that the kernel would read. */
function bytesOf(address: SockAddr): number[] {
  return [...new Uint8Array(Deno.UnsafePointerView.getArrayBuffer(address.pointer, address.lengthBytes))];
}

describe("encode", () => {
  it("writes sockaddr_in: family, port in network order, address, zeros", () => {
    const address = new SockAddr();
    expect(address.encode({ kind: "tcp", host: "1.2.3.4", port: 0x1234 })).toBe(true);
    expect(address.family).toBe(Socket.AF_INET);
    expect(bytesOf(address)).toEqual([2, 0, 0x12, 0x34, 1, 2, 3, 4, 0, 0, 0, 0, 0, 0, 0, 0]);
  });

  it("writes sockaddr_in6: family, port, no flow, address, no scope", () => {
    const address = new SockAddr();
    expect(address.encode({ kind: "tcp", host: "102:304::a0b", port: 443 })).toBe(true);
    expect(address.family).toBe(Socket.AF_INET6);
    const host = [1, 2, 3, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x0a, 0x0b];
    expect(bytesOf(address)).toEqual([10, 0, 1, 187, 0, 0, 0, 0, ...host, 0, 0, 0, 0]);
  });

  it("writes a v4-mapped address as IPv6: whoever writes it means a socket of that family", () => {
    const address = new SockAddr();
    expect(address.encode({ kind: "tcp", host: "::ffff:1.2.3.4", port: 1 })).toBe(true);
    expect(address.lengthBytes).toBe(IPV6_BYTES);
    expect(bytesOf(address).slice(8, 24)).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 1, 2, 3, 4]);
  });

  it("writes sockaddr_un: family, path, its end", () => {
    const address = new SockAddr();
    expect(address.encode({ kind: "unix", path: "/é" })).toBe(true);
    expect(address.family).toBe(Socket.AF_UNIX);
    expect(bytesOf(address)).toEqual([1, 0, 0x2f, 0xc3, 0xa9, 0]);
  });

  it("takes a path of 107 bytes, and no longer one", () => {
    const address = new SockAddr();
    expect(address.encode({ kind: "unix", path: "x".repeat(107) })).toBe(true);
    expect(address.lengthBytes).toBe(110);
    expect(address.encode({ kind: "unix", path: "x".repeat(108) })).toBe(false);
    expect(address.encode({ kind: "unix", path: "é".repeat(54) })).toBe(false);
  });

  it("refuses a host that is no IP literal", () => {
    for (const host of ["localhost", "", "1.2.3", "1::2::3", "[::1]"]) {
      expect(new SockAddr().encode({ kind: "tcp", host, port: 1 }), host).toBe(false);
    }
  });

  it("leaves nothing of the address before", () => {
    const address = new SockAddr();
    address.encode({ kind: "unix", path: "x".repeat(107) });
    address.encode({ kind: "tcp", host: "::", port: 0 });
    expect(bytesOf(address)).toEqual([10, ...new Array<number>(IPV6_BYTES - 1).fill(0)]);
    address.encode({ kind: "tcp", host: "0.0.0.0", port: 0 });
    expect(bytesOf(address)).toEqual([2, ...new Array<number>(IPV4_BYTES - 1).fill(0)]);
  });
});

describe("decode", () => {
  it("gives back what was encoded: any IPv4 address and port", () => {
    const address = new SockAddr();
    fc.assert(fc.property(fc.ipV4(), fc.nat({ max: 65_535 }), (host, port) => {
      expect(address.encode({ kind: "tcp", host, port })).toBe(true);
      expect(address.lengthBytes).toBe(IPV4_BYTES);
      expect(address.decode("")).toEqual({ kind: "tcp", host, port });
    }));
  });

  it("gives back what was encoded: any IPv6 address, as RFC 5952 writes it", () => {
    const [address, again] = [new SockAddr(), new SockAddr()];
    fc.assert(fc.property(fc.ipV6(), fc.nat({ max: 65_535 }), (host, port) => {
      expect(address.encode({ kind: "tcp", host, port })).toBe(true);
      expect(address.lengthBytes).toBe(IPV6_BYTES);
      const decoded = address.decode("");
      if (decoded.kind !== "tcp" || !decoded.host.includes(":")) return; // v4-mapped: the next test
      expect(decoded.port).toBe(port);
      again.encode(decoded);
      expect(bytesOf(again)).toEqual(bytesOf(address));
      expect(again.decode("")).toEqual(decoded);
    }));
  });

  it("shows a v4-mapped address as IPv4", () => {
    const address = new SockAddr();
    address.encode({ kind: "tcp", host: "::ffff:10.0.0.1", port: 80 });
    expect(address.decode("")).toEqual({ kind: "tcp", host: "10.0.0.1", port: 80 });
  });

  it("knows no path of a unix socket: the one that is given stands for it", () => {
    const address = new SockAddr();
    address.encode({ kind: "unix", path: "/a" });
    expect(address.decode("/b")).toEqual({ kind: "unix", path: "/b" });
  });
});

describe("clear", () => {
  it("makes room for the longest address", () => {
    const address = new SockAddr();
    address.encode({ kind: "tcp", host: "1.2.3.4", port: 1 });
    address.clear();
    expect(address.lengthBytes).toBe(SOCKADDR_BYTES_MAX);
    const length = new Deno.UnsafePointerView(address.lengthPointer!).getUint32();
    expect(length).toBe(SOCKADDR_BYTES_MAX);
  });
});
