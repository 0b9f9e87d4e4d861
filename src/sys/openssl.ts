/**
 * OpenSSL 3 through FFI: every call that hadro makes of libssl and libcrypto. HAProxy uses the same library the same way: it works on the
 * socket itself and says whether it waits to receive or to send, which is what a poller of readiness wants.
 *
 * Opened only where something is to be encrypted. A call allocates nothing in JavaScript; the error queue belongs to the thread.
 *
 * Names and numbers: openssl/ssl.h, openssl/tls1.h, openssl/err.h, openssl/pem.h, openssl/x509_vfy.h of 3.0.
 *
 * May import: nothing. One of the places with Deno.dlopen.
 *
 * @module
 */

const SSL_SYMBOLS = {
  TLS_server_method: { parameters: [], result: "pointer" },
  TLS_client_method: { parameters: [], result: "pointer" },
  SSL_CTX_new: { parameters: ["pointer"], result: "pointer" },
  SSL_CTX_free: { parameters: ["pointer"], result: "void" },
  // A long is passed and returned in a register of 64 bits; what is passed and returned here fits in 32.
  SSL_CTX_ctrl: { parameters: ["pointer", "i32", "i64", "pointer"], result: "i64" },
  SSL_CTX_set_options: { parameters: ["pointer", "u64"], result: "u64" },
  SSL_CTX_callback_ctrl: { parameters: ["pointer", "i32", "function"], result: "i64" },
  SSL_CTX_use_certificate: { parameters: ["pointer", "pointer"], result: "i32" },
  SSL_CTX_use_PrivateKey: { parameters: ["pointer", "pointer"], result: "i32" },
  SSL_CTX_check_private_key: { parameters: ["pointer"], result: "i32" },
  SSL_CTX_set_alpn_select_cb: { parameters: ["pointer", "function", "pointer"], result: "void" },
  SSL_CTX_set_alpn_protos: { parameters: ["pointer", "buffer", "u32"], result: "i32" },
  SSL_CTX_set_verify: { parameters: ["pointer", "i32", "pointer"], result: "void" },
  SSL_CTX_set_default_verify_paths: { parameters: ["pointer"], result: "i32" },
  SSL_CTX_get_cert_store: { parameters: ["pointer"], result: "pointer" },
  SSL_CTX_add_client_CA: { parameters: ["pointer", "pointer"], result: "i32" },
  SSL_CTX_set_session_id_context: { parameters: ["pointer", "buffer", "u32"], result: "i32" },
  SSL_new: { parameters: ["pointer"], result: "pointer" },
  SSL_free: { parameters: ["pointer"], result: "void" },
  SSL_set_fd: { parameters: ["pointer", "i32"], result: "i32" },
  SSL_set_accept_state: { parameters: ["pointer"], result: "void" },
  SSL_set_connect_state: { parameters: ["pointer"], result: "void" },
  SSL_get_SSL_CTX: { parameters: ["pointer"], result: "pointer" },
  SSL_get_rbio: { parameters: ["pointer"], result: "pointer" },
  SSL_has_pending: { parameters: ["pointer"], result: "i32" },
  SSL_set_SSL_CTX: { parameters: ["pointer", "pointer"], result: "pointer" },
  SSL_ctrl: { parameters: ["pointer", "i32", "i64", "buffer"], result: "i64" },
  SSL_get0_param: { parameters: ["pointer"], result: "pointer" },
  SSL_get1_session: { parameters: ["pointer"], result: "pointer" },
  SSL_set_session: { parameters: ["pointer", "pointer"], result: "i32" },
  SSL_SESSION_free: { parameters: ["pointer"], result: "void" },
  SSL_SESSION_is_resumable: { parameters: ["pointer"], result: "i32" },
  SSL_set1_host: { parameters: ["pointer", "buffer"], result: "i32" },
  SSL_do_handshake: { parameters: ["pointer"], result: "i32" },
  SSL_get_error: { parameters: ["pointer", "i32"], result: "i32" },
  SSL_get_state: { parameters: ["pointer"], result: "i32" },
  SSL_get_verify_result: { parameters: ["pointer"], result: "i64" },
  SSL_get_servername: { parameters: ["pointer", "i32"], result: "pointer" },
  SSL_get0_alpn_selected: { parameters: ["pointer", "buffer", "buffer"], result: "void" },
  SSL_get_version: { parameters: ["pointer"], result: "pointer" },
  SSL_get_current_cipher: { parameters: ["pointer"], result: "pointer" },
  SSL_CIPHER_get_name: { parameters: ["pointer"], result: "pointer" },
  SSL_session_reused: { parameters: ["pointer"], result: "i32" },
  SSL_get1_peer_certificate: { parameters: ["pointer"], result: "pointer" },
  SSL_read: { parameters: ["pointer", "pointer", "i32"], result: "i32" },
  SSL_write: { parameters: ["pointer", "pointer", "i32"], result: "i32" },
  SSL_read_at: { name: "SSL_read", parameters: ["pointer", "usize", "i32"], result: "i32" },
  SSL_write_at: { name: "SSL_write", parameters: ["pointer", "usize", "i32"], result: "i32" },
  SSL_shutdown: { parameters: ["pointer"], result: "i32" },
} as const;

