/**
 * Which file may import which: layers, packages, what a header allows.
 *
 * @module
 */
import type { Module } from "./project.ts";
import type { Exception, Rule, Violation } from "./rule.ts";
import { staleExceptions } from "./rule.ts";
import type { Import } from "./syntax.ts";

/** The folders of src/, from the lowest layer: each imports itself and those before it. */
const LAYERS = [
  "base",
  "config",
  "sys",
  "event",
  "buffer",
  "net",
  "protocol",
  "mux",
  "proxy",
  "observe",
  "cli",
] as const;

/** Where only some of the lower layers are allowed. */
const NARROWER: Readonly<Record<string, readonly string[]>> = {
  protocol: ["base", "buffer", "protocol"],
  "main.ts": ["cli"],
};

/** One import across the layers that has to be, and why. */
interface LayerException extends Exception {
  readonly target: string;
}

const LAYER_EXCEPTIONS: readonly LayerException[] = [
  {
    path: "src/cli/version.ts",
    target: "deno.json",
    why: "the version is written once, and the bundler takes it in",
  },
];

/** Where npm packages may be imported; Node's modules (`node:`) may be in every layer that is not pure. */
const PACKAGE_LAYERS: readonly string[] = ["cli"];
const PURE_LAYERS: readonly string[] = ["base", "buffer", "protocol", "mux"];

function layerOf(path: string): string {
  return path.startsWith("src/") ? path.split("/")[1]! : "";
}

function allowedLayers(layer: string): readonly string[] {
  const index = (LAYERS as readonly string[]).indexOf(layer);
  return NARROWER[layer] ?? LAYERS.slice(0, index + 1);
}

function at(module: Module, one: Import, what: string): Violation {
  return { path: module.path, line: module.lineAt(one.at), what };
}

const layers: Rule = {
  name: "a folder of src/ imports only folders above it in the list of layers",
  reason: "a layer that knows nothing of those above it can be read, tested and replaced alone; " +
    "protocol stays bytes in, bytes out, so that it can be fuzzed without a loop",
  check: (project) => [
    ...project.modules("src/").flatMap(checkLayers),
    ...staleExceptions(project, LAYER_EXCEPTIONS, "tests/support/tidy/layers.ts"),
  ],
  breaks: [
    { files: { "src/event/a.ts": `\nimport { b } from "../proxy/b.ts";` }, at: ["src/event/a.ts:2"] },
    { files: { "src/base/a.ts": `import type { B } from "../event/b.ts";` }, at: ["src/base/a.ts:1"] },
    { files: { "src/base/a.ts": `let b: import("../event/b.ts").B;` }, at: ["src/base/a.ts:1"] },
    {
      files: { "src/protocol/h1/a.ts": `import { b } from "../../event/b.ts";` },
      at: ["src/protocol/h1/a.ts:1"],
    },
    { files: { "src/mux/a.ts": `export * from "../proxy/b.ts";` }, at: ["src/mux/a.ts:1"] },
    { files: { "src/main.ts": `import { b } from "./proxy/b.ts";` }, at: ["src/main.ts:1"] },
    { files: { "src/cli/a.ts": `await import("../../scripts/b.ts");` }, at: ["src/cli/a.ts:1"] },
    { files: { "src/extra/a.ts": "" }, at: ["src/extra/a.ts:1"] },
  ],
  keeps: [
    { "src/proxy/a.ts": `import { b } from "../event/b.ts";\nimport { c } from "./balance/c.ts";` },
    { "src/protocol/h1/a.ts": `import { b } from "../http/b.ts";\nimport { c } from "../../buffer/c.ts";` },
    { "src/cli/version.ts": `import project from "../../deno.json" with { type: "json" };` },
  ],
};

function checkLayers(module: Module): Violation[] {
  const layer = layerOf(module.path);
  const allowed = allowedLayers(layer);
  if (allowed.length === 0) return [{ path: module.path, line: 1, what: `src/${layer} is no layer` }];
  return module.imports.filter(({ target }) =>
    target !== null && !allowed.includes(layerOf(target)) &&
    !LAYER_EXCEPTIONS.some((exception) => exception.path === module.path && exception.target === target)
  ).map((one) => at(module, one, `${layer} may not import ${one.target}`));
}

