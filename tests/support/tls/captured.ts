/**
 * Reads tests/fixtures/sni/client_hellos.md: a title, a block of bytes in hexadecimal, and what the hello says.
 *
 * @module
 */

/** One captured hello. */
export interface CapturedHello {
  readonly title: string;
  readonly bytes: Uint8Array;
  /** "" for none. */
  readonly serverName: string;
  readonly protocols: readonly string[];
}

const FILE = new URL("../../fixtures/sni/client_hellos.md", import.meta.url);

/** Returns the hellos of the file. @throws {Error} for a section that lacks a part. */
export function readCapturedHellos(): CapturedHello[] {
  return Deno.readTextFileSync(FILE).split(/^## /m).slice(1).map((section) => {
    const title = section.slice(0, section.indexOf("\n"));
    const hex = /^```text\n([0-9a-f\n]+)```$/m.exec(section)?.[1].replaceAll("\n", "");
    const name = /^- name: (\S+)$/m.exec(section)?.[1];
    const protocols = /^- protocols: (.+)$/m.exec(section)?.[1];
    if (hex === undefined || name === undefined || protocols === undefined) {
      throw new Error(`Section "${title}" lacks bytes, name or protocols`);
    }
    return {
      title,
      bytes: Uint8Array.from(hex.match(/../g)!, (byte) => parseInt(byte, 16)),
      serverName: name === "-" ? "" : name,
      protocols: protocols === "-" ? [] : protocols.split(" "),
    };
  });
}

/** The captured hello with this title. @throws {Error} when there is none. */
export function capturedHello(title: string): Uint8Array {
  const found = readCapturedHellos().find((hello) => hello.title === title);
  if (found === undefined) throw new Error(`No captured hello "${title}"`);
  return found.bytes;
}
