/**
 * Times in log lines: each second is formatted once, the milliseconds of each line behind it.
 *
 *     iso      2026-11-23T02:45:41.123Z
 *     haproxy  23/Nov/2026:03:45:41.123          local time
 *     clf      23/Nov/2026:03:45:41 +0100        local time with its offset
 *     utcClf   23/Nov/2026:02:45:41 +0000
 *
 * May import: base.
 *
 * @module
 */
import type { ByteWriter } from "../../base/byte_writer.ts";

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** Formats wall-clock milliseconds; keeps the last second's text. */
export class LogTime {
  #second = NaN;
  #iso = new Uint8Array(0);
  #local = new Uint8Array(0);
  #offset = new Uint8Array(0);
  #utc = new Uint8Array(0);

  /** `2026-11-23T02:45:41.123Z` */
  iso(out: ByteWriter, wallMs: number): void {
    this.#prepare(wallMs);
    out.literal(this.#iso);
    out.padded(Math.floor(wallMs) % 1_000, 3);
    out.byte(0x5a);
  }

  /** `23/Nov/2026:02:45:41.123` */
  haproxy(out: ByteWriter, wallMs: number): void {
    this.#prepare(wallMs);
    out.literal(this.#local);
    out.byte(0x2e);
    out.padded(Math.floor(wallMs) % 1_000, 3);
  }

  /** `23/Nov/2026:02:45:41 +0100` */
  clf(out: ByteWriter, wallMs: number): void {
    this.#prepare(wallMs);
    out.literal(this.#local);
    out.byte(0x20);
    out.literal(this.#offset);
  }

  /** `23/Nov/2026:02:45:41 +0000` */
  utcClf(out: ByteWriter, wallMs: number): void {
    this.#prepare(wallMs);
    out.literal(this.#utc);
  }

  #prepare(wallMs: number): void {
    const second = Math.floor(wallMs / 1_000);
    if (second === this.#second) return;
    this.#second = second;
    const date = new Date(second * 1_000);
    const encoder = new TextEncoder();
    const two = (value: number) => String(value).padStart(2, "0");
    this.#iso = encoder.encode(date.toISOString().slice(0, 20));
    this.#local = encoder.encode(
      `${two(date.getDate())}/${MONTHS[date.getMonth()]}/${date.getFullYear()}:` +
        `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`,
    );
    this.#utc = encoder.encode(
      `${two(date.getUTCDate())}/${MONTHS[date.getUTCMonth()]}/${date.getUTCFullYear()}:` +
        `${date.toISOString().slice(11, 19)} +0000`,
    );
    const minutes = -date.getTimezoneOffset();
    const sign = minutes < 0 ? "-" : "+";
    const size = Math.abs(minutes);
    this.#offset = encoder.encode(`${sign}${two(Math.floor(size / 60))}${two(size % 60)}`);
  }
}
