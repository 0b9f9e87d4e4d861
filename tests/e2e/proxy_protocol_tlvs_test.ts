/** PROXY protocol out, version 2: the unique id, and what a client's TLS is, byte by byte. @module */
import { describe, expect, it } from "vitest";
import { connect, expectIdle, keep, startHadro, temporaryFolder } from "../support/program/keep.ts";
import { type Peer, response, ScriptedServer } from "../support/program/peers.ts";
import { Program } from "../support/program/program.ts";
import { SIGNATURE, tlv } from "../support/proxy_protocol/headers.ts";
import { tlsFile, tlsText } from "../support/tls/certificates.ts";
import { exchangeTls, startTls } from "../support/tls/clients.ts";

const A = `cert=${tlsFile("a.pem")}`;
const OPTIONAL = `${A},ca=${tlsFile("ca.pem")},verify=optional`;
const ANN = { cert: tlsText("ann.crt"), key: tlsText("ann.key") };
const NO_TLS = tlv(0x20, "\0\0\0\0\x01");
/** Signature, command and length, addresses of IPv4. */
const ADDRESSES_END = 28;

/** Answers each request; the peer keeps all that came. */
function notingServer(): ScriptedServer {
  return keep(
    new ScriptedServer(async (peer) => {
      for (let answered = 0; !peer.isEnded;) {
        await peer.readBytes(peer.received.length + 1);
        const count = peer.received.replace(SIGNATURE, "").split("\r\n\r\n").length - 1;
        for (; answered < count; answered++) await peer.send(response("yes"));
      }
      peer.close();
    }),
  );
}

/** The TLVs of a connection's header, which is of IPv4, and as long as it says. */
function tlvs({ received }: Peer): string {
  expect(received.slice(0, 14)).toBe(`${SIGNATURE}\x21\x11`);
  const end = 16 + (received.charCodeAt(14) << 8) + received.charCodeAt(15);
  expect(received.slice(end, end + 4)).toBe("GET ");
  return received.slice(ADDRESSES_END, end);
}

function word(server: { readonly port: number }, options: string): string {
  return `127.0.0.1:${server.port},proxy=2,proxy-v2-options=${options}`;
}

async function ask(peer: Peer, path: string): Promise<void> {
  peer.take();
  await peer.send(`GET ${path} HTTP/1.1\r\nHost: a.test\r\n\r\n`);
  expect(await peer.readUntil("yes")).toContain("200 OK");
}

function ssl(bits: number, verify: number, version: string, name: string, cipher: string): string {
  const nameTlv = name === "" ? "" : tlv(0x22, name);
  const subTlvs = tlv(0x21, version) + nameTlv + tlv(0x23, cipher);
  return tlv(0x20, `${String.fromCharCode(bits)}\0\0\0${String.fromCharCode(verify)}${subTlvs}`);
}

describe("unique-id", () => {
  it("is that of the request that the connection was opened for", async () => {
    const server = notingServer();
    const flags = ["--unique-id", "X-Request-ID"];
    const { program, port } = await startHadro("http", [word(server, "unique-id")], ...flags);
    for (const index of [0, 1]) {
      const client = await connect(port);
      await ask(client, "/1");
      await ask(client, "/2");
      const [first, second] = [await program.log(2 * index), await program.log(2 * index + 1)];
      expect(first.unique_id).toMatch(/^[0-9a-f]{32}$/);
      expect(second.unique_id).not.toBe(first.unique_id);
      expect(tlvs(server.peers[index])).toBe(tlv(5, String(first.unique_id)));
      const ids = [...server.peers[index].received.matchAll(/^X-Request-ID: (\S+)\r$/gm)].map(([, id]) => id);
      expect(ids).toEqual([first.unique_id, second.unique_id]);
      client.close();
    }
    expect(server.peers).toHaveLength(2);
    await expectIdle(program);
  });

  it("is nothing without --unique-id, and over tcp", async () => {
    const server = notingServer();
    const { port } = await startHadro("http", [word(server, "unique-id")]);
    await ask(await connect(port), "/");
    const tcp = await startHadro("tcp", [word(server, "unique-id")]);
    await ask(await connect(tcp.port), "/");
    expect(server.peers.map(tlvs)).toEqual(["", ""]);
  });
});

describe("ssl", () => {
  it.each(["http", "tcp"] as const)("says of a client of %s that it has none", async (scheme) => {
    const server = notingServer();
    const { port } = await startHadro(scheme, [word(server, "ssl")]);
    await ask(await connect(port), "/");
    expect(server.peers.map(tlvs)).toEqual([NO_TLS]);
  });

  it.each(["https", "tls"] as const)("of a client of %s: version, cipher, certificate", async (scheme) => {
    const server = notingServer();
    const { program, port } = await startTls(scheme, [word(server, "ssl")], OPTIONAL);
    expect(await exchangeTls(port, ANN)).toMatchObject({ error: "", version: "TLSv1.3" });
    expect(await exchangeTls(port, { maxVersion: "TLSv1.2" })).toMatchObject({ error: "" });
    const ciphers = [await program.log(0), await program.log(1)].map((line) => String(line.tls_cipher));
    expect(ciphers[0]).toMatch(/^TLS_/);
    expect(server.peers.map(tlvs)).toEqual([
      ssl(7, 0, "TLSv1.3", "ann", ciphers[0]),
      ssl(1, 1, "TLSv1.2", "", ciphers[1]),
    ]);
    await expectIdle(program);
  });

  it("of a resumed session: the certificate is the session's, not the connection's", async () => {
    const server = notingServer();
    const { program, port } = await startTls("https", [word(server, "ssl")], OPTIONAL);
    const session = `${await temporaryFolder()}/session`;
    for (const flag of ["-sess_out", "-sess_in"]) {
      const client = new Deno.Command("openssl", {
        args: [
          ...[
            "s_client",
            "-connect",
            `127.0.0.1:${port}`,
            "-servername",
            "a.test",
            "-ign_eof",
            flag,
            session,
          ],
          ...["-cert", tlsFile("ann.crt"), "-key", tlsFile("ann.key")],
        ],
        stdin: "piped",
        stdout: "null",
        stderr: "null",
      }).spawn();
      const writer = client.stdin.getWriter();
      await writer.write(
        new TextEncoder().encode("GET / HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n"),
      );
      await client.status;
      await writer.close().catch(() => {});
    }
    const lines = [await program.log(0), await program.log(1)];
    expect(lines.map((line) => line.tls_resumed)).toEqual([false, true]);
    expect(server.peers.map(tlvs)).toEqual([
      ssl(7, 0, "TLSv1.3", "ann", String(lines[0].tls_cipher)),
      ssl(5, 0, "TLSv1.3", "ann", String(lines[1].tls_cipher)),
    ]);
  });
});

it("all of them, and a checksum, are read by another hadro", async () => {
  const server = notingServer();
  const flags = "-l http://127.0.0.1:0,name=fe,proxy --trust 127.0.0.1 --log json -b".split(" ");
  const second = keep(await Program.start([...flags, `127.0.0.1:${server.port}`]));
  const options = "authority+unique-id+ssl+crc32c";
  const behind = word({ port: second.port("fe") }, options);
  const { program, port } = await startTls("https", [behind], OPTIONAL, "--unique-id", "X-Request-ID");
  expect(await exchangeTls(port, ANN)).toMatchObject({ error: "" });
  const { client_port } = await program.log();
  expect(await second.log()).toMatchObject({ client_port, status: 200, term: "--" });
});
