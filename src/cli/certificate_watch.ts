/**
 * Certificates while hadro runs: read at the start, again on SIGHUP, and when a file was changed. What cannot be used is told, and the
 * listeners go on with what they have.
 *
 * May import: config, sys, net, cli.
 *
 * @module
 */
import { ConfigError } from "../config/config_error.ts";
import type { Config } from "../config/model.ts";
import { TlsFileError } from "../net/certificate_files.ts";
import {
  loadTlsMaterial,
  materialStamp,
  tellExpiries,
  type TlsMaterial,
  usesTls,
} from "../net/tls_material.ts";
import { TlsContextError } from "../sys/tls_context.ts";
import { newThrowawayPair } from "./throwaway_certificate.ts";

/** How often files are looked at. */
const LOOK_MS = 60_000;
/** How often people are told of certificates that expire soon. */
const WARN_MS = 86_400_000;

/** What listeners with TLS need; null when none has it. @throws {ConfigError} */
export function loadTlsOrFail(config: Config, tell: (message: string) => void): TlsMaterial | null {
  if (!usesTls(config)) return null;
  try {
    const material = loadTlsMaterial(config, { tell, newPair: newThrowawayPair });
    tellExpiries(config, material, tell);
    return material;
  } catch (error) {
    if (!(error instanceof TlsFileError)) throw error;
    throw new ConfigError(error.message);
  }
}

/** See the module's text. */
export class CertificateWatch {
  readonly #config: Config;
  readonly #tell: (message: string) => void;
  readonly #apply: (material: TlsMaterial) => void;
  readonly #timers: readonly ReturnType<typeof setInterval>[];
  #material: TlsMaterial;
  #stamp: string;

  private constructor(
    config: Config,
    material: TlsMaterial,
    tell: (message: string) => void,
    apply: (material: TlsMaterial) => void,
  ) {
    [this.#config, this.#material, this.#tell, this.#apply] = [config, material, tell, apply];
    this.#stamp = materialStamp(config);
    this.#timers = [
      setInterval(() => this.#look(), LOOK_MS),
      setInterval(() => tellExpiries(this.#config, this.#material, this.#tell), WARN_MS),
    ];
  }

  /** Watches what was read; null where there is nothing. */
  static of(
    config: Config,
    material: TlsMaterial | null,
    tell: (message: string) => void,
    apply: (material: TlsMaterial) => void,
  ): CertificateWatch | null {
    return material === null ? null : new CertificateWatch(config, material, tell, apply);
  }

  /** Reads everything again. */
  reload(): void {
    this.#stamp = materialStamp(this.#config);
    try {
      const source = { tell: this.#tell, newPair: newThrowawayPair };
      const material = loadTlsMaterial(this.#config, source, this.#material);
      this.#apply(material);
      this.#material = material;
      tellExpiries(this.#config, material, this.#tell);
      this.#tell("certificates were read again");
    } catch (error) {
      if (!(error instanceof TlsFileError || error instanceof TlsContextError)) throw error;
      this.#tell(`${error.message}; going on with the certificates before`);
    }
  }

  stop(): void {
    for (const timer of this.#timers) clearInterval(timer);
  }

  #look(): void {
    if (materialStamp(this.#config) !== this.#stamp) this.reload();
  }
}
