/** Certificates of the running program: read again on SIGHUP, made for localhost, refused in words. @module */
import { X509Certificate } from "node:crypto";
import { describe, expect, it } from "vitest";
import { expectIdle, keep, startHadro, temporaryFolder } from "../support/program/keep.ts";
import { httpServer, response } from "../support/program/peers.ts";
import { runToEnd } from "../support/program/run_to_end.ts";
import { tlsFile } from "../support/tls/certificates.ts";
import { connectTls, exchangeTls, startTls } from "../support/tls/clients.ts";

function helloServer() {
  return keep(httpServer(() => response("hello")));
}

describe.each(["1", "2"])("SIGHUP, with --threads %s", (threads) => {
  it("reads files again: new connections see the new certificate, old ones go on", async () => {
    const path = `${await temporaryFolder()}/cert.pem`;
    await Deno.copyFile(tlsFile("a.pem"), path);
    const { program, port } = await startTls(
      "https",
      [helloServer().port],
      `cert=${path}`,
      "--threads",
      threads,
    );
    const old = await connectTls(port);
    expect(await exchangeTls(port)).toMatchObject({ name: "a.test" });
    await Deno.copyFile(tlsFile("b.pem"), path);
    program.signal("SIGHUP");
    await program.stderr.waitFor(/^hadro: certificates were read again$/);
    // Each thread hears of it in its turn: four in a row are of both.
    for (let inRow = 0; inRow < 4;) inRow = (await exchangeTls(port)).name === "b.test" ? inRow + 1 : 0;
    await old.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    expect(await old.readUntil("hello")).toContain("200 OK");
    old.close();
    await expectIdle(program);
  });

  it("goes on with the old ones when the new ones are no good, and says why", async () => {
    const path = `${await temporaryFolder()}/cert.pem`;
    await Deno.copyFile(tlsFile("a.pem"), path);
    const { program, port } = await startTls(
      "https",
      [helloServer().port],
      `cert=${path}`,
      "--threads",
      threads,
    );
    await Deno.writeTextFile(path, "nothing");
    program.signal("SIGHUP");
    await program.stderr.waitFor(
      /^hadro: Cannot use cert=\S+cert\.pem of listener fe: there is no certificate in it.*; going on with the certificates before$/,
    );
    expect(await exchangeTls(port)).toMatchObject({ name: "a.test", error: "" });
  });

  it("does nothing where nothing is encrypted", async () => {
    const { program, port } = await startHadro("http", [helloServer().port], "--threads", threads);
    program.signal("SIGHUP");
    await program.counters();
    const answer = await fetch(`http://127.0.0.1:${port}/`);
    expect(await answer.text()).toBe("hello");
  });
});

describe("a throw-away certificate", () => {
  it("is made for localhost, with its fingerprint on standard error, and kept over SIGHUP", async () => {
    const { program, port } = await startTls("https", [helloServer().port], "");
    const fingerprint = /SHA-256 ([0-9A-F:]{95})$/.exec(program.stderr.lines[0])![1];
    expect(program.stderr.lines[0]).toBe(
      `hadro: listener fe: no cert=; made a certificate for localhost, SHA-256 ${fingerprint}`,
    );
    for (let i = 0; i < 2; i++) {
      const shown = await shownCertificate(port);
      expect(shown.fingerprint256).toBe(fingerprint);
      expect(shown.checkHost("localhost")).toBe("localhost");
      expect(shown.checkIP("127.0.0.1")).toBe("127.0.0.1");
      expect(shown.ca).toBe(false);
      program.signal("SIGHUP");
      await program.stderr.waitFor(/certificates were read again/, undefined, i);
    }
  });
});

describe("a file that cannot be used", () => {
  it.each([
    ["cert=%/nothing.pem", "Cannot use cert=%/nothing.pem of listener fe: there is no such file"],
    [
      "cert=%/a.crt,key=%/b.key",
      "Cannot use cert=%/a.crt of listener fe: the key in %/b.key does not fit the certificate",
    ],
    [
      "cert=%/expired.pem",
      "Cannot use cert=%/expired.pem of listener fe: it expired on Jan  1 00:00:00 2020 GMT",
    ],
  ])("ends the start: %s", async (keys, words) => {
    const folder = tlsFile("").replace(/\/$/, "");
    const here = (text: string) => text.replaceAll("%", folder);
    const { code, stderr, stdout } = await runToEnd([
      "-l",
      `https://127.0.0.1:0,name=fe,${here(keys)}`,
      "-b",
      ":9",
    ]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: [] });
    expect(stderr[0]).toBe(`hadro: ${here(words)}`);
  });
});

/** What a client that believes anything is shown. */
async function shownCertificate(port: number): Promise<X509Certificate> {
  const { connect } = await import("node:tls");
  return await new Promise((resolve, reject) => {
    const socket = connect(
      { host: "127.0.0.1", port, servername: "localhost", rejectUnauthorized: false },
      () => {
        resolve(new X509Certificate(socket.getPeerCertificate().raw));
        socket.destroy();
      },
    );
    socket.on("error", reject);
  });
}
