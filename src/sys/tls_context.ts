/**
 * What TLS connections have in common (SSL_CTX): of a listener with its certificates, of a backend with whom it trusts.
 *
 *     server   one SSL_CTX for each certificate; the first one answers, and the name that a client asks for (SNI) may change it
 *     client   one SSL_CTX
 *
 * A name is looked up as it is, then with its first label replaced by "*". Without a match the first certificate is shown, or, when
 * strict, the handshake refused.
 *
 * May import: sys.
 *
 * @module
 */
import { cText, type OpenSsl, SslCtrl, SslMode, SslOption, SslTlsExt, SslVerify, textAt } from "./openssl.ts";

/** A certificate with its chain and key, as PEM, and the names that it is for. */
export interface TlsPair {
  /** Lower case, possibly with a first label "*". */
  readonly names: readonly string[];
  /** The certificate, then those that lead to its root. */
  readonly chainPem: string;
  readonly keyPem: string;
}

export interface TlsServerOptions {
  /** At least one; the first one is for who asks for no name, or an unknown one. */
  readonly pairs: readonly TlsPair[];
  readonly isStrict: boolean;
  /** Offered by ALPN, the preferred one first; empty: none is. */
  readonly alpn: readonly string[];
  /** TlsVersion.* */
  readonly minVersion: number;
  /** Of clients: certificates of those that may sign theirs, as PEM; null: clients are not asked for one. */
  readonly clientCaPem: string | null;
  /** A client without a certificate is refused. */
  readonly isClientRequired: boolean;
  /** 80 bytes, the same in all threads: with them a session goes on in any of them. */
  readonly ticketKeys: Uint8Array<ArrayBuffer>;
}

export interface TlsClientOptions {
  /** Certificates that are trusted, as PEM; null: those of the system. */
  readonly caPem: string | null;
  readonly isVerified: boolean;
  /** hadro's own certificate; null for none. */
  readonly pair: TlsPair | null;
  readonly alpn: readonly string[];
  readonly minVersion: number;
}

/** Why a context cannot be made, in words. */
export class TlsContextError extends Error {
  override name = "TlsContextError";
}

const MODE = SslMode.ENABLE_PARTIAL_WRITE | SslMode.ACCEPT_MOVING_WRITE_BUFFER | SslMode.RELEASE_BUFFERS;
const OPTIONS = SslOption.IGNORE_UNEXPECTED_EOF | SslOption.NO_RENEGOTIATION;
const TICKET_KEY_BYTES = 80;
const HOST_NAME = 0;

type Pointer = Deno.PointerObject;

/** See the module's text. */
export class TlsContext {
  readonly isServer: boolean;
  /** A connection begins with it. */
  readonly first: Pointer;
  readonly #library: OpenSsl;
  readonly #all: Pointer[] = [];
  readonly #callbacks: { close(): void }[] = [];

  private constructor(library: OpenSsl, isServer: boolean) {
    this.#library = library;
    this.isServer = isServer;
    this.first = this.#newContext();
  }

  /** @throws {TlsContextError} */
  static ofServer(library: OpenSsl, options: TlsServerOptions): TlsContext {
    const context = new TlsContext(library, true);
    try {
      context.#setServer(options);
    } catch (error) {
      context.close();
      throw error;
    }
    return context;
  }

  /** @throws {TlsContextError} */
  static ofClient(library: OpenSsl, options: TlsClientOptions): TlsContext {
    const context = new TlsContext(library, false);
    try {
      context.#setClient(options);
    } catch (error) {
      context.close();
      throw error;
    }
    return context;
  }

