/** HTTP/2 over TLS: chosen by ALPN, with node's own client, at the server HTTP/1.1. @module */
import { expect, it } from "vitest";
import { H2Client } from "../support/program/h2_client.ts";
import { expectIdle, keep } from "../support/program/keep.ts";
import { httpServer, response } from "../support/program/peers.ts";
import { tlsFile, tlsText } from "../support/tls/certificates.ts";
import { exchangeTls, startTls } from "../support/tls/clients.ts";

const LARGE_BYTES = 300_000;

it("carries many streams over one encrypted connection, bodies both ways, and logs each", async () => {
  const heads: string[] = [];
  const server = keep(httpServer((head) => {
    heads.push(head);
    return response(head.startsWith("GET /large") ? "x".repeat(LARGE_BYTES) : head.split(" ")[1]!);
  }));
  const { program, port } = await startTls("https", [server.port]);
  const client = keep(new H2Client(port, tlsText("ca.pem")));
  const paths = Array.from({ length: 40 }, (_, i) => `/${i}`);
  const answers = await Promise.all([
    ...paths.map((path) => client.request({ path })),
    client.request({ path: "/large" }),
    client.request({
      ...{ path: "/up", method: "POST", body: "y".repeat(LARGE_BYTES) },
      headers: { "content-length": String(LARGE_BYTES) },
    }),
  ]);
  expect(answers.map(({ body }) => body)).toEqual([...paths, "x".repeat(LARGE_BYTES), "/up"]);
  expect(heads[0]).toContain("X-Forwarded-Proto: https\r\n");
  expect(await program.log(0)).toMatchObject({
    ...{ scheme: "https", version: "HTTP/2.0", status: 200, term: "--" },
    ...{ tls_version: "TLSv1.3", tls_alpn: "h2", tls_sni: "a.test" },
  });
  client.stop();
  await expectIdle(program);
});

it("is not offered with --h2-streams 0, nor to who offers HTTP/1.1 only", async () => {
  const server = keep(httpServer(() => response("hello")));
  const both = { ALPNProtocols: ["h2", "http/1.1"] };
  const without = await startTls("https", [server.port], `cert=${tlsFile("a.pem")},h2-streams=0`);
  expect(await exchangeTls(without.port, both)).toMatchObject({ protocol: "http/1.1" });
  const { port } = await startTls("https", [server.port]);
  expect(await exchangeTls(port, { ALPNProtocols: ["http/1.1"] })).toMatchObject({ protocol: "http/1.1" });
});
