/**
 * TLS as far as a client hello needs it: RFC 8446 sections 4, 4.1.2 and 5.1, RFC 6066 section 3, RFC 7301 section 3.1.
 *
 *     record     | type 1 | version 2 | length 2 | fragment              |
 *     message                                    | type 1 | length 3 | body, over one fragment or several |
 *
 * May import: nothing.
 *
 * @module
 */

export const RECORD_HEADER_BYTES = 5;
export const MESSAGE_HEADER_BYTES = 4;
/** Of a plain text fragment. */
export const FRAGMENT_BYTES_MAX = 16_384;
/** Of a hello with the headers of its records: what one buffer holds. */
export const HELLO_BYTES_MAX = 16_384;

export const ContentType = { ALERT: 21, HANDSHAKE: 22 } as const;
export const MessageType = { CLIENT_HELLO: 1 } as const;
export const ExtensionType = { SERVER_NAME: 0, ALPN: 16 } as const;

/** The first byte of every version of SSL 3 and TLS: 3.0 to 3.4. */
export const VERSION_MAJOR = 3;