  /** Connections that began with it go on. */
  close(): void {
    for (const pointer of this.#all) this.#library.ssl.SSL_CTX_free(pointer);
    for (const callback of this.#callbacks) callback.close();
    this.#all.length = this.#callbacks.length = 0;
  }

  #newContext(): Pointer {
    const { ssl } = this.#library;
    const method = this.isServer ? ssl.TLS_server_method() : ssl.TLS_client_method();
    const pointer = ssl.SSL_CTX_new(method);
    if (pointer === null) throw this.#error("no context can be made");
    this.#all.push(pointer);
    ssl.SSL_CTX_ctrl(pointer, SslCtrl.MODE, BigInt(MODE), null);
    // A record in one system call, not in two.
    ssl.SSL_CTX_ctrl(pointer, SslCtrl.SET_READ_AHEAD, 1n, null);
    ssl.SSL_CTX_set_options(pointer, BigInt(OPTIONS));
    return pointer;
  }

  #setServer(options: TlsServerOptions): void {
    const { ssl } = this.#library;
    const byName = new Map<string, Pointer>();
    const select = options.alpn.length > 0 ? this.#newAlpnCallback(options.alpn) : null;
    for (const [index, pair] of options.pairs.entries()) {
      const pointer = index === 0 ? this.first : this.#newContext();
      this.#usePair(pointer, pair);
      ssl.SSL_CTX_ctrl(pointer, SslCtrl.SET_MIN_PROTO_VERSION, BigInt(options.minVersion), null);
      ssl.SSL_CTX_set_options(pointer, BigInt(SslOption.CIPHER_SERVER_PREFERENCE));
      ssl.SSL_CTX_set_session_id_context(pointer, cText("hadro"), 5);
      ssl.SSL_CTX_ctrl(
        pointer,
        SslCtrl.SET_TLSEXT_TICKET_KEYS,
        BigInt(TICKET_KEY_BYTES),
        Deno.UnsafePointer.of(options.ticketKeys),
      );
      if (options.clientCaPem !== null) {
        this.#askClients(pointer, options.clientCaPem, options.isClientRequired);
      }
      if (select !== null) ssl.SSL_CTX_set_alpn_select_cb(pointer, select, null);
      for (const name of pair.names) if (!byName.has(name)) byName.set(name, pointer);
    }
    if (options.pairs.length > 1 || options.isStrict) this.#chooseByName(byName, options.isStrict);
  }

