/**
 * The limits of a listener in words, for explain.ts: what is not as usual.
 *
 * May import: config.
 *
 * @module
 */
import { formatCidr } from "./limit_values.ts";
import type { ListenerLimits } from "./model.ts";

/** The facts, a few words each. */
export function explainLimits({ allow, deny }: ListenerLimits): string[] {
  return [
    ...(allow.length === 0 ? [] : [`allow ${allow.map(formatCidr).join(" ")}`]),
    ...(deny.length === 0 ? [] : [`deny ${deny.map(formatCidr).join(" ")}`]),
  ];
}
