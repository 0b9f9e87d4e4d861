/**
 * The bytes of a certificate that signs itself (RFC 5280), for a server of this machine: version 3, ECDSA with SHA-256 over P-256, not an
 * authority, with names for TLS (RFC 6125: as subjectAltName).
 *
 *     Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm, signature }
 *
 * DER (X.690): each value is its tag, its length, its content.
 *
 * May import: nothing.
 *
 * @module
 */

const Tag = {
  BOOLEAN: 0x01,
  INTEGER: 0x02,
  BIT_STRING: 0x03,
  OCTET_STRING: 0x04,
  OID: 0x06,
  UTF8_STRING: 0x0c,
  UTC_TIME: 0x17,
  SEQUENCE: 0x30,
  SET: 0x31,
  /** [0], [3] of TBSCertificate. */
  VERSION: 0xa0,
  EXTENSIONS: 0xa3,
  /** [2], [7] of GeneralName. */
  DNS_NAME: 0x82,
  IP_ADDRESS: 0x87,
} as const;

/** Object identifiers, encoded. */
const Oid = {
  /** 1.2.840.10045.4.3.2 */
  ECDSA_WITH_SHA256: [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02],
  /** 2.5.4.3 */
  COMMON_NAME: [0x55, 0x04, 0x03],
  /** 2.5.29.17, .19, .37 */
  SUBJECT_ALT_NAME: [0x55, 0x1d, 0x11],
  BASIC_CONSTRAINTS: [0x55, 0x1d, 0x13],
  EXTENDED_KEY_USAGE: [0x55, 0x1d, 0x25],
  /** 1.3.6.1.5.5.7.3.1 */
  SERVER_AUTH: [0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01],
} as const;

const VERSION_3 = 2;

export interface SelfSignedPlan {
  readonly commonName: string;
  readonly dnsNames: readonly string[];
  /** 4 or 16 bytes each. */
  readonly ipAddresses: readonly Uint8Array[];
  /** 1 to 19 bytes; the first one is not 0 and below 128. */
  readonly serial: Uint8Array;
  /** UTCTime: "261124120000Z", of a year until 2049. */
  readonly notBefore: string;
  readonly notAfter: string;
  /** SubjectPublicKeyInfo, in DER. */
  readonly publicKey: Uint8Array;
}

/** What is to be signed. */
export function tbsCertificate(plan: SelfSignedPlan): Uint8Array<ArrayBuffer> {
  const name = sequence(
    der(Tag.SET, sequence(der(Tag.OID, Oid.COMMON_NAME), der(Tag.UTF8_STRING, text(plan.commonName)))),
  );
  const alternatives = sequence(
    ...plan.dnsNames.map((dnsName) => der(Tag.DNS_NAME, text(dnsName))),
    ...plan.ipAddresses.map((address) => der(Tag.IP_ADDRESS, address)),
  );
  const extensions = sequence(
    extension(Oid.BASIC_CONSTRAINTS, true, sequence()),
    extension(Oid.EXTENDED_KEY_USAGE, false, sequence(der(Tag.OID, Oid.SERVER_AUTH))),
    extension(Oid.SUBJECT_ALT_NAME, false, alternatives),
  );
  return sequence(
    der(Tag.VERSION, der(Tag.INTEGER, [VERSION_3])),
    der(Tag.INTEGER, plan.serial),
    algorithm(),
    name,
    sequence(der(Tag.UTC_TIME, text(plan.notBefore)), der(Tag.UTC_TIME, text(plan.notAfter))),
    name,
    plan.publicKey,
    der(Tag.EXTENSIONS, extensions),
  );
}

/** The whole certificate; `signature` is that of {@linkcode tbsCertificate}, in DER. */
export function certificate(tbs: Uint8Array, signature: Uint8Array): Uint8Array<ArrayBuffer> {
  return sequence(tbs, algorithm(), der(Tag.BIT_STRING, [0, ...signature]));
}

function algorithm(): Uint8Array {
  return sequence(der(Tag.OID, Oid.ECDSA_WITH_SHA256));
}

function extension(oid: readonly number[], isCritical: boolean, value: Uint8Array): Uint8Array {
  const critical = isCritical ? [der(Tag.BOOLEAN, [0xff])] : [];
  return sequence(der(Tag.OID, oid), ...critical, der(Tag.OCTET_STRING, value));
}

function sequence(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return der(Tag.SEQUENCE, parts.flatMap((part) => [...part]));
}

function der(tag: number, content: ArrayLike<number>): Uint8Array<ArrayBuffer> {
  const { length } = content;
  const lengthBytes = length < 0x80
    ? [length]
    : length < 0x100
    ? [0x81, length]
    : [0x82, length >> 8, length & 0xff];
  return new Uint8Array([tag, ...lengthBytes, ...Array.from(content)]);
}

function text(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}
