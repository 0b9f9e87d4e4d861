/**
 * What things are called, and how a file begins.
 *
 * @module
 */
import type { Module, Project } from "./project.ts";
import type { Rule, Violation } from "./rule.ts";
import { child, rootName } from "./syntax.ts";

const CODE = ["src/", "scripts/", "tests/"] as const;

/** Names that say nothing about what is inside. */
const EMPTY_NAMES = /^(utils?|helpers?|common|manager|misc)$/;
const EMPTY_WORDS =
  /(^|[a-z0-9_$#])(Managers?|Helpers?|Utils?)(?![a-z])|^(managers?|helpers?|utils?)(?![a-z])/;
const EMPTY_WORDS_UPPER = /(^|_)(MANAGERS?|HELPERS?|UTILS?)(_|$)/;

const fileNames: Rule = {
  name: "files and folders of code are called in snake_case",
  reason: "one way to write a name, the same on every file system, so that a path can be guessed",
  check: (project) =>
    project.modules(...CODE).filter(({ path }) =>
      !path.slice(0, -".ts".length).split("/").every((part) => /^[a-z][a-z0-9]*(_[a-z0-9]+)*$/.test(part))
    ).map(({ path }) => ({ path, line: 1, what: "is not snake_case" })),
  breaks: [
    { files: { "src/net/fooBar.ts": "" }, at: ["src/net/fooBar.ts:1"] },
    { files: { "src/net/foo-bar.ts": "" }, at: ["src/net/foo-bar.ts:1"] },
    { files: { "tests/Unit/foo_test.ts": "" }, at: ["tests/Unit/foo_test.ts:1"] },
    { files: { "tests/unit/foo.test.ts": "" }, at: ["tests/unit/foo.test.ts:1"] },
  ],
  keeps: [{ "src/protocol/h1/http_response2.ts": "", "vitest.config.ts": "", "docs/A-b.md": "" }],
};

const junkDrawers: Rule = {
  name: "no file, folder or identifier of src/ is called util, helper, common, manager or misc",
  reason: "such a name has room for everything, so everything ends there; name what it is about",
  check: (project) => [...checkDrawers(project), ...project.modules("src/").flatMap(checkIdentifiers)],
  breaks: [
    { files: { "src/net/utils.ts": "" }, at: ["src/net/utils.ts:1"] },
    { files: { "tests/helpers/a.ts": "" }, at: ["tests/helpers/a.ts:1"] },
    { files: { "docs/misc/a.md": "" }, at: ["docs/misc/a.md:1"] },
    { files: { "src/net/http_common.ts": "" }, at: ["src/net/http_common.ts:1"] },
    { files: { "src/net/a.ts": "\nclass PoolManager {}" }, at: ["src/net/a.ts:2"] },
    { files: { "src/net/a.ts": "class A { #timerHelper = 1; }" }, at: ["src/net/a.ts:1"] },
    { files: { "src/net/a.ts": "const utils = 1;" }, at: ["src/net/a.ts:1"] },
    { files: { "src/net/a.ts": "const NET_UTILS = 1;" }, at: ["src/net/a.ts:1"] },
  ],
  keeps: [
    { "src/net/uncommon.ts": "const utility = 1, managed = helpful; class Utilization {}" },
    { "tests/unit/a_test.ts": "const helper = 1;" },
  ],
};

function checkDrawers(project: Project): Violation[] {
  return [...project.files.keys()].filter((path) =>
    path.split("/").some((part) => part.split(/[._-]/).some((word) => EMPTY_NAMES.test(word.toLowerCase())))
  ).map((path) => ({ path, line: 1, what: "the name says nothing" }));
}

function checkIdentifiers(module: Module): Violation[] {
  const found = new Map<string, Violation>();
  for (const { node } of module.places) {
    if (node.type !== "Identifier" && node.type !== "PrivateIdentifier") continue;
    const name = node.name as string;
    if (found.has(name) || !(EMPTY_WORDS.test(name) || EMPTY_WORDS_UPPER.test(name))) continue;
    found.set(name, { path: module.path, line: module.lineAt(node.start), what: `"${name}" says nothing` });
  }
  return [...found.values()];
}

const testNames: Rule = {
  name: "tests are in tests/, in files called *_test.ts",
  reason: "vitest runs only these (vitest.config.ts): a test in another file would pass by never being run",
  check: (project) =>
    project.modules(...CODE).flatMap((module) => {
      const isTest = module.path.startsWith("tests/") && module.path.endsWith("_test.ts");
      if (isTest) return [];
      if (module.path.endsWith("_test.ts")) {
        return [{ path: module.path, line: 1, what: "a test outside tests/" }];
      }
      return suitesAtLoad(module);
    }),
  breaks: [
    { files: { "src/net/a_test.ts": "" }, at: ["src/net/a_test.ts:1"] },
    {
      files: { "tests/unit/a.ts": `\ndescribe("a", () => { it("b", () => {}); });` },
      at: ["tests/unit/a.ts:2"],
    },
    { files: { "tests/unit/a.ts": `it.each([1])("b", () => {});` }, at: ["tests/unit/a.ts:1"] },
  ],
  keeps: [
    { "tests/unit/a_test.ts": `describe("a", () => {});` },
    { "tests/contract/a_contract.ts": `export function testA() { describe("a", () => {}); }` },
  ],
};

function suitesAtLoad(module: Module): Violation[] {
  return module.places.filter(({ node, parent }) =>
    node.type === "ExpressionStatement" && parent?.node.type === "Program" &&
    ["describe", "it", "test"].includes(rootName(child(node, "expression")))
  ).map(({ node }) => ({
    path: module.path,
    line: module.lineAt(node.start),
    what: "tests in a file that vitest does not run",
  }));
}

const headers: Rule = {
  name:
    "a file of src/ and scripts/ begins with a header: /** … @module */, in src/ with a line May import: …",
  reason: "the header says what the file is for and how far it reaches, before any code does",
  check: (project) => project.modules("src/", "scripts/").flatMap(checkHeader),
  breaks: [
    { files: { "src/net/a.ts": "const a = 1;" }, at: ["src/net/a.ts:1"] },
    { files: { "scripts/a.ts": "const a = 1;\n/** A. @module */" }, at: ["scripts/a.ts:1"] },
    { files: { "src/net/a.ts": "/** A.\n * May import: base.\n */\nconst a = 1;" }, at: ["src/net/a.ts:1"] },
    { files: { "src/net/a.ts": "/** A. @module */\n// May import: base." }, at: ["src/net/a.ts:1"] },
    { files: { "src/net/a.ts": "/** May import: base. @module */" }, at: ["src/net/a.ts:1"] },
  ],
  keeps: [{
    "src/net/a.ts": "/**\n * A.\n *\n * May import: base.\n *\n * @module\n */\n",
    "scripts/a.ts": "/** A. @module */",
    "tests/unit/a_test.ts": "",
  }],
};

function checkHeader({ path, text }: Module): Violation[] {
  const header = /^\/\*\*[\s\S]*?\*\//.exec(text)?.[0] ?? "";
  const violation = (what: string): Violation[] => [{ path, line: 1, what }];
  if (!header.includes("@module")) return violation("no header with @module");
  if (!path.startsWith("src/")) return [];
  if (!/May import: [^.]+\./.test(header)) {
    return violation("the header does not say what the file may import");
  }
  if (/^\/\*\*[\s*]*(May import|@module)/.test(header)) {
    return violation("the header does not say what the file is");
  }
  return [];
}

export const NAME_RULES: readonly Rule[] = [fileNames, junkDrawers, testNames, headers];
