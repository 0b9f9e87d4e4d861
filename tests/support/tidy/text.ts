/**
 * What may not stand in any text file: machine paths, registry hosts, notes to oneself, silenced checks without a reason.
 *
 * @module
 */
import type { Project, TextFile } from "./project.ts";
import type { Rule, Violation } from "./rule.ts";
import type { Place } from "./syntax.ts";
import { child, nameOf, rootName } from "./syntax.ts";

/** Joins a word from parts, so that this file does not break its own rules. */
function word(...parts: string[]): string {
  return parts.join("");
}

function matches(file: TextFile, pattern: RegExp, what: (match: string) => string): Violation[] {
  return file.lines.flatMap((line, index) => {
    const match = pattern.exec(line)?.[0];
    return match === undefined ? [] : [{ path: file.path, line: index + 1, what: what(match) }];
  });
}

const MACHINE_PATHS = new RegExp(
  `(?<![\\w.~$}-])/(${word("wo", "rk/|ro", "ot/|tmp/pro", "to")})`,
);
const REGISTRIES = new RegExp([
  "registry\\.[a-z0-9-]+\\.(org|com|net|io)",
  word("js", "r\\.io"),
  word("npm", "mirror"),
  "\\b(npm|registry|nexus|artifactory|verdaccio)\\.[a-z0-9-]+\\.[a-z]{2,}",
  '\\b(artifactory|nexus|verdaccio)\\b[^\\s"]*/',
  word("_auth", "Token"),
].join("|"));

