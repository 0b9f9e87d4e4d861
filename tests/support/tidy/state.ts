/**
 * Where state lives, and where the platform, promises and the console may be touched.
 *
 * @module
 */
import type { Module, Project } from "./project.ts";
import type { Rule, Violation } from "./rule.ts";
import {
  child,
  children,
  declaredNames,
  isFunction,
  nameOf,
  type Place,
  rootName,
  type SyntaxNode,
} from "./syntax.ts";

/** Layers that run the same in a simulation: no clock, no sockets, no files. */
const PURE = /^src\/(base|buffer|mux|protocol)\//;
/** Code that runs inside a turn of the engine; only the Deno poller talks to promises. */
const TURN = /^src\/((base|buffer|mux|protocol)\/|event\/(?!poller_(deno|epoll)))/;

function violation(module: Module, node: SyntaxNode, what: string): Violation {
  return { path: module.path, line: module.lineAt(node.start), what };
}

const noTopLevelState: Rule = {
  name: "no file of src/ keeps state at its top level",
  reason:
    "hidden global state joins two engines, two threads or two tests; state has an owner that is passed down",
  check: (project) =>
    project.modules("src/").flatMap((module) => [...variables(module), ...writes(project, module)]),
  breaks: [
    {
      files: { "src/net/a.ts": "\nlet a = 1;\nexport let b = 2;\nvar c;" },
      at: ["src/net/a.ts:2", "src/net/a.ts:3", "src/net/a.ts:4"],
    },
    {
      files: { "src/net/a.ts": "const A = new Map();\nfunction a() { A.set(1, 2); }" },
      at: ["src/net/a.ts:2"],
    },
    {
      files: { "src/net/a.ts": "const A = [];\na();\nfunction a() { A.pop(); }\nconst b = () => a();" },
      at: ["src/net/a.ts:3"],
    },
    { files: { "src/net/a.ts": "const A = { b: 1 };\nconst a = () => A.b++;" }, at: ["src/net/a.ts:2"] },
    {
      files: { "src/net/a.ts": "const A = [];\nclass B { c() { A[0] = 1; delete A.d; } }" },
      at: ["src/net/a.ts:2", "src/net/a.ts:2"],
    },
    {
      files: {
        "src/net/a.ts": "export const A = [];",
        "src/net/b.ts": `import { A as b } from "./a.ts";\nb.push(1);`,
      },
      at: ["src/net/b.ts:2"],
    },
    { files: { "src/net/a.ts": "class A {\n  static b = 1;\n}" }, at: ["src/net/a.ts:2"] },
  ],
  keeps: [{
    "src/net/a.ts": `const A = new Uint8Array(2);
      for (let i = 0; i < 2; i++) A[i] = i;
      A.set([1]);
      fill(2);
      function fill(b: number) { A[b] = 1; }
      class B { static readonly C = 1; #a = []; d(a: Map<string, number>) { let e = 1; a.set("b", e++); A.slice(1); } }`,
    "tests/unit/a_test.ts": "let a = 1;",
  }],
};

function variables(module: Module): Violation[] {
  return module.places.filter(({ node, parent }) => {
    if (node.type === "PropertyDefinition") return node.static === true && node.readonly !== true;
    const holder = parent?.node.type === "ExportNamedDeclaration" ? parent.parent : parent;
    return node.type === "VariableDeclaration" && !/^(const|using|await using)$/.test(node.kind as string) &&
      holder?.node.type === "Program";
  }).map(({ node }) => violation(module, node, "a variable that outlives every owner"));
}

const CHANGING_CALL =
  /^(set([A-Z]\w*)?|add|clear|delete|push|pop|shift|unshift|splice|fill|sort|reverse|copyWithin)$/;

/** Finds writes into top-level constants: one's own from within functions (filling a table at load is fine), others' anywhere. */
function writes(project: Project, module: Module): Violation[] {
  const own = new Set(
    module.places.flatMap(({ node, parent }) =>
      node.type === "VariableDeclaration" && isTopLevel(parent) ? declaredNames(node) : []
    ),
  );
  const others = new Set(
    module.imports.flatMap(({ target, names }) =>
      target !== null && project.files.has(target)
        ? names.filter(({ isType }) => !isType).map(({ local }) => local)
        : []
    ),
  );
  return module.places.filter((place) => {
    const name = changedName(place.node);
    return name !== "" && (others.has(name) || (own.has(name) && runsLater(module, place)));
  }).map(({ node }) => violation(module, node, `writes into ${changedName(node)}, which belongs to a file`));
}

