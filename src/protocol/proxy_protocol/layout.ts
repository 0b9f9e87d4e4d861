/**
 * What a PROXY protocol header is made of (proxy-protocol.txt sections 2.1 and 2.2), for parser and writer.
 *
 *     version 1   "PROXY TCP4 192.0.2.1 192.0.2.9 56324 443\r\n"     TCP6 · UNKNOWN, and what follows it is ignored
 *     version 2   | signature, 12 | version, command | family, transport | length, 2 | addresses | TLV … |
 *
 * May import: nothing.
 *
 * @module
 */

/** What version 1 begins with. */
export const TEXT_PREFIX: Uint8Array = new TextEncoder().encode("PROXY ");
/** The longest line of version 1, its CRLF included. */
export const TEXT_BYTES_MAX = 107;

/** The shortest: "PROXY UNKNOWN". */
export const TEXT_BYTES_MIN = 15;

/** What version 2 begins with. */
export const SIGNATURE: Uint8Array = new TextEncoder().encode("\r\n\r\n\0\r\nQUIT\n");
/** Up to and including the length. */
export const BINARY_BYTES_MIN = 16;

/** The low half of the byte behind the signature; its high half is the version. */
export const Command = { LOCAL: 0, PROXY: 1 } as const;

/** The high half of the byte behind that. */
export const Family = { UNSPEC: 0, INET: 1, INET6: 2, UNIX: 3 } as const;

/** The low half of it. */
export const Transport = { UNSPEC: 0, STREAM: 1, DGRAM: 2 } as const;

/** Bytes of the addresses, by family. */
export const ADDRESS_BYTES: readonly number[] = [0, 12, 36, 216];

/** Types of TLVs. The value of SSL: bits of {@linkcode SslClient}, 1 byte | verify, 4 bytes, 0 is verified | TLVs of {@linkcode SslTlvType}. */
export const TlvType = { AUTHORITY: 0x02, CRC32C: 0x03, UNIQUE_ID: 0x05, SSL: 0x20 } as const;
export const SslTlvType = { VERSION: 0x21, COMMON_NAME: 0x22, CIPHER: 0x23 } as const;
/** TLS; a certificate was shown on this connection; or in the TLS session that it goes on with. */
export const SslClient = { SSL: 0x01, CERT_CONN: 0x02, CERT_SESS: 0x04 } as const;
/** Type and length of a TLV. */
export const TLV_HEAD_BYTES = 3;
export const CRC_BYTES = 4;
