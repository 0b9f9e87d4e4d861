/** TLS in front: handshakes of every kind, and what of them the log, servers and clients see. @module */
import { describe, expect, it } from "vitest";
import { connect, expectIdle, keep, temporaryFolder } from "../support/program/keep.ts";
import { httpServer, response } from "../support/program/peers.ts";
import { tlsFile, tlsText } from "../support/tls/certificates.ts";
import { connectTls, exchangeTls, startTls } from "../support/tls/clients.ts";

const CA = `ca=${tlsFile("ca.pem")}`;
const A = `cert=${tlsFile("a.pem")}`;
const ANN = { cert: tlsText("ann.crt"), key: tlsText("ann.key") };
const EVE = { cert: tlsText("eve.crt"), key: tlsText("eve.key") };

function echoServer() {
  return keep(httpServer((head) => response(head)));
}

/** A folder with the certificates of a.test and b.test. */
async function folder(): Promise<string> {
  const path = await temporaryFolder();
  for (const name of ["a.pem", "b.pem"]) await Deno.copyFile(tlsFile(name), `${path}/${name}`);
  return `cert=${path}`;
}

describe("the certificate", () => {
  it("is chosen by the name that is asked for; an unknown name is shown the first one", async () => {
    const { program, port } = await startTls("https", [echoServer().port], await folder());
    for (
      const [index, [servername, name]] of [
        ["a.test", "a.test"],
        ["b.test", "b.test"],
        ["X.b.test", "b.test"],
        ["x.y.b.test", "a.test"],
        ["c.test", "a.test"],
      ].entries()
    ) {
      expect(await exchangeTls(port, { servername })).toMatchObject({ name, error: "" });
      expect(await program.log(index)).toMatchObject({ tls_sni: servername.toLowerCase(), status: 200 });
    }
    await expectIdle(program);
    expect(await program.counters()).toMatchObject({ tlsHandshakes: 5, tlsResumed: 0, handshakeErrors: 0 });
  });

  it("is refused to unknown names with strict-sni, and to who asks for none", async () => {
    const { program, port } = await startTls("https", [echoServer().port], `${await folder()},strict-sni`);
    expect(await exchangeTls(port, { servername: "x.b.test" })).toMatchObject({ name: "b.test" });
    for (const [index, servername] of ["c.test", ""].entries()) {
      expect((await exchangeTls(port, { servername })).error).not.toBe("");
      expect(await program.log(index + 1)).toMatchObject({
        scheme: "https",
        term: "PR",
        status: null,
        tls_version: null,
        why: "the TLS handshake failed: no certificate for the name that the client asked for",
      });
    }
    expect(await program.counters()).toMatchObject({ handshakeErrors: 2 });
  });
});

describe("versions and protocols", () => {
  it.each(["TLSv1.2", "TLSv1.3"] as const)("%s is spoken", async (version) => {
    const { program, port } = await startTls("https", [echoServer().port]);
    const versions = { minVersion: version, maxVersion: version };
    expect(await exchangeTls(port, versions)).toMatchObject({ version, error: "" });
    const line = await program.log();
    expect(line).toMatchObject({
      scheme: "https",
      tls_version: version,
      tls_resumed: false,
      tls_client: null,
    });
    expect(line.tls_cipher).toMatch(version === "TLSv1.3" ? /^TLS_/ : /^ECDHE-ECDSA-/);
  });

  it("tls-min=1.3 refuses 1.2", async () => {
    const { program, port } = await startTls("https", [echoServer().port], `${A},tls-min=1.3`);
    expect((await exchangeTls(port, { maxVersion: "TLSv1.2" })).error).not.toBe("");
    expect(await program.log()).toMatchObject({
      term: "PR",
      why: "the TLS handshake failed: unsupported protocol",
    });
    expect(await exchangeTls(port)).toMatchObject({ version: "TLSv1.3" });
  });

  it("ALPN says http/1.1, and nothing to who offers others", async () => {
    const { program, port } = await startTls("https", [echoServer().port]);
    const offers = (ALPNProtocols: string[]) => exchangeTls(port, { ALPNProtocols });
    expect(await offers(["spdy/1", "http/1.1"])).toMatchObject({ protocol: "http/1.1", error: "" });
    expect(await program.log(0)).toMatchObject({ tls_alpn: "http/1.1" });
    expect(await exchangeTls(port)).toMatchObject({ protocol: "" });
    expect(await program.log(1)).toMatchObject({ tls_alpn: null });
  });
});

