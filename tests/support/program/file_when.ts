/**
 * Waits for what the program writes into a file.
 *
 * @module
 */

/** Waits until a file has this content. */
export async function fileWhen(path: string, content: string): Promise<void> {
  const untilMs = performance.now() + 10_000;
  for (;;) {
    const found = await Deno.readTextFile(path).catch(() => null);
    if (found === content) return;
    if (performance.now() > untilMs) throw new Error(`${path} has ${JSON.stringify(found)}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
