/**
 * The part of the configuration that concerns the compression of responses.
 *
 * May import: nothing.
 *
 * @module
 */

/** A content coding, and how hard it tries. */
export interface CodingConfig {
  readonly name: "gzip" | "br" | "zstd";
  readonly level: number;
}

/** What is compressed, and by what: HAProxy's `compression` keywords. */
export interface CompressConfig {
  /** In order of preference; never empty. */
  readonly codings: readonly CodingConfig[];
  /** Patterns of media types, see protocol/http/representation.ts; never empty. */
  readonly types: readonly string[];
  /** Responses that are known to be smaller pass: HAProxy's minsize-res. */
  readonly minSizeBytes: number;
  /** Servers are not told what the client accepts, where hadro can compress for it: HAProxy's offload. */
  readonly offload: boolean;
}

/** Memory of an encoder of each level (from 1), in kB: measured with a quarter on top, output buffer included (docs/decisions). */
const ENCODER_KB: Readonly<Record<CodingConfig["name"], readonly number[]>> = {
  gzip: new Array<number>(9).fill(480),
  br: [256, 1_900, 1_900, 3_300, 3_900],
  zstd: [672, 896, 1_536, 3_100, 3_750, 3_750],
};

/** The highest level of a coding: those above take more than a few milliseconds for a buffer, and nobody else runs meanwhile. */
export function codingLevelMax(name: CodingConfig["name"]): number {
  return ENCODER_KB[name].length;
}

/** What one response that is being compressed costs. */
export function encoderCostBytes({ name, level }: CodingConfig): number {
  return ENCODER_KB[name][level - 1]! * 1_024;
}
