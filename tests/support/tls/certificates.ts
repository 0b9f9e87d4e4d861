/**
 * The certificates of tests/fixtures/tls.
 *
 * @module
 */
const FOLDER = new URL("../../fixtures/tls/", import.meta.url).pathname;

/** Where a file is. */
export function tlsFile(name: string): string {
  return `${FOLDER}${name}`;
}

/** What is in it. */
export function tlsText(name: string): string {
  return Deno.readTextFileSync(tlsFile(name));
}
