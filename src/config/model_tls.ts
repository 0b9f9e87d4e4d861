/**
 * The part of the configuration that concerns TLS: plain data; files are named here and read by net/tls_material.ts.
 *
 * May import: nothing.
 *
 * @module
 */

export type TlsVersionName = "1.2" | "1.3";

/** A certificate with its chain, and its key, in PEM. */
export interface CertificateFiles {
  /** A file, or a directory whose files are each a certificate with its key. */
  readonly certPath: string;
  /** "": in the certificate's file. */
  readonly keyPath: string;
}

/** What a server is asked for (SNI), and its certificate must be for. */
export type ServerNameConfig =
  | {
    readonly kind: "name"; /** A host name, or an IP literal, which is not asked for. */
    readonly name: string;
  }
  /** The Host of the request; `name` where there is none. */
  | { readonly kind: "host"; readonly name: string };

/** How a server is reached over TLS: HAProxy's `server … ssl`. */
export interface ServerTls {
  readonly serverName: ServerNameConfig;
  /** Its certificate must be for that name, and of an authority that is trusted. */
  readonly isVerified: boolean;
  /** "": the authorities that the system trusts. */
  readonly caPath: string;
  /** hadro's own certificate, shown when asked for; null for none. */
  readonly files: CertificateFiles | null;
  readonly minVersion: TlsVersionName;
  /** Offered by ALPN, the preferred one first. */
  readonly alpn: readonly string[];
}

/** What a listener does with TLS: HAProxy's `bind … ssl`. */
export interface ListenerTls {
  /** null: a certificate is made at the start, and forgotten at the end. */
  readonly files: CertificateFiles | null;
  /** Who asks for a name that no certificate is for is refused: HAProxy's `strict-sni`. */
  readonly isStrict: boolean;
  readonly minVersion: TlsVersionName;
  /** Of authorities that sign certificates of clients; "": clients are not asked for one. */
  readonly clientCaPath: string;
  /** A client without a certificate is refused. */
  readonly isClientRequired: boolean;
  /** Offered by ALPN, the preferred one first. */
  readonly alpn: readonly string[];
}
