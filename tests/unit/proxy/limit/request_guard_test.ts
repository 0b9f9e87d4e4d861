/** What an HTTP listener asks about a request. @module */
import { describe, expect, it } from "vitest";
import { ClientIdentity } from "../../../../src/proxy/client_identity.ts";
import { RequestGuard } from "../../../../src/proxy/limit/request_guard.ts";
import { configOf } from "../../../support/config/written.ts";

function guard(flags: string): RequestGuard | null {
  return RequestGuard.of(configOf(`hadro ${flags} -b :1`).listeners[0]!);
}

describe("RequestGuard", () => {
  it("is nothing where there is nothing to ask", () => expect(guard("-l :80")).toBeNull());
  it("answers 403 to a client that was denied when it came", () => {
    const asked = guard("-l :80 --deny 10.0.0.0/8")!;
    const client = new ClientIdentity({ kind: "tcp", host: "10.0.0.1", port: 1 }, []);
    expect(asked.admits(client)).toBe(true);
    client.denial = "so";
    expect([asked.admits(client), asked.status, asked.why]).toEqual([false, 403, "so"]);
  });
});
