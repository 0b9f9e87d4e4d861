/**
 * What a TLS connection is, once its handshake is done: texts out of OpenSSL's objects.
 *
 * May import: sys.
 *
 * @module
 */
import { hostNameAt, type OpenSsl, textAt } from "./openssl.ts";

const HOST_NAME = 0;
const SUBJECT_BYTES_MAX = 512;

/** As TlsFacts of event/poller.ts. */
export function readFacts(library: OpenSsl, connection: Deno.PointerObject): {
  version: string;
  cipher: string;
  protocol: string;
  serverName: string;
  isResumed: boolean;
  peerSubject: string;
} {
  const { ssl } = library;
  return {
    version: textAt(ssl.SSL_get_version(connection)),
    cipher: textAt(ssl.SSL_CIPHER_get_name(ssl.SSL_get_current_cipher(connection))),
    protocol: protocolOf(library, connection),
    serverName: hostNameAt(ssl.SSL_get_servername(connection, HOST_NAME)),
    isResumed: ssl.SSL_session_reused(connection) === 1,
    peerSubject: subjectOf(library, connection),
  };
}

function protocolOf({ ssl }: OpenSsl, connection: Deno.PointerObject): string {
  const place = new BigUint64Array(1);
  const length = new Uint32Array(1);
  ssl.SSL_get0_alpn_selected(connection, new Uint8Array(place.buffer), new Uint8Array(length.buffer));
  if (length[0] === 0) return "";
  const pointer = Deno.UnsafePointer.create(place[0]!)!;
  return new TextDecoder().decode(Deno.UnsafePointerView.getArrayBuffer(pointer, length[0]!));
}

/** In ASCII: other bytes are written as \\xNN. */
function subjectOf({ ssl, crypto }: OpenSsl, connection: Deno.PointerObject): string {
  const certificate = ssl.SSL_get1_peer_certificate(connection);
  if (certificate === null) return "";
  const text = new Uint8Array(SUBJECT_BYTES_MAX);
  crypto.X509_NAME_oneline(crypto.X509_get_subject_name(certificate), text, text.length);
  crypto.X509_free(certificate);
  return new TextDecoder().decode(text.subarray(0, text.indexOf(0)));
}
