/**
 * The compression of an engine: rules, the memory of encoders, and bodies for reuse. One where anything is compressed, else none.
 *
 * A response is compressed if its encoder's memory is left of the budget, else it passes as it is: what compression takes is bounded by
 * `--compress-mem`, and so is how many encoders there are at once.
 *
 * May import: base, config, protocol, proxy/compress.
 *
 * @module
 */
import type { Config } from "../../config/model.ts";
import type { CompressConfig } from "../../config/model_compress.ts";
import { AcceptEncoding } from "../../protocol/http/accept_encoding.ts";
import { CompressRule } from "./compress_rule.ts";
import { CompressedBody } from "./compressed_body.ts";
import { ContentEncoder, type Encoder } from "./content_encoder.ts";

/** Bodies kept for reuse at most. */
const SPARE_MAX = 64;

/** See the module's text. */
export class Compression {
  /** For reading a request's fields; valid until the next use. */
  readonly accepted = new AcceptEncoding();
  readonly budgetBytes: number;
  /** Of it, by encoders at work. */
  usedBytes = 0;
  /** Responses compressed, and those that passed because the budget was used up. */
  compressed = 0;
  refused = 0;
  readonly #rules = new Map<CompressConfig, CompressRule>();
  readonly #spare: CompressedBody[] = [];
  /** Makes encoders: those of node:zlib, unless a test has others. */
  newEncoder: (coding: number, level: number) => Encoder = (coding, level) =>
    new ContentEncoder(coding, level);

  constructor(budgetBytes: number) {
    this.budgetBytes = budgetBytes;
  }

  /** The rule of a backend, or where it has none of its own, of a listener; null: nothing is compressed. */
  ruleFor(own: CompressConfig | "off" | null, inherited: CompressConfig | null): CompressRule | null {
    const config = own ?? inherited;
    if (config === null || config === "off") return null;
    let rule = this.#rules.get(config);
    if (rule === undefined) this.#rules.set(config, rule = new CompressRule(config));
    return rule;
  }

  /** A body that is to be compressed; null when the budget is used up. */
  take(rule: CompressRule, coding: number): CompressedBody | null {
    const costBytes = rule.costOf(coding);
    if (this.usedBytes + costBytes > this.budgetBytes) {
      this.refused++;
      return null;
    }
    this.usedBytes += costBytes;
    this.compressed++;
    const body = this.#spare.pop() ?? new CompressedBody();
    body.begin(this.newEncoder(coding, rule.levelOf(coding)), coding, costBytes);
    return body;
  }

  give(body: CompressedBody): void {
    body.end();
    this.usedBytes -= body.costBytes;
    if (this.#spare.length < SPARE_MAX) this.#spare.push(body);
  }
}

/** The compression of an engine with this configuration; null where there is none. */
export function newCompression(config: Config, budgetBytes: number): Compression | null {
  const isUsed = [...config.listeners, ...config.backends].some(({ compress }) =>
    compress !== null && compress !== "off"
  );
  return isUsed ? new Compression(budgetBytes) : null;
}