describe("client certificates", () => {
  const UP = ["--header-up", "X-Client: %[ssl_c_s_dn] %[ssl_fc_sni] %sslv"];

  it("are required with ca=: the subject is known to the log and to headers", async () => {
    const { program, port } = await startTls("https", [echoServer().port], `${A},${CA}`, ...UP);
    const { answer } = await exchangeTls(port, ANN);
    expect(answer).toContain("\r\nX-Client: /O=hadro/CN=ann a.test TLSv1.3\r\n");
    expect(answer).toContain("\r\nX-Forwarded-Proto: https\r\n");
    expect(await program.log(0)).toMatchObject({ tls_client: "/O=hadro/CN=ann", status: 200 });
    expect((await exchangeTls(port)).answer).toBe("");
    expect(await program.log(1)).toMatchObject({
      term: "PR",
      why: "the TLS handshake failed: peer did not return a certificate",
    });
    expect((await exchangeTls(port, EVE)).answer).toBe("");
    expect(await program.log(2)).toMatchObject({
      term: "PR",
      why: "the TLS handshake failed: unable to get local issuer certificate",
    });
    await expectIdle(program);
  });

  it("may be absent with verify=optional, but not be wrong", async () => {
    const { program, port } = await startTls(
      "https",
      [echoServer().port],
      `${A},${CA},verify=optional`,
      ...UP,
    );
    expect((await exchangeTls(port)).answer).toContain("\r\nX-Client:  a.test TLSv1.3\r\n");
    expect((await exchangeTls(port, ANN)).answer).toContain(
      "\r\nX-Client: /O=hadro/CN=ann a.test TLSv1.3\r\n",
    );
    expect((await exchangeTls(port, EVE)).answer).toBe("");
    expect(await program.log(2)).toMatchObject({ term: "PR", tls_client: null });
  });
});

describe("a handshake that fails", () => {
  it("because the client does not speak TLS is logged: PR", async () => {
    const { program, port } = await startTls("https", [echoServer().port]);
    for (
      const [index, [text, why]] of ([
        ["GET / HTTP/1.1\r\nHost: a\r\n\r\n", "http request"],
        ["\x00".repeat(64), "wrong version number"],
      ] as const).entries()
    ) {
      const peer = await connect(port);
      await peer.send(text);
      await peer.readAll();
      expect(await program.log(index)).toMatchObject({ term: "PR", why: `the TLS handshake failed: ${why}` });
    }
    await expectIdle(program);
  });

  it("because the client is slow ends with --timeout-client-hs: cR", async () => {
    const { program, port } = await startTls("https", [echoServer().port], A, "--timeout-client-hs", "150ms");
    const peer = await connect(port);
    await peer.send("\x16\x03\x01");
    expect(await peer.readAll()).toBe("");
    expect(await program.log()).toMatchObject({
      term: "cR",
      why: "the TLS handshake was not complete within 150 ms",
    });
    await expectIdle(program);
  });

  it("because the client leaves in the middle of it is logged (CR); before its hello it is not", async () => {
    const { program, port } = await startTls("https", [echoServer().port]);
    (await connect(port)).close();
    const silent = await connect(port);
    await silent.closeWrite();
    expect(await silent.readAll()).toBe("");
    // Who does not believe the certificate says so by an alert.
    expect((await exchangeTls(port, { ca: tlsText("other_ca.pem") })).error).not.toBe("");
    expect(await program.log(0)).toMatchObject({ frontend: "fe", term: "PR", status: null, bytes_out: 0 });
    expect((await program.log(0)).why).toMatch(/^the TLS handshake failed: .*(unknown ca|bad certificate)/);
    await expectIdle(program);
    expect(program.stdout.lines.length).toBe(1);
  });
});

describe("the connection behind it", () => {
  it("is kept alive, and serves requests that come in one record, in their order", async () => {
    const { program, port } = await startTls("https", [
      keep(httpServer((head) => response(/\/\d/.exec(head)![0]))).port,
    ]);
    const peer = await connectTls(port);
    const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: a.test\r\n\r\n`;
    await peer.send(get("/1"));
    await peer.readUntil("\r\n\r\n/1");
    await peer.send(get("/2") + get("/3") + get("/4"));
    expect(await peer.readUntil("\r\n\r\n/4")).toMatch(/\/1[^]*\/2[^]*\/3[^]*\/4$/);
    peer.close();
    await program.log(3);
    expect(await program.counters()).toMatchObject({ tlsHandshakes: 1 });
    await expectIdle(program);
  });

  it("is told in HAProxy's log format by a ~ behind the frontend", async () => {
    const { program, port } = await startTls("https", [echoServer().port], A, "--log", "haproxy");
    await exchangeTls(port);
    const line = await program.stdout.waitFor(/fe~/);
    expect(line).toMatch(
      /^127\.0\.0\.1:\d+ \[[^\]]+\] fe~ app\/s1 \d+\/\d+\/\d+\/\d+\/\d+ 200 \d+ - - ---- 1\/1\/\d\/\d\/0 0\/0 "GET \/a HTTP\/1\.1"$/,
    );
  });
});
