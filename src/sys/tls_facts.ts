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
const NID_COMMON_NAME = 13;
const NAME_BYTES_MAX = 255;

/** As TlsFacts of event/poller.ts. */
export function readFacts(library: OpenSsl, connection: Deno.PointerObject): {
  version: string;
  cipher: string;
  protocol: string;
  serverName: string;
  isResumed: boolean;
  peerSubject: string;
  peerName: string;
} {
  const { ssl } = library;
  return {
    version: textAt(ssl.SSL_get_version(connection)),
    cipher: textAt(ssl.SSL_CIPHER_get_name(ssl.SSL_get_current_cipher(connection))),
    protocol: protocolOf(library, connection),
    serverName: hostNameAt(ssl.SSL_get_servername(connection, HOST_NAME)),
    isResumed: ssl.SSL_session_reused(connection) === 1,
    ...peerOf(library, connection),
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

/** The subject is in ASCII: other bytes are written as \\xNN. The name is as it is in the certificate. */
function peerOf(
  { ssl, crypto }: OpenSsl,
  connection: Deno.PointerObject,
): { peerSubject: string; peerName: string } {
  const certificate = ssl.SSL_get1_peer_certificate(connection);
  if (certificate === null) return { peerSubject: "", peerName: "" };
  const subject = crypto.X509_get_subject_name(certificate);
  const text = new Uint8Array(SUBJECT_BYTES_MAX);
  crypto.X509_NAME_oneline(subject, text, text.length);
  // One byte more than is good, and the zero.
  const name = new Uint8Array(NAME_BYTES_MAX + 2);
  const length = crypto.X509_NAME_get_text_by_NID(subject, NID_COMMON_NAME, name, name.length);
  crypto.X509_free(certificate);
  return {
    peerSubject: new TextDecoder().decode(text.subarray(0, text.indexOf(0))),
    peerName: length > NAME_BYTES_MAX ? "" : nameOf(name.subarray(0, Math.max(length, 0))),
  };
}

/** A zero in a name is an old trick to be taken for another one, or UTF-16; a wrong byte makes it nobody's too. */
function nameOf(bytes: Uint8Array): string {
  try {
    return bytes.includes(0) ? "" : new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return "";
  }
}
