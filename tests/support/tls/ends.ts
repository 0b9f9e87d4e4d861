/**
 * Two ends of a TLS connection over sockets of this machine's kernel, both of them hadro's.
 *
 * @module
 */
import { expect, onTestFinished } from "vitest";
import { Slab } from "../../../src/base/slab.ts";
import { OpenSsl, TlsVersion } from "../../../src/sys/openssl.ts";
import { TlsCallbacks } from "../../../src/sys/tls_callbacks.ts";
import { TlsContext, type TlsPair, type TlsServerOptions } from "../../../src/sys/tls_context.ts";
import { TlsSockets } from "../../../src/sys/tls_sockets.ts";
import { TestSockets } from "../sys/sockets.ts";
import { tlsText } from "./certificates.ts";

const FDS = 4_096;

/** The pair of a fixture. */
export function pairOf(name: string, ...names: string[]): TlsPair {
  return { names, chainPem: tlsText(`${name}.crt`), keyPem: tlsText(`${name}.key`) };
}

/** OpenSSL, which tests of TLS need: apt-get install libssl3. */
export function openLibrary(): OpenSsl {
  const library = OpenSsl.open();
  if (typeof library === "string") {
    throw new Error(`These tests need OpenSSL 3 (apt-get install libssl3): ${library}`);
  }
  return library;
}

/** See the module's text; one for each test. */
export class TlsEnds {
  readonly kernel = new TestSockets();
  readonly library = openLibrary();
  readonly callbacks = new TlsCallbacks(this.library);
  readonly tls = new TlsSockets(this.library, this.kernel.libc, FDS);
  readonly slab = new Slab(65_536, 1_024);

  constructor() {
    onTestFinished(() => {
      this.callbacks.close();
      this.library.close();
    });
  }

  serverContext(changes: Partial<TlsServerOptions> = {}): TlsContext {
    const context = TlsContext.ofServer(this.library, this.callbacks, {
      pairs: [pairOf("a", "a.test")],
      isStrict: false,
      alpn: [],
      minVersion: TlsVersion.TLS1_2,
      clientCaPem: null,
      isClientRequired: false,
      ticketKeys: new Uint8Array(80).fill(7),
      sessionScope: new Uint8Array([1]),
      ...changes,
    });
    onTestFinished(() => context.close());
    return context;
  }

  clientContext(changes: Partial<Parameters<typeof TlsContext.ofClient>[1]> = {}): TlsContext {
    const context = TlsContext.ofClient(this.library, {
      caPem: tlsText("ca.pem"),
      isVerified: true,
      keepsSession: false,
      pair: null,
      alpn: [],
      minVersion: TlsVersion.TLS1_2,
      ...changes,
    });
    onTestFinished(() => context.close());
    return context;
  }

  /** Two sockets with TLS begun on both. */
  begin(server: TlsContext, client: TlsContext, serverName = "a.test"): { client: number; server: number } {
    const pair = this.kernel.openPair();
    expect(this.tls.begin(pair.server, server, "")).toBe(0);
    expect(this.tls.begin(pair.client, client, serverName)).toBe(0);
    onTestFinished(() => {
      this.tls.forget(pair.client);
      this.tls.forget(pair.server);
    });
    return pair;
  }

  /** Goes on with both handshakes until neither moves; the results of each: client, server. */
  shake(pair: { client: number; server: number }): [number, number] {
    let results: [number, number] = [-1, -1];
    for (let i = 0; i < 20; i++) {
      const isDone = (result: number) => result === 0 || result === 3;
      results = [
        isDone(results[0]) ? results[0] : this.tls.handshake(pair.client),
        isDone(results[1]) ? results[1] : this.tls.handshake(pair.server),
      ];
      if (results.every(isDone)) break;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
    return results;
  }

  send(fd: number, text: string): number {
    const { bytes } = this.slab;
    for (let i = 0; i < text.length; i++) bytes[32_768 + i] = text.charCodeAt(i);
    return this.tls.send(fd, this.slab, 32_768, text.length);
  }

  /** What one receive brings: a text, or a number when it is nothing. */
  recv(fd: number, sizeBytes = 32_768): string | number {
    const count = this.tls.recv(fd, this.slab, 0, sizeBytes);
    if (count <= 0) return count;
    return String.fromCharCode(...this.slab.bytes.subarray(0, count));
  }
}
