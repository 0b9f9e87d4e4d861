/**
 * Whether the documents and the tasks speak of what exists.
 *
 * @module
 */
import { posix } from "node:path";
import { FLAGS } from "../../../src/config/catalogue.ts";
import type { Project, TextFile } from "./project.ts";
import type { Rule, Violation } from "./rule.ts";

const OPTIONS = "docs/reference/options.md";

function documents(project: Project): TextFile[] {
  return [...project.files.values()].filter(({ path }) => path.endsWith(".md"));
}

const links: Rule = {
  name: "every relative link of a document points at a file, and at a heading that it has",
  reason: "a dead link is the first thing that a newcomer meets",
  check: (project) => documents(project).flatMap((document) => checkLinks(project, document)),
  breaks: [
    { files: { "docs/a.md": "\n[b](b.md)" }, at: ["docs/a.md:2"] },
    { files: { "docs/a.md": "![b](../b.png) [c](<d e.md>)" }, at: ["docs/a.md:1", "docs/a.md:1"] },
    { files: { "docs/a.md": "[b]: b.md" }, at: ["docs/a.md:1"] },
    {
      files: { "docs/a.md": "# A b\n[c](#a) [d](b.md#e)", "docs/b.md": "# F" },
      at: ["docs/a.md:2", "docs/a.md:2"],
    },
  ],
  keeps: [{
    "README.md":
      "[a](docs/a.md#the-b-of-c) [docs](docs) [b](https://b.test) `[c](d)`\n```\n[e](f)\n```\n[g](#h)\n## H",
    "docs/a.md": "## The `b` of C!\n[up](../README.md)",
  }],
};

function checkLinks(project: Project, document: TextFile): Violation[] {
  const found: Violation[] = [];
  for (const [line, text] of proseLines(document)) {
    const targets = [...text.matchAll(/\]\((?:<([^>]+)>|([^)\s]+))[^)]*\)|^\[[^\]]+\]:\s*(\S+)/g)];
    for (const [, quoted, plain, defined] of targets) {
      const link = quoted ?? plain ?? defined ?? "";
      if (/^[a-z][a-z0-9+.-]*:/i.test(link)) continue;
      const [file = "", heading = ""] = decodeURIComponent(link).split("#");
      const path = file === ""
        ? document.path
        : posix.join(posix.dirname(document.path), file).replace(/\/$/, "");
      if (!project.has(path)) found.push({ path: document.path, line, what: `no such file: ${link}` });
      else if (heading !== "" && !hasHeading(project.files.get(path), heading)) {
        found.push({ path: document.path, line, what: `no such heading: ${link}` });
      }
    }
  }
  return found;
}

/** Returns the lines outside of code blocks, with their numbers, without what is quoted as code. */
function proseLines({ lines }: TextFile): [number, string][] {
  const prose: [number, string][] = [];
  let isCode = false;
  for (const [index, line] of lines.entries()) {
    if (/^\s*(```|~~~)/.test(line)) isCode = !isCode;
    else if (!isCode) prose.push([index + 1, line.replaceAll(/`[^`]*`/g, "")]);
  }
  return prose;
}

