/**
 * Signals of the process, as actions.
 *
 * May import: nothing.
 *
 * @module
 */

/** What signals ask for; run.ts has the table. */
export interface SignalActions {
  /** `isAtOnce` from the second time on. */
  onStop(isAtOnce: boolean): void;
  onCounters(): void;
  onReopen(): void;
  onReload(): void;
}

/** Begins to listen to signals; returns how to end that. */
export function handleSignals(actions: SignalActions): () => void {
  let stopCount = 0;
  const onStop = () => actions.onStop(stopCount++ > 0);
  const handlers: readonly (readonly [Deno.Signal, () => void])[] = [
    ["SIGTERM", onStop],
    ["SIGINT", onStop],
    ["SIGQUIT", () => actions.onCounters()],
    ["SIGHUP", () => actions.onReload()],
    ["SIGUSR1", () => actions.onReopen()],
  ];
  for (const [signal, handler] of handlers) Deno.addSignalListener(signal, handler);
  return () => {
    for (const [signal, handler] of handlers) Deno.removeSignalListener(signal, handler);
  };
}
