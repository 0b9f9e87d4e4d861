/** What a listener asks about a client that it has just accepted. @module */
import { describe, expect, it } from "vitest";
import { ClientIdentity } from "../../../../src/proxy/client_identity.ts";
import { AcceptGuard } from "../../../../src/proxy/limit/accept_guard.ts";
import { configOf } from "../../../support/config/written.ts";

function guard(flags: string): AcceptGuard | null {
  return AcceptGuard.of(configOf(`hadro ${flags} -b :1`).listeners[0]!);
}

const client = (host: string) => new ClientIdentity({ kind: "tcp", host, port: 1 }, []);

describe("AcceptGuard", () => {
  it("is nothing where there is nothing to ask", () => {
    expect(guard("-l http://:80")).toBeNull();
    expect(guard("-l tcp://:80,deny=off --deny 10.0.0.0/8")).toBeNull();
  });
  it("has a tcp client reset", () => {
    const denied = client("::ffff:10.0.0.1");
    expect(guard("-l tcp://:80 --deny 10.0.0.0/8")!.refusal(denied)).toBe("deny 10.0.0.0/8 holds 10.0.0.1");
    expect(guard("-l tcp://:80 --deny 10.0.0.0/8")!.refusal(client("11.0.0.1"))).toBeNull();
  });
  it("lets an http client in to be told", () => {
    const denied = client("10.0.0.1");
    expect(guard("-l http://:80 --deny 10.0.0.0/8")!.refusal(denied)).toBeNull();
    expect(denied.denial).toBe("deny 10.0.0.0/8 holds 10.0.0.1");
    const admitted = client("11.0.0.1");
    expect(guard("-l http://:80 --deny 10.0.0.0/8")!.refusal(admitted)).toBeNull();
    expect(admitted.denial).toBeNull();
  });
});
