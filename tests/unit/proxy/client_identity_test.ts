/** Who a client is, and whether its X-Forwarded-* are believed. @module */
import { describe, expect, it } from "vitest";
import { readCidr } from "../../../src/config/values.ts";
import type { SocketAddress } from "../../../src/event/poller.ts";
import { ClientIdentity } from "../../../src/proxy/client_identity.ts";

const UNIX: SocketAddress = { kind: "unix", path: "" };

function tcp(host: string, port = 40_000): SocketAddress {
  return { kind: "tcp", host, port };
}

function identity(peer: SocketAddress, ...trust: string[]): ClientIdentity {
  const place = { source: "--trust", word: "", column: 0 };
  return new ClientIdentity(peer, trust.map((text) => readCidr("--trust", text, place)));
}

function forwardedFor(peer: SocketAddress): string {
  return identity(peer).forwardedFor;
}

describe("a client's address", () => {
  it.each([
    ["IPv4", "10.1.2.3", "10.1.2.3"],
    ["IPv6 in lower case", "2001:DB8::1", "2001:db8::1"],
    ["IPv4 through a dual-stack listener", "::ffff:10.1.2.3", "10.1.2.3"],
    ["the same in capitals", "::FFFF:10.1.2.3", "10.1.2.3"],
    ["loopback", "::1", "::1"],
  ])("of %s is written as people know it", (_, host, address) => {
    const client = identity(tcp(host, 33_317));
    expect([client.address, client.port]).toEqual([address, 33_317]);
    expect(forwardedFor(tcp(host))).toBe(address);
  });

  it("of a unix client is unix:1, and unknown to servers", () => {
    const client = identity(UNIX);
    expect([client.address, client.port, client.isUnix]).toEqual(["unix:1", 0, true]);
    expect(identity(tcp("10.1.2.3")).isUnix).toBe(false);
    expect(forwardedFor(UNIX)).toBe("unknown");
  });
});

describe("where a client connected to", () => {
  it("is its socket's to say, unless its PROXY protocol header did", () => {
    const destination = tcp("198.51.100.7", 443);
    expect(identity(tcp("10.1.2.3")).destination).toBeNull();
    expect(new ClientIdentity(tcp("10.1.2.3"), [], destination).destination).toBe(destination);
  });
});

describe("--trust", () => {
  it.each([
    ["10.1.2.3", ["10.0.0.0/8"]],
    ["10.1.2.3", ["192.168.0.0/16", "10.1.2.3"]],
    ["::ffff:10.1.2.3", ["10.0.0.0/8"]],
    ["10.1.2.3", ["0.0.0.0/0"]],
    ["10.1.2.3", ["10.1.2.2/31"]],
    ["fd00::1", ["fd00::/8"]],
    ["::1", ["::1"]],
    ["fe80::1", ["::/0"]],
  ])("believes %s with %j", (host, trust) => {
    expect(identity(tcp(host), ...trust).isTrusted).toBe(true);
  });

  it.each([
    ["10.1.2.3", []],
    ["11.0.0.1", ["10.0.0.0/8"]],
    ["10.1.2.4", ["10.1.2.2/31"]],
    ["fc00::1", ["fd00::/8"]],
    ["10.1.2.3", ["::/0"]],
    ["fd00::1", ["0.0.0.0/0"]],
    ["::1", ["127.0.0.0/8"]],
    ["fe80::1%eth0", ["::/0"]],
  ])("does not believe %s with %j", (host, trust) => {
    expect(identity(tcp(host), ...trust).isTrusted).toBe(false);
  });

  it("believes unix clients only when anybody is trusted", () => {
    expect(identity(UNIX).isTrusted).toBe(false);
    expect(identity(UNIX, "10.0.0.0/8").isTrusted).toBe(true);
  });
});
