/** The help texts: every flag is in them, and every example works. @module */
import { describe, expect, it } from "vitest";
import { flagUsage, fullHelp, shortHelp } from "../../../src/cli/help.ts";
import { VERSION } from "../../../src/cli/version.ts";
import { FLAGS, SECTIONS } from "../../../src/config/catalogue.ts";
import { configOf } from "../../support/config/written.ts";

function usageOf(name: string): string {
  return flagUsage(FLAGS.find((flag) => flag.name === name)!);
}

/** The line of the full help that describes a flag. */
function lineOf(name: string): string {
  return fullHelp().split("\n").find((line) => new RegExp(`^ .* --${name}( |$)`).test(line))!;
}

const examples = fullHelp().split("Examples:\n")[1]!.trim().split("\n").map((line) => line.trim());

describe("flagUsage", () => {
  it("aligns flags with and without a letter, and shows what a value is", () => {
    expect(usageOf("listen")).toBe("-l, --listen <listen>");
    expect(usageOf("backend")).toBe("-b, --backend <backend…>");
    expect(usageOf("lb")).toBe("    --lb <algorithm>");
    expect(usageOf("dry-run")).toBe("    --dry-run");
  });
});

describe("shortHelp", () => {
  it("fits a screen, begins with the usage and points at the full help", () => {
    const lines = shortHelp().split("\n");
    expect(lines.length).toBeLessThan(10);
    expect(lines[0]).toMatch(/^Usage: hadro /);
    expect(lines.at(-1)).toBe("");
    expect(shortHelp()).toContain("hadro --help");
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(100);
  });
});

describe("fullHelp", () => {
  it("begins with the version, and ends with one line end", () => {
    expect(fullHelp()).toMatch(new RegExp(`^hadro ${VERSION.replaceAll(".", "\\.")}: `));
    expect(fullHelp()).toMatch(/[^\n]\n$/);
  });
  it("holds the short help", () => expect(fullHelp()).toContain(shortHelp()));

  it.each(FLAGS.map((flag) => [flag.name, flag] as const))(
    "describes --%s once, with its default",
    (name, flag) => {
      expect(fullHelp().split("\n").filter((line) => line.startsWith(`  ${flagUsage(flag)} `))).toHaveLength(
        1,
      );
      expect(lineOf(name)).toContain(flag.text);
      expect(lineOf(name).endsWith(`(default ${flag.default ?? ""})`)).toBe(flag.default !== undefined);
      for (const choice of flag.choices ?? []) expect(lineOf(name)).toContain(choice);
    },
  );
  it("shows the flags by section, in order", () => {
    const headings = fullHelp().split("\n").filter((line) => /^[A-Z][a-z]+:$/.test(line));
    expect(headings).toEqual([...SECTIONS.map((section) => `${section}:`), "Environment:", "Examples:"]);
    const begins = (name: string) => fullHelp().indexOf(`\n${lineOf(name)}`);
    for (const flag of FLAGS) {
      expect(begins(flag.name)).toBeGreaterThan(fullHelp().indexOf(`\n${flag.section}:`));
    }
  });
  it("describes a choice, a value and a switch like this", () => {
    expect(lineOf("log-full")).toBe(
      "      --log-full <mode>              When its reader stalls: drop lines and count them, or block traffic. drop, block. (default drop)",
    );
    expect(lineOf("trust")).toBe(
      "      --trust <cidr>                 Believe X-Forwarded-*, and PROXY protocol headers (key proxy), from these addresses.",
    );
    expect(lineOf("dry-run")).toBe("      --dry-run                      Print what would run, and exit.");
  });
});

describe("examples", () => {
  it.each(examples.filter((line) => !/^hadro (demo|explain)/.test(line)))("%s works", (line) => {
    expect(() => configOf(line)).not.toThrow();
  });
  it("need no quotes in bash, dash, zsh and fish", () => {
    expect(examples.length).toBeGreaterThan(4);
    for (const line of examples) expect(line).toMatch(/^hadro [\w .,:/=-]+$/);
  });
});
