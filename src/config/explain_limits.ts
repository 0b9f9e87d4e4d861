/**
 * The limits of a listener in words, for explain.ts: what is not as usual.
 *
 * May import: base, config.
 *
 * @module
 */
import { formatSizeBytes } from "../base/units.ts";
import { defaultText } from "./catalogue.ts";
import { formatCidr, HEADER_BYTES_MAX } from "./limit_values.ts";
import type { ListenerConfig } from "./model.ts";

/** The facts, a few words each. */
export function explainLimits({ limits, scheme }: ListenerConfig): string[] {
  const { allow, deny, connRates, maxconnPerSrc } = limits;
  return [
    ...(allow.length === 0 ? [] : [`allow ${allow.map(formatCidr).join(" ")}`]),
    ...(deny.length === 0 ? [] : [`deny ${deny.map(formatCidr).join(" ")}`]),
    ...connRates.map(({ text }) => `conn-rate ${text}`),
    ...(maxconnPerSrc === 0 ? [] : [`maxconn-per-src ${maxconnPerSrc}`]),
    ...(scheme !== "http" ? [] : explainRequests(limits)),
  ];
}

/** A backend's own. */
export function explainMaxBody(maxBodyBytes: number | null): string[] {
  if (maxBodyBytes === null) return [];
  return [`max-body ${maxBodyBytes === 0 ? "off" : formatSizeBytes(maxBodyBytes)}`];
}

function explainRequests(limits: ListenerConfig["limits"]): string[] {
  const { maxBodyBytes, maxHeaderCount, maxHeaderBytes, rates, users, minRateBytes } = limits;
  const { h2StreamMax, h2GlitchMax } = limits;
  return [
    ...(maxBodyBytes === 0 ? [] : explainMaxBody(maxBodyBytes)),
    ...(String(maxHeaderCount) === defaultText("max-headers") ? [] : [`max-headers ${maxHeaderCount}`]),
    ...(maxHeaderBytes === HEADER_BYTES_MAX ? [] : [`max-header-size ${formatSizeBytes(maxHeaderBytes)}`]),
    ...(String(h2StreamMax) === defaultText("h2-streams") ? [] : [`h2-streams ${h2StreamMax}`]),
    ...(String(h2GlitchMax) === defaultText("h2-glitches") ? [] : [`h2-glitches ${h2GlitchMax}`]),
    ...rates.map(({ text }) => `rate ${text}`),
    ...(minRateBytes === 0 ? [] : [`min-rate ${formatSizeBytes(minRateBytes)}`]),
    ...(users.length === 0 ? [] : [`auth ${users.map(({ name }) => name).join(" ")}`]),
  ];
}
