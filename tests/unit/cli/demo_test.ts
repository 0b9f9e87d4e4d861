/** The demo: two real servers that live as long as what runs with them. @module */
import { describe, expect, it } from "vitest";
import { runDemo } from "../../../src/cli/demo.ts";
import type { Config } from "../../../src/config/model.ts";
import { configOf } from "../../support/config/written.ts";

function configFor(ports: readonly number[]): Config {
  return configOf(`hadro 0 ${ports.map((port) => `127.0.0.1:${port}`).join(" ")}`);
}

/** The ports of the servers that a configuration names. */
function portsOf(config: Config): number[] {
  return config.backends[0]!.servers.map(({ endpoint }) => endpoint.port);
}

describe("runDemo", () => {
  it("runs with two servers, which say who they are, what was asked and for whom", async () => {
    const texts: string[] = [];
    const code = await runDemo(configFor, async (config) => {
      for (const port of portsOf(config)) {
        const headers = { "X-Forwarded-For": "10.0.0.9" };
        texts.push(await (await fetch(`http://127.0.0.1:${port}/x?y`, { method: "PUT", headers })).text());
        texts.push(await (await fetch(`http://127.0.0.1:${port}/`)).text());
      }
      return 7;
    });
    expect(texts).toEqual([
      "Hello from demo server alpha: PUT /x for 10.0.0.9\n",
      "Hello from demo server alpha: GET / for nobody\n",
      "Hello from demo server beta: PUT /x for 10.0.0.9\n",
      "Hello from demo server beta: GET / for nobody\n",
    ]);
    expect(code).toBe(7);
  });
  it("ends its servers, however the run ended", async () => {
    let ports: number[] = [];
    const run = runDemo(configFor, (config) => {
      ports = portsOf(config);
      throw new Error("the run failed");
    });
    await expect(run).rejects.toThrow("the run failed");
    for (const port of ports) {
      await expect(Deno.connect({ port })).rejects.toThrow(Deno.errors.ConnectionRefused);
    }
    expect(ports).toHaveLength(2);
  });
});
