/**
 * What TLS connections have in common (SSL_CTX): of a listener with its certificates, of a backend with whom it trusts.
 *
 *     server   one SSL_CTX for each certificate; the first one answers, and the name that a client asks for (SNI) may change it
 *     client   one SSL_CTX
 *
 * A name is looked up as it is, then with its first label replaced by "*". Without a match the first certificate is shown, or, when
 * strict, the handshake refused.
 *
 *     made --hold, release: a handshake of it--> ... --close, and the last handshake is over--> freed
 *
 * Connections whose handshake is over need it no more: OpenSSL counts who uses an SSL_CTX.
 *
 * May import: sys.
 *
 * @module
 */
import { type OpenSsl, SslCtrl, SslMode, SslOption, SslVerify } from "./openssl.ts";
import { readCertificates, readKey } from "./pem.ts";
import type { HandshakeChoices, TlsCallbacks } from "./tls_callbacks.ts";

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
  /** 1 to 32 bytes: sessions that began under another one do not go on, as where other clients may come in. */
  readonly sessionScope: Uint8Array<ArrayBuffer>;
}

export interface TlsClientOptions {
  /** Certificates that are trusted, as PEM; null: those of the system. */
  readonly caPem: string | null;
  readonly isVerified: boolean;
  /** Connections are all to one server by one name: a session is not verified again. */
  readonly keepsSession: boolean;
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

type Pointer = Deno.PointerObject;

/** See the module's text. */
export class TlsContext {
  readonly isServer: boolean;
  /** A connection begins with it. */
  readonly first: Pointer;
  readonly #library: OpenSsl;
  readonly #callbacks: TlsCallbacks | null;
  readonly #all: Pointer[] = [];
  /** Its number among those who can be called back. */
  #number: Pointer | null = null;
  #handshakeCount = 0;
  /** Of a client whose server is always the same: the session that the next connection begins with. */
  #session: Pointer | null = null;
  #isClosed = false;
  #keepsSession = false;