  #setClient(options: TlsClientOptions): void {
    const { ssl } = this.#library;
    if (options.pair !== null) this.#usePair(this.first, options.pair);
    ssl.SSL_CTX_ctrl(this.first, SslCtrl.SET_MIN_PROTO_VERSION, BigInt(options.minVersion), null);
    ssl.SSL_CTX_set_verify(this.first, options.isVerified ? SslVerify.PEER : SslVerify.NONE, null);
    if (options.caPem !== null) this.#trust(this.first, options.caPem);
    else ssl.SSL_CTX_set_default_verify_paths(this.first);
    if (options.alpn.length > 0) {
      const list = alpnList(options.alpn);
      ssl.SSL_CTX_set_alpn_protos(this.first, list, list.length);
    }
  }

  #usePair(context: Pointer, { chainPem, keyPem }: TlsPair): void {
    const { ssl, crypto } = this.#library;
    const [certificate, ...chain] = this.#readCertificates(chainPem);
    if (certificate === undefined) throw this.#error("there is no certificate");
    const used = ssl.SSL_CTX_use_certificate(context, certificate);
    crypto.X509_free(certificate);
    // What is added belongs to the context.
    for (const issuer of chain) ssl.SSL_CTX_ctrl(context, SslCtrl.EXTRA_CHAIN_CERT, 0n, issuer);
    if (used !== 1) throw this.#error("the certificate cannot be used");
    const key = this.#withBio(keyPem, (bio) => crypto.PEM_read_bio_PrivateKey(bio, null, null, null));
    if (key === null) throw this.#error("the key cannot be read");
    const isUsed = ssl.SSL_CTX_use_PrivateKey(context, key) === 1;
    crypto.EVP_PKEY_free(key);
    if (!isUsed || ssl.SSL_CTX_check_private_key(context) !== 1) {
      throw this.#error("the key does not fit the certificate");
    }
  }

  #trust(context: Pointer, caPem: string): void {
    const { ssl, crypto } = this.#library;
    const authorities = this.#readCertificates(caPem);
    if (authorities.length === 0) throw this.#error("there is no certificate of an authority");
    const store = ssl.SSL_CTX_get_cert_store(context);
    for (const authority of authorities) {
      crypto.X509_STORE_add_cert(store, authority);
      if (this.isServer) ssl.SSL_CTX_add_client_CA(context, authority);
      crypto.X509_free(authority);
    }
    crypto.ERR_clear_error();
  }

  #askClients(context: Pointer, caPem: string, isRequired: boolean): void {
    this.#trust(context, caPem);
    const mode = isRequired ? SslVerify.PEER | SslVerify.FAIL_IF_NO_PEER_CERT : SslVerify.PEER;
    this.#library.ssl.SSL_CTX_set_verify(context, mode, null);
  }

  /** Every certificate of a text, each the caller's to free. */
  #readCertificates(pem: string): Pointer[] {
    const { crypto } = this.#library;
    return this.#withBio(pem, (bio) => {
      const found: Pointer[] = [];
      for (;;) {
        const certificate = crypto.PEM_read_bio_X509(bio, null, null, null);
        if (certificate === null) break;
        found.push(certificate);
      }
      // The end of the text is an error to it.
      if (found.length > 0) crypto.ERR_clear_error();
      return found;
    });
  }

  #withBio<T>(text: string, read: (bio: Deno.PointerValue) => T): T {
    const { crypto } = this.#library;
    const bytes = new TextEncoder().encode(text);
    // Deno gives the place of an empty array as null, which is an error to OpenSSL: as "no PEM" is.
    const bio = crypto.BIO_new_mem_buf(bytes, bytes.length);
    try {
      return read(bio);
    } finally {
      if (bio !== null) crypto.BIO_free(bio);
    }
  }

  /** The first of ours that the client offers; without one the handshake goes on without a protocol, as HAProxy's does. */
  #newAlpnCallback(alpn: readonly string[]): Deno.PointerValue<Deno.UnsafeCallbackDefinition> {
    const ours = alpn.map((name) => alpnList([name]));
    const addresses = ours.map((bytes) => Deno.UnsafePointer.value(Deno.UnsafePointer.of(bytes)) + 1n);
    const callback = new Deno.UnsafeCallback(
      { parameters: ["pointer", "pointer", "pointer", "pointer", "u32", "pointer"], result: "i32" } as const,
      (_ssl, out, outLength, offered, offeredBytes) => {
        if (out === null || outLength === null || offered === null) return SslTlsExt.NOACK;
        const list = new Uint8Array(Deno.UnsafePointerView.getArrayBuffer(offered, offeredBytes));
        const chosen = ours.findIndex((name) => hasProtocol(list, name));
        if (chosen < 0) return SslTlsExt.NOACK;
        new BigUint64Array(Deno.UnsafePointerView.getArrayBuffer(out, 8))[0] = addresses[chosen]!;
        new Uint8Array(Deno.UnsafePointerView.getArrayBuffer(outLength, 1))[0] = ours[chosen]!.length - 1;
        return SslTlsExt.OK;
      },
    );
    this.#callbacks.push(callback);
    return callback.pointer as Deno.PointerValue<Deno.UnsafeCallbackDefinition>;
  }

  #chooseByName(byName: ReadonlyMap<string, Pointer>, isStrict: boolean): void {
    const { ssl } = this.#library;
    const callback = new Deno.UnsafeCallback(
      { parameters: ["pointer", "pointer", "pointer"], result: "i32" } as const,
      (connection) => {
        const name = textAt(ssl.SSL_get_servername(connection, HOST_NAME)).toLowerCase();
        const context = byName.get(name) ?? byName.get(name.replace(/^[^.]+/, "*"));
        if (context === undefined) return isStrict ? SslTlsExt.ALERT_FATAL : SslTlsExt.NOACK;
        ssl.SSL_set_SSL_CTX(connection, context);
        return SslTlsExt.OK;
      },
    );
    this.#callbacks.push(callback);
    const pointer = callback.pointer as Deno.PointerValue<Deno.UnsafeCallbackDefinition>;
    for (const context of this.#all) {
      ssl.SSL_CTX_callback_ctrl(context, SslCtrl.SET_TLSEXT_SERVERNAME_CB, pointer);
    }
  }

  #error(what: string): TlsContextError {
    const reason = this.#library.takeError();
    return new TlsContextError(reason === "" ? what : `${what} (${reason})`);
  }
}

/** Protocols as they are on the wire: each behind its length. */
function alpnList(names: readonly string[]): Uint8Array<ArrayBuffer> {
  const encoder = new TextEncoder();
  return new Uint8Array(names.flatMap((name) => [name.length, ...encoder.encode(name)]));
}

/** Whether `wanted`, a list of one, is in `list`. */
function hasProtocol(list: Uint8Array, wanted: Uint8Array): boolean {
  for (let at = 0; at < list.length; at += list[at]! + 1) {
    if (list[at] === wanted[0] && wanted.every((byte, i) => list[at + i] === byte)) return true;
  }
  return false;
}
