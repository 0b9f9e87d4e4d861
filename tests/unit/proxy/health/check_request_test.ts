/** What a check sends. @module */
import { describe, expect, it } from "vitest";
import type { ServerConfig } from "../../../../src/config/model.ts";
import { encodeCheckRequest } from "../../../../src/proxy/health/check_request.ts";
import { configOf } from "../../../support/config/written.ts";

/** What is sent to the first server of a command line; null when nothing is. */
function sent(line: string): string | null {
  const [backend] = configOf(`hadro -l http://:80 ${line}`).backends;
  const slab = encodeCheckRequest(backend!.health.check!.request, backend!.servers[0] as ServerConfig);
  return slab === null ? null : String.fromCharCode(...slab.bytes);
}

describe("the bytes of a check", () => {
  it("are a GET with the server as Host", () => {
    expect(sent("-b web1:9000 --check /healthz")).toBe(
      "GET /healthz HTTP/1.1\r\nHost: web1:9000\r\nUser-Agent: hadro\r\nConnection: close\r\n\r\n",
    );
  });

  it.each([
    ["-b :9000 --check http", "localhost:9000"],
    ["-b [::1]:9000 --check http", "[::1]:9000"],
    ["-b unix:/a --check http", "localhost"],
    ["-b :9000 --check http --host app.test", "app.test"],
    ["-b :9000 --check http --host app.test --check-host other.test", "other.test"],
    ["-b :9000,check=/,check-host=other.test", "other.test"],
  ])("%s: Host: %s", (line, host) => expect(sent(line)).toContain(`\r\nHost: ${host}\r\n`));

  it("are what was asked for", () => {
    const line =
      "-b :1 --check /a?b=c --check-method OPTIONS --check-header X-A:1 --check-header User-Agent:me";
    expect(sent(line)).toBe(
      "OPTIONS /a?b=c HTTP/1.1\r\nHost: localhost:1\r\nX-A: 1\r\nUser-Agent: me\r\nConnection: close\r\n\r\n",
    );
  });

  it("are none of a tcp check", () => expect(sent("-b :1 --check tcp")).toBe(null));
});