function hasHeading(file: TextFile | undefined, heading: string): boolean {
  if (file === undefined || !file.path.endsWith(".md")) return false;
  return file.lines.some((line) => /^#+ /.test(line) && slug(line) === heading.toLowerCase());
}

/** As GitHub makes anchors of headings. */
function slug(line: string): string {
  return line.replace(/^#+ /, "").trim().toLowerCase().replaceAll(/[^\p{L}\p{N} _-]/gu, "").replaceAll(
    " ",
    "-",
  );
}

const options: Rule = {
  name: `every flag of the catalogue is in ${OPTIONS}`,
  reason: "a flag that is not in the reference does not exist for those who use it (deno task gen writes it)",
  check: (project) => {
    const text = project.files.get(OPTIONS)?.text;
    if (text === undefined) return [{ path: OPTIONS, line: 1, what: "is missing" }];
    return FLAGS.filter(({ name }) => !new RegExp(`\`[^\`]*--${name}\\b(?!-)`).test(text))
      .map(({ name }) => ({ path: OPTIONS, line: 1, what: `--${name} is missing` }));
  },
  breaks: [
    { files: {}, at: [`${OPTIONS}:1`] },
    {
      files: { [OPTIONS]: FLAGS.slice(1).map(({ name }) => `\`--${name}-not\` \`--${name} x\``).join("\n") },
      at: [`${OPTIONS}:1`],
    },
  ],
  keeps: [{ [OPTIONS]: FLAGS.map(({ name }) => `\`-x\`, \`--${name} value\``).join("\n") }],
};

const decisions: Rule = {
  name: "a note in docs/decisions is called YYYY-MM-DD-what-was-decided.md and begins with a title",
  reason: "notes are read in the order in which they were decided, and found by what they decide",
  check: (project) =>
    documents(project).filter(({ path }) => path.startsWith("docs/decisions/")).flatMap(checkDecision),
  breaks: [
    { files: { "docs/decisions/commander.md": "# Commander" }, at: ["docs/decisions/commander.md:1"] },
    { files: { "docs/decisions/2026-13-01-a.md": "# A" }, at: ["docs/decisions/2026-13-01-a.md:1"] },
    { files: { "docs/decisions/2026-02-30-a.md": "# A" }, at: ["docs/decisions/2026-02-30-a.md:1"] },
    { files: { "docs/decisions/2026-01-01-A_b.md": "# A" }, at: ["docs/decisions/2026-01-01-A_b.md:1"] },
    { files: { "docs/decisions/2026-01-01-a.md": "A" }, at: ["docs/decisions/2026-01-01-a.md:1"] },
  ],
  keeps: [{ "docs/decisions/2026-02-28-a-b2.md": "# A b2\n", "docs/decisions/README.md": "# Decisions" }],
};

function checkDecision({ path, text }: TextFile): Violation[] {
  const name = posix.basename(path);
  if (name === "README.md") return [];
  const date = /^(\d{4}-\d\d-\d\d)(-[a-z0-9]+)+\.md$/.exec(name)?.[1];
  const time = Date.parse(`${date}T00:00:00Z`);
  if (date === undefined || Number.isNaN(time) || !new Date(time).toISOString().startsWith(date)) {
    return [{ path, line: 1, what: "is not called YYYY-MM-DD-what-was-decided.md" }];
  }
  return text.startsWith("# ") ? [] : [{ path, line: 1, what: "does not begin with a title" }];
}

const tasks: Rule = {
  name: "every task of deno.json runs files and folders that exist, and says what it is for",
  reason: "the list of tasks is where a contributor begins; a task that fails at once sends them away",
  check: checkTasks,
  breaks: [
    {
      files: {
        "deno.json":
          `{ "tasks": {\n  "a": { "description": "A", "command": "deno run -A scripts/a.ts" }\n} }`,
      },
      at: ["deno.json:2"],
    },
    {
      files: {
        "deno.json":
          `{ "tasks": {\n"b": { "description": "B", "command": "vitest run tests/b --x=src/c.ts" }} }`,
      },
      at: ["deno.json:2", "deno.json:2"],
    },
    { files: { "deno.json": `{ "tasks": { "a": "deno fmt" } }` }, at: ["deno.json:1"] },
  ],
  keeps: [{
    "deno.json":
      `{ "tasks": { "a": { "description": "A", "command": "deno run -A scripts/a.ts && vitest run tests/b" } } }`,
    "scripts/a.ts": "",
    "tests/b/c_test.ts": "",
  }],
};

type Task = string | { readonly description?: string; readonly command?: string };

function checkTasks(project: Project): Violation[] {
  const file = project.files.get("deno.json");
  if (file === undefined) return [];
  const { tasks = {} } = JSON.parse(file.text) as { readonly tasks?: Readonly<Record<string, Task>> };
  return Object.entries(tasks).flatMap(([name, task]) => {
    const line = Math.max(file.lines.findIndex((text) => text.includes(`"${name}":`)), 0) + 1;
    const { description, command = "" } = typeof task === "string" ? { command: task } : task;
    const found = [...command.matchAll(/(?<=^|[\s=])(?:\.\/)?((?:src|scripts|tests)(?:\/[\w./-]+)?)/g)]
      .filter(([, path]) => !project.has(path!))
      .map(([, path]) => ({
        path: file.path,
        line,
        what: `task ${name} runs ${path}, which does not exist`,
      }));
    if (description === undefined) {
      found.push({ path: file.path, line, what: `task ${name} has no description` });
    }
    return found;
  });
}

export const DOC_RULES: readonly Rule[] = [links, options, decisions, tasks];
