/**
 * A certificate for a listener of this machine that was given none: made in memory at the start, in no trust store, gone at the end.
 *
 * May import: sys, protocol.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { generateKeyPairSync, randomBytes, sign } from "node:crypto";
import { certificate, tbsCertificate } from "../protocol/x509/self_signed.ts";
import type { TlsPair } from "../sys/tls_context.ts";

const NAME = "localhost";
const DAY_MS = 86_400_000;
const VALID_DAYS = 30;
const SERIAL_BYTES = 16;
const LINE = 64;

/** For localhost, 127.0.0.1 and ::1. */
export function newThrowawayPair(nowMs: number): TlsPair {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  const serial = new Uint8Array(randomBytes(SERIAL_BYTES));
  serial[0] = (serial[0]! & 0x3f) | 0x40;
  const tbs = tbsCertificate({
    commonName: NAME,
    dnsNames: [NAME],
    ipAddresses: [new Uint8Array([127, 0, 0, 1]), new Uint8Array(16).fill(1, 15)],
    serial,
    // Clocks differ.
    notBefore: utcTime(nowMs - DAY_MS),
    notAfter: utcTime(nowMs + VALID_DAYS * DAY_MS),
    publicKey: new Uint8Array(publicKey.export({ type: "spki", format: "der" })),
  });
  const der = certificate(tbs, new Uint8Array(sign("sha256", tbs, privateKey)));
  const base64 = Buffer.from(der).toString("base64").replace(new RegExp(`.{${LINE}}`, "g"), "$&\n").trimEnd();
  return {
    names: [NAME],
    chainPem: `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`,
    keyPem: String(privateKey.export({ type: "pkcs8", format: "pem" })),
  };
}

/** As certificates have it: "261124120000Z", two digits of the year. */
function utcTime(timeMs: number): string {
  return new Date(timeMs).toISOString().replace(/[-:T]|\.\d+/g, "").slice(2);
}
