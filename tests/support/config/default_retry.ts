/** What a backend does about failures unless it is told otherwise. @module */
import type { RetryConfig } from "../../../src/config/model_retry.ts";

export const DEFAULT_RETRY: RetryConfig = {
  onConnFailure: true,
  onEmptyResponse: false,
  onResponseTimeout: false,
  onJunkResponse: false,
  statuses: [],
  nonIdempotent: false,
  budget: { percent: 20, perSecond: 3 },
};