const CRYPTO_SYMBOLS = {
  ERR_get_error: { parameters: [], result: "u64" },
  ERR_clear_error: { parameters: [], result: "void" },
  ERR_reason_error_string: { parameters: ["u64"], result: "pointer" },
  BIO_new_mem_buf: { parameters: ["buffer", "i32"], result: "pointer" },
  // A count of 64 bits, of which the lower half is enough to see how much came since.
  BIO_number_read: { parameters: ["pointer"], result: "u32" },
  BIO_free: { parameters: ["pointer"], result: "i32" },
  PEM_read_bio_X509: { parameters: ["pointer", "pointer", "pointer", "pointer"], result: "pointer" },
  PEM_read_bio_PrivateKey: { parameters: ["pointer", "pointer", "pointer", "pointer"], result: "pointer" },
  X509_free: { parameters: ["pointer"], result: "void" },
  EVP_PKEY_free: { parameters: ["pointer"], result: "void" },
  X509_STORE_add_cert: { parameters: ["pointer", "pointer"], result: "i32" },
  X509_get_subject_name: { parameters: ["pointer"], result: "pointer" },
  X509_NAME_oneline: { parameters: ["pointer", "buffer", "i32"], result: "pointer" },
  X509_NAME_get_text_by_NID: { parameters: ["pointer", "i32", "buffer", "i32"], result: "i32" },
  X509_VERIFY_PARAM_set1_ip_asc: { parameters: ["pointer", "buffer"], result: "i32" },
  X509_verify_cert_error_string: { parameters: ["i64"], result: "pointer" },
} as const;

/** Where the library is: its name says its ABI. */
const SSL_NAME = "libssl.so.3";
const CRYPTO_NAME = "libcrypto.so.3";

/** Commands of SSL_CTX_ctrl, SSL_CTX_callback_ctrl and SSL_ctrl. */
export const SslCtrl = {
  EXTRA_CHAIN_CERT: 14,
  MODE: 33,
  SET_READ_AHEAD: 41,
  SET_TLSEXT_SERVERNAME_CB: 53,
  SET_TLSEXT_SERVERNAME_ARG: 54,
  SET_TLSEXT_HOSTNAME: 55,
  SET_TLSEXT_TICKET_KEYS: 59,
  SET_MIN_PROTO_VERSION: 123,
} as const;

export const SslMode = {
  ENABLE_PARTIAL_WRITE: 0x1,
  ACCEPT_MOVING_WRITE_BUFFER: 0x2,
  /** An idle connection holds no buffers of the library. */
  RELEASE_BUFFERS: 0x10,
} as const;

