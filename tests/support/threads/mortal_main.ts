/**
 * hadro from source whose threads die when told to: by a file with a thread's name (`hadro-1`) in the folder MORTAL_ORDERS.
 *
 * @module
 */
import "../../../src/main.ts"; // in the main isolate it never comes to its end

const LOOK_MS = 5;
const file = `${Deno.env.get("MORTAL_ORDERS")}/${(globalThis as unknown as { name: string }).name}`;

setInterval(() => {
  try {
    Deno.removeSync(file);
  } catch {
    return; // no such order
  }
  Error.stackTraceLimit = 0;
  throw new Error("told to die");
}, LOOK_MS);
