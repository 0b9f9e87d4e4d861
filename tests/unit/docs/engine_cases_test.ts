/** docs/engine_cases.md: every id of the engine's history is there, and every test that it names exists. @module */
import { describe, expect, it } from "vitest";

const ROOT = `${import.meta.dirname}/../../..`;

/** How many of each there are. */
const COUNTS: Readonly<Record<string, number>> = {
  "I": 19,
  "rule B": 11,
  "A": 13,
  "B": 18,
  "C": 19,
  "D": 18,
  "S": 14,
};

interface Row {
  readonly id: string;
  readonly proof: string;
}

function readRows(): Row[] {
  const text = Deno.readTextFileSync(`${ROOT}/docs/engine_cases.md`);
  return [...text.matchAll(/^\| +((?:rule )?[A-Z]\d+) +\|[^|]*\| +(.*?) +\|$/gm)].map(([, id, proof]) => ({
    id,
    proof,
  }));
}

/** The tests that a row names, as file and name. */
function testsOf({ proof }: Row): { readonly file: string; readonly name: string }[] {
  return proof.split("<br>").flatMap((part) => {
    const match = /^`(\S+)` › (.+)$/.exec(part);
    return match === null ? [] : [{ file: match[1], name: match[2] }];
  });
}

describe("the table of the engine's cases", () => {
  const rows = readRows();

  it("has every id once, in order", () => {
    const expected = Object.entries(COUNTS).flatMap(([group, count]) =>
      Array.from({ length: count }, (_, i) => `${group}${i + 1}`)
    );
    expect(rows.map(({ id }) => id)).toEqual(expected);
  });

  it("has a test or a reason for each", () => {
    for (const row of rows) {
      const isExcused = /^Does not apply: \S.*\.$/.test(row.proof);
      expect(isExcused || testsOf(row).length > 0, `${row.id}: ${row.proof}`).toBe(true);
    }
  });

  it("names tests that exist", () => {
    const missing = rows.flatMap((row) =>
      testsOf(row).filter(({ file, name }) => !hasTest(file, name)).map(({ file, name }) =>
        `${row.id}: ${file} › ${name}`
      )
    );
    expect(missing).toEqual([]);
  });
});

function hasTest(file: string, name: string): boolean {
  try {
    return Deno.readTextFileSync(`${ROOT}/${file}`).includes(`"${name}"`);
  } catch {
    return false;
  }
}