const machines: Rule = {
  name: "no text file names a machine's paths or a package registry",
  reason: "the project must build wherever it is checked out, from whichever registry the client is set to",
  check: (project) =>
    [...project.files.values()].flatMap((file) => [
      ...matches(file, MACHINE_PATHS, (path) => `a machine's path, ${path}`),
      ...matches(file, REGISTRIES, (host) => `a registry, ${host}`),
      ...(file.path === "deno.lock" ? matches(file, /https?:\/\/[^"]*/, (url) => `an address, ${url}`) : []),
    ]),
  breaks: [
    { files: { "README.md": `a\nsee ${word("/wo", "rk/")}main` }, at: ["README.md:2"] },
    { files: { "scripts/a.ts": `const A = "${word("/ro", "ot/")}x";` }, at: ["scripts/a.ts:1"] },
    { files: { "a.sh": `cd ${word("/tmp/pro", "to")}1` }, at: ["a.sh:1"] },
    { files: { "deno.lock": `{ "tarball": "${word("https://cdn", ".test/x.tgz")}" }` }, at: ["deno.lock:1"] },
    { files: { ".npmrc": `${word("regis", "try.npmjs.org")}` }, at: [".npmrc:1"] },
    { files: { "deno.json": `"${word("js", "r.io")}"` }, at: ["deno.json:1"] },
    { files: { "deno.json": `"${word("npm.", "corp.test")}"` }, at: ["deno.json:1"] },
  ],
  keeps: [{
    "README.md": `the IANA registry; ${
      word("src/wo", "rk/a")
    }; /home/a; https://app.test/root; npm.org is not written`,
  }],
};

const notes: Rule = {
  name: `no ${word("TO", "DO")}, ${word("FIX", "ME")} or ${word("XX", "X")} in any text file`,
  reason: "a note in the code is read by nobody who can act on it: do it now, or open an issue",
  check: (project) =>
    [...project.files.values()].filter(({ path }) => path !== "deno.lock").flatMap((file) =>
      matches(
        file,
        new RegExp(`\\b(${word("TO", "DO")}|${word("FIX", "ME")}|${word("XX", "X")})\\b`),
        (found) => found,
      )
    ),
  breaks: [
    { files: { "src/net/a.ts": `a;\n// ${word("TO", "DO")}: b` }, at: ["src/net/a.ts:2"] },
    { files: { "docs/a.md": `${word("FIX", "ME")}` }, at: ["docs/a.md:1"] },
    { files: { "a.sh": `# ${word("XX", "X")} later` }, at: ["a.sh:1"] },
  ],
  keeps: [{ "a.sh": "mktemp -d new.XXXXXX", "src/net/a.ts": "// todos are fine" }],
};

const silenced: Rule = {
  name: "a check is silenced with its reason: // deno-lint-ignore rule -- reason",
  reason: "without the reason nobody dares to remove the line, and nobody knows when it may go",
  check: (project) =>
    project.modules("").flatMap((module) => [
      ...matches(
        module,
        new RegExp(
          `//\\s*${
            word("deno", "-lint-ignore")
          }(-file)?\\b(?!\\s+[a-z][\\w-]*(?:[ ,]+[a-z][\\w-]*)*\\s+--\\s+\\S)`,
        ),
        () => "a lint rule ignored without a reason (or without the rule's name)",
      ),
      ...matches(
        module,
        new RegExp(`${word("@ts", "-")}(ignore|nocheck|expect-error)\\b(?!\\s+--\\s+\\S)`),
        () => "a type error hidden without a reason",
      ),
    ]),
  breaks: [
    { files: { "src/net/a.ts": `\n// ${word("deno", "-lint-ignore")} no-console` }, at: ["src/net/a.ts:2"] },
    { files: { "tests/a.ts": `// ${word("deno", "-lint-ignore")} no-console --` }, at: ["tests/a.ts:1"] },
    { files: { "tests/a.ts": `// ${word("deno", "-lint-ignore-file")}` }, at: ["tests/a.ts:1"] },
    { files: { "tests/a.ts": `// ${word("deno", "-lint-ignore")} -- because` }, at: ["tests/a.ts:1"] },
    { files: { "tests/a.ts": `// ${word("@ts", "-expect-error")}` }, at: ["tests/a.ts:1"] },
  ],
  keeps: [{
    "src/net/a.ts": `// ${
      word("deno", "-lint-ignore")
    } no-console no-any -- the report is this script's output`,
    "tests/a.ts": `// ${word("@ts", "-expect-error")} -- the wrong type is what is tested`,
  }],
};

const anyTypes: Rule = {
  name: "nothing is of type any; outside of tests, not even what JSON.parse returns",
  reason: "any switches the compiler off for all that it touches; unknown asks to be looked at first",
  check: (project: Project) =>
    project.modules("src/", "scripts/", "tests/").flatMap((module) =>
      module.places.filter((place) =>
        place.node.type === "TSAnyKeyword" || (!module.path.startsWith("tests/") && isUntypedJson(place))
      ).map(({ node }) => ({
        path: module.path,
        line: module.lineAt(node.start),
        what: node.type === "TSAnyKeyword" ? "any" : "parsed JSON without a type",
      }))
    ),
  breaks: [
    { files: { "tests/a.ts": "// … 😀\nlet a: any;\nb as any;" }, at: ["tests/a.ts:2", "tests/a.ts:3"] },
    { files: { "src/net/a.ts": "const a = JSON.parse(b);" }, at: ["src/net/a.ts:1"] },
    { files: { "src/net/a.ts": "JSON.parse(b).c;" }, at: ["src/net/a.ts:1"] },
    { files: { "scripts/a.ts": "const a = await response.json();" }, at: ["scripts/a.ts:1"] },
  ],
  keeps: [{
    "src/net/a.ts": "const a: unknown = JSON.parse(b);\nconst c = JSON.parse(d) as E;\nJSON.parse(f);",
    "scripts/a.ts":
      "const a = await response.json() as B;\nfunction c(): D { return JSON.parse(e); }\nf(() => JSON.parse(g));",
    "tests/a.ts": "const a = JSON.parse(b);",
  }],
};

/** A parse whose result lands where nothing gives it a type: an unannotated variable, or a member taken at once. */
function isUntypedJson({ node, parent }: Place): boolean {
  if (node.type !== "CallExpression") return false;
  const callee = child(node, "callee");
  if (callee?.type !== "MemberExpression") return false;
  const method = nameOf(child(callee, "property"));
  const isJson = (rootName(callee) === "JSON" && method === "parse") || method === "json";
  if (!isJson) return false;
  const holder = parent?.node.type === "AwaitExpression" ? parent.parent : parent;
  if (holder?.node.type === "MemberExpression") return true;
  if (holder?.node.type !== "VariableDeclarator") return false;
  const id = child(holder.node, "id");
  return id !== null && child(id, "typeAnnotation") === null;
}

export const TEXT_RULES: readonly Rule[] = [machines, notes, silenced, anyTypes];
