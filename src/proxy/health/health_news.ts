/**
 * What people are told when a server's status changes.
 *
 *     DOWN: connection refused (ECONNREFUSED), 3 checks failed
 *     DOWN: 10 errors in a row, the last one status 503
 *     NOLB: it answered 404
 *     EJECTED for 20000 ms: 10 errors in a row, the last one a failed connect
 *     UP: 2 checks passed
 *     UP: its ejection is over
 *     MAINT: an administrator said so
 *
 * May import: proxy/health.
 *
 * @module
 */
import { HealthReason } from "./health_reason.ts";
import { HealthStatus, statusName } from "./health_state.ts";

/** A change and its circumstances. */
export interface HealthNews {
  /** A {@linkcode HealthStatus}, as is the one after it. */
  readonly before: number;
  readonly status: number;
  /** A {@linkcode HealthReason}, and its words. */
  readonly reason: number;
  readonly why: string;
  /** Checks in a row that brought it about. */
  readonly checkCount: number;
  readonly ejectionMs: number;
}

/** See the module's text. */
export function describeNews(news: HealthNews): string {
  const { before, status, reason, why, checkCount, ejectionMs } = news;
  const checks = (outcome: string) => `${checkCount} check${checkCount === 1 ? "" : "s"} ${outcome}`;
  const name = statusName(status);
  switch (status) {
    case HealthStatus.UP:
      if (before === HealthStatus.EJECTED) return `${name}: its ejection is over`;
      if (before === HealthStatus.MAINT || before === HealthStatus.DRAIN) break;
      return `${name}: ${checks("passed")}`;
    case HealthStatus.DOWN:
      return `${name}: ${why}${reason === HealthReason.ERRORS ? "" : `, ${checks("failed")}`}`;
    case HealthStatus.NOLB:
      return `${name}: ${why}`;
    case HealthStatus.EJECTED:
      return `${name} for ${ejectionMs} ms: ${why}`;
  }
  return `${name}: an administrator said so`;
}