  private constructor(library: OpenSsl, callbacks: TlsCallbacks | null) {
    [this.#library, this.#callbacks] = [library, callbacks];
    this.isServer = callbacks !== null;
    this.first = this.#newContext();
  }

  /** @throws {TlsContextError} */
  static ofServer(library: OpenSsl, callbacks: TlsCallbacks, options: TlsServerOptions): TlsContext {
    const context = new TlsContext(library, callbacks);
    try {
      context.#setServer(options, callbacks);
    } catch (error) {
      context.close();
      throw error;
    }
    return context;
  }

  /** @throws {TlsContextError} */
  static ofClient(library: OpenSsl, options: TlsClientOptions): TlsContext {
    const context = new TlsContext(library, null);
    try {
      context.#setClient(options);
    } catch (error) {
      context.close();
      throw error;
    }
    return context;
  }

  /** A handshake of it begins. */
  hold(): void {
    this.#handshakeCount++;
  }

  /** A handshake of it is over. */
  release(): void {
    this.#handshakeCount--;
    if (this.#isClosed && this.#handshakeCount === 0) this.#free();
  }

  /** No connection begins with it any more; those that did go on. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (this.#handshakeCount === 0) this.#free();
  }

  /** A new connection of a client goes on with the last session, if there is one. */
  useSession(connection: Pointer): void {
    if (this.#session === null) return;
    const { ssl } = this.#library;
    if (ssl.SSL_SESSION_is_resumable(this.#session) === 1) ssl.SSL_set_session(connection, this.#session);
    else this.#setSession(null);
  }

  /** A connection of a client ends: its session is for the next one. */
  keepSession(connection: Pointer): void {
    if (!this.#keepsSession || this.#isClosed) return;
    const { ssl } = this.#library;
    const session = ssl.SSL_get1_session(connection);
    if (session === null) return;
    if (ssl.SSL_SESSION_is_resumable(session) === 1) this.#setSession(session);
    else ssl.SSL_SESSION_free(session);
  }

  #setSession(session: Pointer | null): void {
    if (this.#session !== null) this.#library.ssl.SSL_SESSION_free(this.#session);
    this.#session = session;
  }

  #free(): void {
    for (const pointer of this.#all) this.#library.ssl.SSL_CTX_free(pointer);
    this.#all.length = 0;
    this.#setSession(null);
    if (this.#number !== null) this.#callbacks!.remove(this.#number);
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

  #setServer(options: TlsServerOptions, callbacks: TlsCallbacks): void {
    const byName = new Map<string, Pointer>();
    const isChosen = options.pairs.length > 1 || options.isStrict;
    const number = callbacks.add(choicesOf(options, byName));
    this.#number = number;
    for (const [index, pair] of options.pairs.entries()) {
      const pointer = index === 0 ? this.first : this.#newContext();
      this.#usePair(pointer, pair);
      this.#setOne(pointer, options);
      const { ssl } = this.#library;
      if (options.alpn.length > 0) ssl.SSL_CTX_set_alpn_select_cb(pointer, callbacks.alpn, number);
      if (isChosen) {
        ssl.SSL_CTX_callback_ctrl(pointer, SslCtrl.SET_TLSEXT_SERVERNAME_CB, callbacks.sni);
        ssl.SSL_CTX_ctrl(pointer, SslCtrl.SET_TLSEXT_SERVERNAME_ARG, 0n, number);
      }
      for (const name of pair.names) if (!byName.has(name)) byName.set(name, pointer);
    }
  }

  /** What all certificates of a server have in common. */
  #setOne(pointer: Pointer, options: TlsServerOptions): void {
    const { ssl } = this.#library;
    const { minVersion, sessionScope, ticketKeys, clientCaPem } = options;
    ssl.SSL_CTX_ctrl(pointer, SslCtrl.SET_MIN_PROTO_VERSION, BigInt(minVersion), null);
    ssl.SSL_CTX_set_options(pointer, BigInt(SslOption.CIPHER_SERVER_PREFERENCE));
    ssl.SSL_CTX_set_session_id_context(pointer, sessionScope, sessionScope.length);
    const keys = Deno.UnsafePointer.of(ticketKeys);
    ssl.SSL_CTX_ctrl(pointer, SslCtrl.SET_TLSEXT_TICKET_KEYS, BigInt(TICKET_KEY_BYTES), keys);
    if (clientCaPem !== null) this.#askClients(pointer, clientCaPem, options.isClientRequired);
  }

  #setClient(options: TlsClientOptions): void {
    const { ssl } = this.#library;
    this.#keepsSession = options.keepsSession;
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
    const [certificate, ...chain] = readCertificates(this.#library, chainPem);
    if (certificate === undefined) throw this.#error("there is no certificate");
    const used = ssl.SSL_CTX_use_certificate(context, certificate);
    crypto.X509_free(certificate);
    // What is added belongs to the context.
    for (const issuer of chain) ssl.SSL_CTX_ctrl(context, SslCtrl.EXTRA_CHAIN_CERT, 0n, issuer);
    if (used !== 1) throw this.#error("the certificate cannot be used");
    const key = readKey(this.#library, keyPem);
    if (key === null) throw this.#error("the key cannot be read");
    const isUsed = ssl.SSL_CTX_use_PrivateKey(context, key) === 1;
    crypto.EVP_PKEY_free(key);
    if (!isUsed || ssl.SSL_CTX_check_private_key(context) !== 1) {
      throw this.#error("the key does not fit the certificate");
    }
  }

  #trust(context: Pointer, caPem: string): void {
    const { ssl, crypto } = this.#library;
    const authorities = readCertificates(this.#library, caPem);
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

/** What is answered to names and protocols; `byName` is filled later. */
function choicesOf(
  { alpn, isStrict }: TlsServerOptions,
  byName: ReadonlyMap<string, Pointer>,
): HandshakeChoices {
  return {
    contextFor: (name) =>
      byName.get(name) ?? byName.get(name.replace(/^[^.]+/, "*")) ?? (isStrict ? false : null),
    protocols: alpn.map((protocol) => alpnList([protocol])),
  };
}