/** SSL_OP_*: bits of a 64-bit word; these fit in 32. */
export const SslOption = {
  /** An end without close_notify is an end: lengths are HTTP's to check. */
  IGNORE_UNEXPECTED_EOF: 0x80,
  NO_RENEGOTIATION: 0x4000_0000,
  CIPHER_SERVER_PREFERENCE: 0x40_0000,
} as const;

/** What SSL_get_error says. */
export const SslError = { SSL: 1, WANT_READ: 2, WANT_WRITE: 3, SYSCALL: 5, ZERO_RETURN: 6 } as const;

export const SslVerify = { NONE: 0, PEER: 1, FAIL_IF_NO_PEER_CERT: 2 } as const;

/** Of SSL_get_state, before a server has a hello (OSSL_HANDSHAKE_STATE). */
export const SslState = { BEFORE: 0, READS_CLIENT_HELLO: 20 } as const;

/** What callbacks return. */
export const SslTlsExt = { OK: 0, ALERT_FATAL: 2, NOACK: 3 } as const;

/** As the protocol allows, with the zero behind it. */
const HOST_NAME_BYTES_MAX = 256;
const HOST_NAME = /^[\w.:-]+$/;

export const TlsVersion = { TLS1_2: 0x0303, TLS1_3: 0x0304 } as const;

type Symbols<S extends Deno.ForeignLibraryInterface> = Deno.DynamicLibrary<S>["symbols"];

/** See the module's text. */
export class OpenSsl {
  readonly ssl: Symbols<typeof SSL_SYMBOLS>;
  readonly crypto: Symbols<typeof CRYPTO_SYMBOLS>;
  readonly #ssl: Deno.DynamicLibrary<typeof SSL_SYMBOLS>;
  readonly #crypto: Deno.DynamicLibrary<typeof CRYPTO_SYMBOLS>;

  private constructor(
    ssl: Deno.DynamicLibrary<typeof SSL_SYMBOLS>,
    crypto: Deno.DynamicLibrary<typeof CRYPTO_SYMBOLS>,
  ) {
    [this.#ssl, this.#crypto] = [ssl, crypto];
    [this.ssl, this.crypto] = [ssl.symbols, crypto.symbols];
  }

  /** Opens the library; the reason in words where that cannot be done. */
  static open(): OpenSsl | string {
    if (Deno.build.os !== "linux") return `${Deno.build.os} is not Linux`;
    try {
      const crypto = Deno.dlopen(CRYPTO_NAME, CRYPTO_SYMBOLS);
      return new OpenSsl(Deno.dlopen(SSL_NAME, SSL_SYMBOLS), crypto);
    } catch (error) {
      return `${SSL_NAME} cannot be opened (${error instanceof Error ? error.message : String(error)})`;
    }
  }

  /** The oldest error of this thread in words, "" for none; all are forgotten. */
  takeError(): string {
    const code = this.crypto.ERR_get_error();
    if (code === 0n) return "";
    this.crypto.ERR_clear_error();
    return textAt(this.crypto.ERR_reason_error_string(code)) || `error ${code.toString(16)}`;
  }

  /** The last thing to do: what was made with it is gone. */
  close(): void {
    this.#ssl.close();
    this.#crypto.close();
  }
}

/** OpenSSL's own text at a place of C, in ASCII; "" at none. Not for what a peer sent. */
export function textAt(place: Deno.PointerValue): string {
  return place === null ? "" : Deno.UnsafePointerView.getCString(place);
}

/**
 * The name that a client asked for, at a place of C: whatever bytes it sent, in lower case; "" for none, or for one that is no host name.
 */
export function hostNameAt(place: Deno.PointerValue): string {
  if (place === null) return "";
  const bytes = new Uint8Array(Deno.UnsafePointerView.getArrayBuffer(place, HOST_NAME_BYTES_MAX));
  let name = "";
  for (let i = 0; i < HOST_NAME_BYTES_MAX && bytes[i] !== 0; i++) name += String.fromCharCode(bytes[i]!);
  return HOST_NAME.test(name) ? name.toLowerCase() : "";
}

/** A text as C wants it. */
export function cText(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`${text}\0`);
}
