/**
 * Real TLS at both ends: servers that each show their own certificate, and a client that says whose it saw.
 *
 * @module
 */
import { connect as connectTls } from "node:tls";

/** The certificates of tests/fixtures/sni. */
export type CertificateName = "a" | "b" | "d";

const NAMES: readonly CertificateName[] = ["a", "b", "d"];

/** A certificate and its key, in PEM. */
export function readPem(name: CertificateName): string {
  return Deno.readTextFileSync(new URL(`../../fixtures/sni/${name}.pem`, import.meta.url));
}

/** A TLS server that answers the first thing it hears with its own name and all of that, then ends. */
export class TlsServer {
  readonly port: number;
  /** Connections whose handshake was completed. */
  count = 0;
  readonly #listener: Deno.TlsListener;
  readonly #done: Promise<void>;

  constructor(name: CertificateName, answer: (heard: string) => string = (heard) => `${name}:${heard}`) {
    const pem = readPem(name);
    this.#listener = Deno.listenTls({
      hostname: "127.0.0.1",
      port: 0,
      cert: pem,
      key: pem,
      alpnProtocols: ["h2", "http/1.1"],
    });
    this.port = this.#listener.addr.port;
    this.#done = this.#accept(answer);
  }

  async stop(): Promise<void> {
    this.#listener.close();
    await this.#done;
  }

  async #accept(answer: (heard: string) => string): Promise<void> {
    for (;;) {
      let conn: Deno.TlsConn;
      try {
        conn = await this.#listener.accept();
      } catch (error) {
        if (error instanceof Deno.errors.BadResource || error instanceof Deno.errors.Interrupted) return;
        continue;
      }
      this.#serve(conn, answer).catch(() => {}).finally(() => conn.close());
    }
  }

  async #serve(conn: Deno.TlsConn, answer: (heard: string) => string): Promise<void> {
    await conn.handshake();
    this.count++;
    const buffer = new Uint8Array(1_024);
    const size = await conn.read(buffer);
    if (size === null) return;
    const bytes = new TextEncoder().encode(answer(new TextDecoder().decode(buffer.subarray(0, size))));
    for (let at = 0; at < bytes.length;) at += await conn.write(bytes.subarray(at));
    await conn.closeWrite();
    await conn.read(buffer);
  }
}

/** What a TLS client saw. */
export interface TlsTalk {
  /** CN of the server's certificate, which was verified for the name asked for. */
  readonly certificate: string;
  readonly received: string;
}

/** Connects, says hi and hears all. Without a name no server_name is sent. @throws {Error} as the handshake failed. */
export function talkTls(port: number, serverName = "", protocols: readonly string[] = []): Promise<TlsTalk> {
  const { promise, resolve, reject } = Promise.withResolvers<TlsTalk>();
  let received = "";
  let certificate = "";
  const socket = connectTls({
    port,
    host: "127.0.0.1",
    ...(serverName === "" ? {} : { servername: serverName }),
    ALPNProtocols: [...protocols],
    ca: NAMES.map(readPem),
  });
  socket.on("secureConnect", () => {
    certificate = String(socket.getPeerCertificate().subject.CN);
    socket.write("hi");
  });
  socket.on("data", (data: Uint8Array) => received += new TextDecoder().decode(data));
  socket.on("end", () => socket.end());
  socket.on("error", reject);
  socket.on("close", () => resolve({ certificate, received }));
  return promise;
}
