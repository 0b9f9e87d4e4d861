/**
 * What nobody uses: files that nothing imports, exports that no other file names.
 *
 * @module
 */
import type { Module, Project } from "./project.ts";
import type { Exception, Rule, Violation } from "./rule.ts";
import { staleExceptions } from "./rule.ts";
import { child, declaredNames, nameOf, type Place } from "./syntax.ts";

const THIS_FILE = "tests/support/tidy/reach.ts";

/** Where the program, and whatever a task runs, begins. */
const ROOTS = /^(src\/main\.ts|scripts\/.*)$/;

/** Files of src/ that only tests reach, for now. */
const UNREACHED_FILES: readonly Exception[] = [];

/** Exports that no other file uses, for now. */
const UNUSED_EXPORTS: readonly (Exception & { readonly name: string })[] = [];

const files: Rule = {
  name: "every file of src/ is reached from src/main.ts or scripts/",
  reason: "what the program does not run is not tested by running it, and misleads who reads it",
  check: (project) => [
    ...checkFiles(project),
    ...staleExceptions(project, UNREACHED_FILES, THIS_FILE),
  ],
  breaks: [
    { files: { "src/main.ts": "", "src/net/a.ts": "" }, at: ["src/net/a.ts:1"] },
    {
      files: { "src/main.ts": "", "src/net/a.ts": `import "./b.ts";`, "src/net/b.ts": `import "./a.ts";` },
      at: ["src/net/a.ts:1", "src/net/b.ts:1"],
    },
    { files: { "src/net/a.ts": "", "tests/a_test.ts": `import "../src/net/a.ts";` }, at: ["src/net/a.ts:1"] },
  ],
  keeps: [{
    "src/main.ts": `import { a } from "./a.ts";\nnew Worker(new URL("./e.ts", import.meta.url));`,
    "src/a.ts": `export * from "./b.ts";\nawait import("./c.ts");`,
    "src/b.ts": `import type { D } from "./d.ts";`,
    "src/c.ts": "",
    "src/d.ts": "",
    "src/e.ts": "",
    "src/f.ts": "",
    "scripts/g.ts": `import "../src/f.ts";`,
  }],
};

function checkFiles(project: Project): Violation[] {
  const modules = project.modules("src/", "scripts/");
  const reached = new Set(modules.map(({ path }) => path).filter((path) => ROOTS.test(path)));
  // A set yields what is added while it is walked.
  for (const path of reached) {
    const module = project.files.get(path) as Module | undefined;
    for (const { target } of module?.imports ?? []) if (target?.endsWith(".ts")) reached.add(target);
  }
  return modules.filter(({ path }) =>
    !reached.has(path) && !UNREACHED_FILES.some((known) => known.path === path)
  )
    .map(({ path }) => ({ path, line: 1, what: "nothing that runs imports this file" }));
}

const exports: Rule = {
  name: "every export of src/ is used by another file, or is a type in the shape of another export",
  reason:
    "an export is a promise to others; without others it only keeps dead code alive and hides from the linter",
  check: (project) => [
    ...checkExports(project),
    ...staleExceptions(project, UNUSED_EXPORTS, THIS_FILE),
  ],
  breaks: [
    { files: { "src/net/a.ts": "\nexport const A = 1;" }, at: ["src/net/a.ts:2"] },
    {
      files: {
        "src/net/a.ts": "export function a(): void {}\nexport interface B { b: B }\nexport type C = 1;",
        "src/net/b.ts": `import { a, type C } from "./a.ts";`,
      },
      at: ["src/net/a.ts:2"],
    },
    { files: { "src/net/a.ts": "const A = 1;\nexport { A as B };" }, at: ["src/net/a.ts:2"] },
    {
      files: { "src/net/a.ts": "export const A = 1;", "src/net/b.ts": `export { A } from "./a.ts";` },
      at: ["src/net/b.ts:1"],
    },
  ],
  keeps: [{
    "src/net/a.ts": "export class A {}\nexport enum B {}\nexport default 1;",
    "src/net/b.ts": `import type { A } from "./a.ts";\nexport const C = 1;`,
    "src/net/d.ts": "export const D = 1, E = 2;\nexport type F = 1;",
    "tests/unit/a_test.ts":
      `import d, { B } from "../../src/net/a.ts";\nimport { C } from "../../src/net/b.ts";`,
    "src/net/e.ts": "export interface E {}\nexport type F = E[];\nexport class G { constructor(f: F) {} }",
    "src/net/g.ts": `import { G } from "./e.ts";`,
    "scripts/d.ts": `import * as d from "../src/net/d.ts";`,
  }],
};

function checkExports(project: Project): Violation[] {
  const used = new Set<string>();
  for (const { imports } of project.modules("src/", "scripts/", "tests/")) {
    for (const { target, names } of imports) for (const { name } of names) used.add(`${target} ${name}`);
  }
  const isUsed = (path: string, name: string): boolean =>
    used.has(`${path} ${name}`) || used.has(`${path} *`) ||
    UNUSED_EXPORTS.some((known) => known.path === path && known.name === name);
  return project.modules("src/").flatMap((module) =>
    module.exports.filter(({ name, isType }) =>
      !isUsed(module.path, name) && !(isType && isInShape(module.places, name))
    ).map(({ name, at }) => ({
      path: module.path,
      line: module.lineAt(at),
      what: `nobody else uses ${name}`,
    }))
  );
}

/** Whether another export of the same file names the type: whoever uses that one may have to spell it. */
function isInShape(places: readonly Place[], type: string): boolean {
  return places.some((place) => {
    if (place.node.type !== "Identifier" || nameOf(place.node) !== type) return false;
    const around = exportAround(place);
    return around !== "" && around !== type;
  });
}

/** Returns the name of the exported declaration that a node stands in, or "". */
function exportAround(place: Place): string {
  for (let around = place.parent; around !== null; around = around.parent) {
    const declaration = around.node.type === "ExportNamedDeclaration"
      ? child(around.node, "declaration")
      : null;
    if (declaration !== null) return declaredNames(declaration)[0] ?? "";
  }
  return "";
}

export const REACH_RULES: readonly Rule[] = [files, exports];
