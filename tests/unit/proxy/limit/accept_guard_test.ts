/** What a listener asks about a client that it has just accepted. @module */
import { describe, expect, it } from "vitest";
import { ClientIdentity } from "../../../../src/proxy/client_identity.ts";
import { AcceptGuard } from "../../../../src/proxy/limit/accept_guard.ts";
import { configOf } from "../../../support/config/written.ts";

function guard(flags: string): AcceptGuard | null {
  return AcceptGuard.of(configOf(`hadro ${flags} -b :1`).listeners[0]!, 1);
}

const client = (host: string) => new ClientIdentity({ kind: "tcp", host, port: 1 }, []);

describe("AcceptGuard", () => {
  it("is nothing where there is nothing to ask", () => {
    expect(guard("-l http://:80")).toBeNull();
    expect(guard("-l tcp://:80,deny=off --deny 10.0.0.0/8")).toBeNull();
  });
  it("has a tcp client reset", () => {
    const denied = client("::ffff:10.0.0.1");
    expect(guard("-l tcp://:80 --deny 10.0.0.0/8")!.refusal(denied, 1)).toBe(
      "deny 10.0.0.0/8 holds 10.0.0.1",
    );
    expect(guard("-l tcp://:80 --deny 10.0.0.0/8")!.refusal(client("11.0.0.1"), 1)).toBeNull();
  });
  it("lets an http client in to be told", () => {
    const denied = client("10.0.0.1");
    expect(guard("-l http://:80 --deny 10.0.0.0/8")!.refusal(denied, 1)).toBeNull();
    expect(denied.denial).toBe("deny 10.0.0.0/8 holds 10.0.0.1");
    const admitted = client("11.0.0.1");
    expect(guard("-l http://:80 --deny 10.0.0.0/8")!.refusal(admitted, 1)).toBeNull();
    expect(admitted.denial).toBeNull();
  });

  it("has connections reset that come too often, knowing IPv6 clients by their /64", () => {
    const asked = guard("-l http://:80,conn-rate=1/m")!;
    const refusals = [
      "10.0.0.1",
      "10.0.0.2",
      "10.0.0.1",
      "2001:db8::1",
      "2001:db8:0:0:f::1",
      "2001:db8:0:1::1",
    ].map((host) => asked.refusal(client(host), 5));
    expect(refusals).toEqual([
      ...[null, null, "more connections of 10.0.0.1 than conn-rate 1/m", null],
      ...["more connections of 2001:db8:0:0:f::1 than conn-rate 1/m", null],
    ]);
    expect(asked.refusal(client("10.0.0.1"), 60_005)).toBeNull();
  });
  it("has connections reset of a client that has too many, until one is over", () => {
    const asked = guard("-l tcp://:80,maxconn-per-src=1")!;
    const [one, other, third] = [client("10.0.0.1"), client("10.0.0.1"), client("10.0.0.2")];
    expect([asked.refusal(one, 1), asked.refusal(third, 1)]).toEqual([null, null]);
    expect(asked.refusal(other, 1)).toBe("more connections at once of 10.0.0.1 than maxconn-per-src 1");
    asked.leave(one);
    expect(asked.refusal(other, 1)).toBeNull();
  });
  it("notes the key of a client for the rates of its requests", () => {
    const one = client("10.0.0.1");
    expect(guard("-l http://:80,rate=path:/a:1/s")).toBeNull();
    expect(guard("-l http://:80,rate=1/s")!.refusal(one, 1)).toBeNull();
    expect(one.keyHigh !== 0 && one.keyLow !== 0).toBe(true);
  });
});
