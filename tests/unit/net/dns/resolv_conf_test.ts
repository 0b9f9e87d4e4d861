/** The name servers of /etc/resolv.conf. @module */
import { describe, expect, it } from "vitest";
import { readResolvConf } from "../../../../src/net/dns/resolv_conf.ts";

describe("resolv.conf", () => {
  it("names servers, the first three that are addresses", () => {
    const text =
      "# nameserver 9.9.9.9\nsearch a b\nnameserver 10.0.0.1\nnameserver\tfd00::1 \nnameserver fe80::1%eth0\n" +
      "options ndots:5\nnameserver 10.0.0.3\nnameserver 10.0.0.4\n";
    expect(readResolvConf(() => text)).toEqual([
      { host: "10.0.0.1", port: 53 },
      { host: "fd00::1", port: 53 },
      { host: "10.0.0.3", port: 53 },
    ]);
  });
  it("that is not there names none", () => {
    expect(readResolvConf(() => {
      throw new Deno.errors.NotFound("no such file");
    })).toEqual([]);
  });
});
