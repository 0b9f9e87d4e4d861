/**
 * Certificates and keys out of PEM texts, as OpenSSL's objects.
 *
 * May import: sys.
 *
 * @module
 */
import type { OpenSsl } from "./openssl.ts";

/** Every certificate of a text, each the caller's to free. */
export function readCertificates(library: OpenSsl, pem: string): Deno.PointerObject[] {
  const { crypto } = library;
  return withBio(library, pem, (bio) => {
    const found: Deno.PointerObject[] = [];
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

/** The first private key of a text, the caller's to free; null when there is none that can be read. */
export function readKey(library: OpenSsl, pem: string): Deno.PointerValue {
  return withBio(library, pem, (bio) => library.crypto.PEM_read_bio_PrivateKey(bio, null, null, null));
}

function withBio<T>({ crypto }: OpenSsl, text: string, read: (bio: Deno.PointerValue) => T): T {
  const bytes = new TextEncoder().encode(text);
  // Deno gives the place of an empty array as null, which is an error to OpenSSL: as "no PEM" is.
  const bio = crypto.BIO_new_mem_buf(bytes, bytes.length);
  try {
    return read(bio);
  } finally {
    if (bio !== null) crypto.BIO_free(bio);
  }
}
