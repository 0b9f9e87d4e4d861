/**
 * Clients that speak TLS.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { connect as connectNode, type ConnectionOptions, type TLSSocket } from "node:tls";
import { onTestFinished } from "vitest";
import { Peer } from "../program/peers.ts";
import { keep, type Running } from "../program/keep.ts";
import { Program } from "../program/program.ts";
import { tlsFile, tlsText } from "./certificates.ts";

/** A client of `serverName`, who believes the test authority; closed when the test ends. */
export async function connectTls(port: number, serverName = "a.test", alpn: string[] = []): Promise<Peer> {
  return await wrapTls(await Deno.connect({ hostname: "127.0.0.1", port }), serverName, alpn);
}

/** The same on a connection that there is. */
export async function wrapTls(conn: Deno.TcpConn, serverName = "a.test", alpn: string[] = []): Promise<Peer> {
  const options = { hostname: serverName, caCerts: [tlsText("ca.pem")], alpnProtocols: alpn };
  const secure = await Deno.startTls(conn, options);
  const peer = new Peer(secure);
  onTestFinished(() => peer.close());
  await secure.handshake();
  return peer;
}

/** What a request over node:tls met: an answer, or why there was none. */
export interface Exchange {
  readonly answer: string;
  readonly error: string;
  /** Of the certificate that was shown. */
  readonly name: string;
  readonly version: string;
  readonly protocol: string;
}

const REQUEST = "GET /a HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n";

/** One request, to the end of the connection. Names are not verified unless `options` say so. */
export function exchangeTls(port: number, options: ConnectionOptions = {}): Promise<Exchange> {
  return new Promise((resolve) => {
    let answer = "";
    const seen = { error: "", name: "", version: "", protocol: "" };
    const socket: TLSSocket = connectNode({
      host: "127.0.0.1",
      port,
      servername: "a.test",
      ca: tlsText("ca.pem"),
      checkServerIdentity: () => undefined,
      ...options,
    }, () => {
      seen.name = String(socket.getPeerCertificate().subject?.CN ?? "");
      seen.version = socket.getProtocol() ?? "";
      seen.protocol = socket.alpnProtocol === false ? "" : String(socket.alpnProtocol ?? "");
      socket.write(REQUEST);
    });
    socket.on("data", (bytes: Buffer) => {
      answer += bytes.toString("latin1");
      // Over tls:// nobody but the client ends the connection.
      const [head, body] = answer.split("\r\n\r\n");
      if (body?.length === Number(/content-length: (\d+)/i.exec(head)?.[1])) socket.end();
    });
    socket.on("error", (error: Error) => void (seen.error = error.message));
    socket.on("close", () => resolve({ answer, ...seen }));
    socket.on("end", () => socket.end());
  });
}

/** Starts hadro with one TLS listener called `fe`; `keys` are those of the listener, by default the certificate of a.test. */
export async function startTls(
  scheme: "https" | "tls",
  backends: readonly (number | string)[],
  keys = `cert=${tlsFile("a.pem")}`,
  ...flags: string[]
): Promise<Running> {
  const words = backends.map((backend) => typeof backend === "number" ? `127.0.0.1:${backend}` : backend);
  const log = flags.includes("--log") ? [] : ["--log", "json"];
  const listen = ["-l", `${scheme}://127.0.0.1:0,name=fe${keys === "" ? "" : `,${keys}`}`];
  const program = keep(await Program.start([...listen, "-b", ...words, ...log, ...flags]));
  return { program, port: program.port("fe") };
}
