/** A certificate that signs itself, read by another implementation. @module */
import { createPublicKey, generateKeyPairSync, sign, X509Certificate } from "node:crypto";
import { describe, expect, it } from "vitest";
import { certificate, tbsCertificate } from "../../../../src/protocol/x509/self_signed.ts";

describe("a certificate that signs itself", () => {
  it.each([["localhost"], ["x".repeat(60)]])("says what it was told: %s", (name) => {
    const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
    const tbs = tbsCertificate({
      commonName: name,
      dnsNames: [name, "other.test", ...Array.from({ length: 20 }, (_, i) => `name-${i}.test`)],
      ipAddresses: [new Uint8Array([127, 0, 0, 1]), new Uint8Array(16).fill(1, 15)],
      serial: new Uint8Array([0x41, 0x02]),
      notBefore: "261124120000Z",
      notAfter: "261224120000Z",
      publicKey: new Uint8Array(publicKey.export({ type: "spki", format: "der" })),
    });
    const read = new X509Certificate(certificate(tbs, new Uint8Array(sign("sha256", tbs, privateKey))));
    expect(read.subject).toBe(`CN=${name}`);
    expect(read.issuer).toBe(`CN=${name}`);
    expect(read.serialNumber).toBe("4102");
    expect(read.validFrom).toBe("Nov 24 12:00:00 2026 GMT");
    expect(read.validTo).toBe("Dec 24 12:00:00 2026 GMT");
    expect(read.checkHost("other.test")).toBe("other.test");
    expect(read.checkHost("name-19.test")).toBe("name-19.test");
    expect(read.checkIP("::1")).toBe("::1");
    expect(read.ca).toBe(false);
    expect(read.verify(createPublicKey(publicKey.export({ type: "spki", format: "pem" })))).toBe(true);
  });
});