const packages: Rule = {
  name: "packages are imported by cli only, and pure layers import nothing from outside",
  reason:
    "what runs per event must be ours to measure, and base, buffer, protocol and mux must run in a simulation",
  check: (project) =>
    project.modules("src/").flatMap((module) =>
      module.imports.filter(({ specifier, target }) =>
        target === null && !mayImportPackage(module, specifier)
      )
        .map((one) => at(module, one, `${layerOf(module.path)} may not import ${one.specifier}`))
    ),
  breaks: [
    { files: { "src/net/a.ts": `import { Command } from "commander";` }, at: ["src/net/a.ts:1"] },
    { files: { "src/mux/a.ts": `import { isIP } from "node:net";` }, at: ["src/mux/a.ts:1"] },
    { files: { "src/cli/a.ts": `import { join } from "https://x.test/mod.ts";` }, at: ["src/cli/a.ts:1"] },
  ],
  keeps: [{
    "src/cli/a.ts": `import { Command } from "commander";`,
    "src/net/a.ts": `import { lookup } from "node:dns";`,
  }],
};

function mayImportPackage(module: Module, specifier: string): boolean {
  const layer = layerOf(module.path);
  if (specifier.startsWith("node:")) return !PURE_LAYERS.includes(layer);
  return PACKAGE_LAYERS.includes(layer) && !/^(https?|jsr|npm|file|data):|^\//.test(specifier);
}

const headers: Rule = {
  name: "a file of src/ imports only its own folder and what its header allows (May import: …)",
  reason:
    "the header is what a reader trusts about a file's reach; a new dependency should be written down on purpose",
  check: (project) => project.modules("src/").flatMap(checkHeader),
  breaks: [
    {
      files: { "src/net/a.ts": `/** May import: event. @module */\nimport { b } from "../base/b.ts";` },
      at: ["src/net/a.ts:2"],
    },
    {
      files: { "src/mux/a.ts": `/** May import: mux/b. @module */\nimport { b } from "../event/b.ts";` },
      at: ["src/mux/a.ts:2"],
    },
    {
      files: { "src/net/a.ts": `/** May import: nothing. */\nimport { b } from "./b.ts";` },
      at: ["src/net/a.ts:2"],
    },
    { files: { "src/net/a.ts": `/** May import: nett. */` }, at: ["src/net/a.ts:1"] },
  ],
  keeps: [
    { "src/net/a.ts": `/**\n * May import: base,\n * event. Fast.\n */\nimport { b } from "../base/b.ts";` },
    {
      "src/mux/a.ts":
        `/** May import: event. */\nimport { b } from "./b.ts";\nimport { c } from "../event/c.ts";`,
    },
    {
      "src/cli/a.ts": `/** May import: everything but other commands. */\nimport { b } from "../base/b.ts";`,
    },
  ],
};

function checkHeader(module: Module): Violation[] {
  const header = /^\/\*\*[\s\S]*?\*\//.exec(module.text)?.[0].replaceAll(/\n \* ?/g, " ") ?? "";
  const text = /May import: ([^.]*)\./.exec(header)?.[1]?.trim();
  if (text === undefined || text.startsWith("everything")) return []; // a header without the line: another rule
  const allowed = text === "nothing" ? [] : text.split(/,\s*/).map((folder) => `src/${folder}`);
  const unknown = allowed.filter((folder) => !(LAYERS as readonly string[]).includes(layerOf(folder)));
  const found = unknown.map((folder) => ({
    path: module.path,
    line: 1,
    what: `the header allows ${folder.slice(4)}, which is no layer`,
  }));
  if (text !== "nothing") allowed.push(module.path.slice(0, module.path.lastIndexOf("/")));
  const beyond = module.imports.filter(({ target }) =>
    target !== null && target.startsWith("src/") &&
    !allowed.some((folder) => target.startsWith(`${folder}/`) || target === `${folder}.ts`)
  );
  return [...found, ...beyond.map((one) => at(module, one, `the header does not allow ${one.target}`))];
}

export const LAYER_RULES: readonly Rule[] = [layers, packages, headers];