function isTopLevel(parent: Place | null): boolean {
  return parent?.node.type === "Program" ||
    (parent?.node.type === "ExportNamedDeclaration" && parent.parent?.node.type === "Program");
}

/** Whether a place is in a function, unless that is called only while the file loads. */
function runsLater(module: Module, place: Place): boolean {
  const outermost = outermostFunction(place);
  if (outermost === null) return false;
  const { node, parent } = outermost;
  if (node.type !== "FunctionDeclaration" || parent?.node.type !== "Program") return true;
  const name = nameOf(child(node, "id"));
  const uses = module.places.filter((use) =>
    use.node.type === "Identifier" && nameOf(use.node) === name && use.parent?.node !== node
  );
  return uses.length === 0 ||
    uses.some((use) => use.parent?.node.type !== "CallExpression" || outermostFunction(use) !== null);
}

function outermostFunction({ parent }: Place): Place | null {
  let outermost: Place | null = null;
  for (let place = parent; place !== null; place = place.parent) {
    if (isFunction(place.node)) outermost = place;
  }
  return outermost;
}

/** Returns the name of the object that a node changes a part of, or "". */
function changedName(node: SyntaxNode): string {
  const changed = child(node, node.type === "AssignmentExpression" ? "left" : "argument");
  switch (node.type) {
    case "AssignmentExpression":
    case "UpdateExpression":
      return changed?.type === "MemberExpression" ? plainRoot(changed) : "";
    case "UnaryExpression":
      return node.operator === "delete" && changed?.type === "MemberExpression" ? plainRoot(changed) : "";
    case "CallExpression": {
      const callee = child(node, "callee");
      if (callee?.type !== "MemberExpression" || callee.computed === true) return "";
      return CHANGING_CALL.test(nameOf(child(callee, "property"))) ? plainRoot(callee) : "";
    }
    default:
      return "";
  }
}

/** Returns the name at the root of `a.b[c]`; "" when a call is on the way, since its result may be anybody's. */
function plainRoot(member: SyntaxNode): string {
  let root: SyntaxNode | null = member;
  while (root?.type === "MemberExpression") root = child(root, "object");
  return root?.type === "Identifier" ? nameOf(root) : "";
}

const dlopen: Rule = {
  name: "Deno.dlopen is called in src/sys only",
  reason:
    "a wrong signature is memory corruption: foreign calls are in one folder, one file per kernel facility",
  check: (project) =>
    project.modules("src/").filter(({ path }) => !path.startsWith("src/sys/")).flatMap((module) =>
      module.places.filter(({ node }) =>
        node.type === "Identifier" && /^(dlopen|Unsafe[A-Z]\w*)$/.test(nameOf(node))
      )
        .map(({ node }) => violation(module, node, `${nameOf(node)} outside src/sys`))
    ),
  breaks: [
    { files: { "src/net/a.ts": `\nDeno.dlopen("libc.so.6", {});` }, at: ["src/net/a.ts:2"] },
    { files: { "src/net/a.ts": `new Deno.UnsafePointerView(p);` }, at: ["src/net/a.ts:1"] },
  ],
  keeps: [{ "src/sys/a.ts": `Deno.dlopen("libc.so.6", {});`, "src/net/a.ts": "// Deno.dlopen" }],
};

