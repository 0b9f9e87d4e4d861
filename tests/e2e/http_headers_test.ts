/** Variables in headers, and the ids of requests, through the built program. @module */
import { describe, expect, it } from "vitest";
import { connect as client, keep, startHadro } from "../support/program/keep.ts";
import { httpServer, response } from "../support/program/peers.ts";

const ID = /^[0-9a-f]{32}$/;

describe("variables in headers", () => {
  it("say who asks, and who answers", async () => {
    const heads: string[] = [];
    const server = keep(httpServer((head) => {
      heads.push(head);
      return response("ok", "X-Served-By: itself\r\n");
    }));
    const { program, port } = await startHadro(
      "http",
      [server.port],
      ...["--header-up", "X-Client:%ci:%cp", "--header-up", "+X-Via:%host/%f/%b/%s/100%%"],
      ...["--header-down", "X-Served-By:%b/%s"],
    );
    const peer = await client(port);
    const { port: ownPort } = peer.conn.localAddr as Deno.NetAddr;
    await peer.send("GET / HTTP/1.1\r\nHost: h.test:80\r\nX-Client: me\r\nX-Via: a\r\n\r\n");
    expect(await peer.readUntil("ok")).toBe(
      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Served-By: app/s1\r\n\r\nok",
    );
    expect(heads[0]).toBe(
      "GET / HTTP/1.1\r\nHost: h.test:80\r\nX-Via: a\r\nX-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Proto: http\r\n" +
        `X-Forwarded-Host: h.test:80\r\nX-Client: 127.0.0.1:${ownPort}\r\nX-Via: h.test:80/fe/app/s1/100%\r\n\r\n`,
    );
    expect(await program.log()).toMatchObject({ client_port: ownPort, unique_id: null });
  });
});

describe("expressions in headers", () => {
  it("replace what a client or a server wrote", async () => {
    const heads: string[] = [];
    const server = keep(httpServer((head) => {
      heads.push(head);
      return response("ok", "Location: http://inner:9000/a\r\n");
    }));
    const flags = ["--header-up", "~Cookie: session=[^;]* session=x", "--header-down"];
    const { port } = await startHadro(
      "http",
      [server.port],
      ...flags,
      "~Location: ^http://inner:9000/ https://h/",
    );
    const peer = await client(port);
    await peer.send("GET / HTTP/1.1\r\nHost: h\r\nCookie: a=1; session=secret; b=2\r\n\r\n");
    expect(await peer.readUntil("ok")).toBe(
      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nLocation: https://h/a\r\n\r\nok",
    );
    expect(heads[0]).toContain("\r\nCookie: a=1; session=x; b=2\r\n");
    await peer.send(`GET / HTTP/1.1\r\nHost: h\r\nCookie: ${"a".repeat(4_097)}\r\n\r\n`);
    expect(await peer.readAll()).toContain("HTTP/1.1 431 ");
    expect(heads.length).toBe(1);
  });
});

describe("--unique-id", () => {
  it("gives each request an id of its own, whatever the client says, in headers and the log", async () => {
    const seen: string[] = [];
    const server = keep(httpServer((head) => {
      seen.push(/\r\nX-Request-ID: (.*)\r\n/.exec(head)![1]!);
      expect(head.toLowerCase().split("x-request-id").length).toBe(2);
      return response("ok");
    }));
    const flags = ["--unique-id", "X-Request-ID", "--header-down", "X-Id:%ID"];
    const { program, port } = await startHadro("http", [server.port], ...flags);
    const peer = await client(port);
    await peer.send(
      "GET /1 HTTP/1.1\r\nHost: h\r\nx-request-id: mine\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
    );
    const answered = [...(await peer.readAll()).matchAll(/X-Id: (.*)\r\n/g)].map(([, id]) => id!);
    const logged = [await program.log(0), await program.log(1)].map((line) => line.unique_id as string);
    expect(seen.length).toBe(2);
    expect(seen).toEqual(answered);
    expect(seen).toEqual(logged);
    for (const id of seen) expect(id).toMatch(ID);
    expect(seen[0]!.slice(0, 16)).toBe(seen[1]!.slice(0, 16));
    expect(BigInt(`0x${seen[1]}`) - BigInt(`0x${seen[0]}`)).toBe(1n);
  });

  it("is %ID in formats of one's own, - where no request was read", async () => {
    const server = keep(httpServer(() => response("ok")));
    const flags = ["--unique-id", "X-Request-ID", "--log", "%ST %ID"];
    const { program, port } = await startHadro("http", [server.port], ...flags);
    for (const text of ["GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", "GARBAGE\r\n\r\n"]) {
      const peer = await client(port);
      await peer.send(text);
      await peer.readAll();
    }
    expect(await program.stdout.waitFor(/^200/)).toMatch(/^200 [0-9a-f]{32}$/);
    expect(await program.stdout.waitFor(/^400/)).toBe("400 -");
  });
});
