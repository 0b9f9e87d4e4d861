/**
 * The alert that ends a connection whose hello hadro does not pass on, so that the client can say why (RFC 8446 section 6).
 *
 * May import: protocol/tls.
 *
 * @module
 */
import { ContentType, VERSION_MAJOR } from "./layout.ts";

/** Descriptions of alerts. */
export const Alert = { DECODE_ERROR: 50, UNRECOGNIZED_NAME: 112 } as const;

/** Of an alert with its record's header. */
export const ALERT_BYTES = 7;

const FATAL = 2;
/** Whatever the version: what RFC 8446 section 5.1 has records say. */
const VERSION_MINOR = 3;

/** Writes a fatal alert to the beginning of `out`; it takes {@linkcode ALERT_BYTES}. */
export function writeAlert(out: Uint8Array, description: number): void {
  out[0] = ContentType.ALERT;
  out[1] = VERSION_MAJOR;
  out[2] = VERSION_MINOR;
  out[3] = 0;
  out[4] = 2;
  out[5] = FATAL;
  out[6] = description;
}