const promises: Rule = {
  name: "no promise in the engine: base, event (but two pollers), buffer, mux, protocol",
  reason:
    "a promise costs an allocation and a microtask per event and resumes outside of the turn, in nobody's order",
  check: (project) =>
    project.modules("src/").filter(({ path }) => TURN.test(path)).flatMap((module) =>
      module.places.filter(({ node }) => isPromise(node)).map(({ node }) =>
        violation(module, node, "a promise")
      )
    ),
  breaks: [
    { files: { "src/event/a.ts": "\nasync function a() {}" }, at: ["src/event/a.ts:2"] },
    { files: { "src/mux/a.ts": "class A { async b() {} }" }, at: ["src/mux/a.ts:1"] },
    { files: { "src/buffer/a.ts": "await 1;" }, at: ["src/buffer/a.ts:1"] },
    { files: { "src/base/a.ts": "new Promise(() => {});" }, at: ["src/base/a.ts:1"] },
    {
      files: { "src/protocol/a.ts": "a().then(b);\nPromise.resolve();" },
      at: ["src/protocol/a.ts:1", "src/protocol/a.ts:2"],
    },
    { files: { "src/base/a.ts": "queueMicrotask(a);" }, at: ["src/base/a.ts:1"] },
    {
      files: { "src/base/a.ts": "for await (const b of c) d(b);" },
      at: ["src/base/a.ts:1"],
    },
  ],
  keeps: [{
    "src/event/poller_deno_accept.ts": "async function a() { await b().then(c); }",
    "src/event/poller.ts": "interface Poller { wait(): number | Promise<number> }",
    "src/proxy/a.ts": "await a();",
  }],
};

function isPromise(node: SyntaxNode): boolean {
  switch (node.type) {
    case "AwaitExpression":
      return true;
    case "ForOfStatement":
      return node.await === true;
    case "NewExpression":
      return nameOf(child(node, "callee")) === "Promise";
    case "CallExpression": {
      const callee = child(node, "callee");
      if (callee?.type === "Identifier") return nameOf(callee) === "queueMicrotask";
      if (callee?.type !== "MemberExpression") return false;
      return nameOf(child(callee, "property")) === "then" || rootName(child(callee, "object")) === "Promise";
    }
    default:
      return isFunction(node) && node.async === true;
  }
}

const platform: Rule = {
  name: "base, buffer, mux and protocol do not touch the platform (Deno, timers, clocks, chance)",
  reason: "they run in the simulation, where the same seed must give the same run, and on every platform",
  check: (project) =>
    project.modules("src/").filter(({ path }) => PURE.test(path)).flatMap((module) =>
      module.places.filter(isPlatform).map(({ node }) =>
        violation(module, node, `${rootName(node)} in a pure layer`)
      )
    ),
  breaks: [
    { files: { "src/base/a.ts": "\nDeno.readTextFileSync(a);" }, at: ["src/base/a.ts:2"] },
    { files: { "src/mux/a.ts": "let a: Deno.Conn;" }, at: ["src/mux/a.ts:1"] },
    {
      files: { "src/protocol/h1/a.ts": "Date.now();\nMath.random();" },
      at: ["src/protocol/h1/a.ts:1", "src/protocol/h1/a.ts:2"],
    },
    {
      files: { "src/buffer/a.ts": "setTimeout(a, performance.now());" },
      at: ["src/buffer/a.ts:1", "src/buffer/a.ts:1"],
    },
  ],
  keeps: [{
    "src/base/a.ts": "// Deno\nMath.max(1, 2);\nconst a = { Date: 1 }.Date;\nb.Deno;",
    "src/event/a.ts": "performance.now();",
  }],
};

const PLATFORM =
  /^(Deno|process|Date|performance|setTimeout|setInterval|setImmediate|fetch|crypto|globalThis)$/;

function isPlatform({ node, parent }: Place): boolean {
  if (node.type === "MemberExpression") {
    return nameOf(child(node, "object")) === "Math" && nameOf(child(node, "property")) === "random";
  }
  if (node.type !== "Identifier" || !PLATFORM.test(nameOf(node))) return false;
  const holder = parent!.node;
  const isName = holder.computed !== true &&
    (child(holder, "property") === node || child(holder, "key") === node);
  return !isName;
}

const consoles: Rule = {
  name: "console is for src/cli only",
  reason: "stdout carries access lines and nothing else, stderr what the command line decides to say",
  check: (project) =>
    project.modules("src/").filter(({ path }) => !path.startsWith("src/cli/")).flatMap((module) =>
      module.places.filter(({ node }) =>
        node.type === "CallExpression" && rootName(node) === "console" &&
        children(node, "arguments").length >= 0
      ).map(({ node }) => violation(module, node, "console outside src/cli"))
    ),
  breaks: [{ files: { "src/net/a.ts": `\nconsole.error("a");` }, at: ["src/net/a.ts:2"] }],
  keeps: [{ "src/cli/a.ts": `console.error("a");`, "src/net/a.ts": "// console.log" }],
};

export const STATE_RULES: readonly Rule[] = [noTopLevelState, dlopen, promises, platform, consoles];
