/**
 * Circles of files that import each other.
 *
 * @module
 */
import type { Module, Project } from "./project.ts";
import type { Rule, Violation } from "./rule.ts";
import { staleExceptions } from "./rule.ts";
import type { Import } from "./syntax.ts";

/** Files whose types, and only types, may name each other in a circle. */
interface Knot {
  readonly paths: readonly string[];
  readonly why: string;
}

const KNOTS: readonly Knot[] = [
  {
    paths: [
      "src/proxy/http_admission.ts",
      "src/proxy/http_faults.ts",
      "src/proxy/http_request.ts",
      "src/proxy/http_response.ts",
      "src/proxy/http_route.ts",
      "src/proxy/http_session.ts",
      "src/proxy/http_stream.ts",
      "src/proxy/http_timeouts.ts",
      "src/proxy/listener.ts",
      "src/proxy/proxy_context.ts",
      "src/proxy/retry/http_retry.ts",
      "src/proxy/tcp_session.ts",
    ],
    why:
      "owner and owned: a listener counts its sessions, a session answers to its listener; so a stream and its parts",
  },
];

export const cycles: Rule = {
  name: "no import cycle between files",
  reason: "files in a circle are one file in pieces: none can be understood, tested or moved alone, " +
    "and their order of evaluation is chance (types may point back in a listed knot only)",
  check: (project) => [
    ...checkCycles(project),
    ...staleExceptions(
      project,
      KNOTS.flatMap(({ paths, why }) => paths.map((path) => ({ path, why }))),
      "tests/support/tidy/cycles.ts",
    ),
  ],
  breaks: [
    {
      files: {
        "src/net/a.ts": `\nimport { b } from "./b.ts";\nexport const a = 1;`,
        "src/net/b.ts": `import { c } from "./c.ts";`,
        "src/net/c.ts": `import { type D, a } from "./a.ts";`,
      },
      at: ["src/net/a.ts:2"],
    },
    {
      files: {
        "src/net/a.ts": `import type { B } from "./b.ts";`,
        "src/net/b.ts": `import type { A } from "./a.ts";`,
      },
      at: ["src/net/a.ts:1"],
    },
    {
      files: {
        "src/proxy/http_session.ts": `import { Listener } from "./listener.ts";`,
        "src/proxy/listener.ts": `import { HttpSession } from "./http_session.ts";`,
      },
      at: ["src/proxy/http_session.ts:1"],
    },
  ],
  keeps: [{
    "src/net/a.ts": `import { b } from "./b.ts";`,
    "src/net/b.ts": `import { c } from "./c.ts";`,
    "src/net/c.ts": "",
    "src/proxy/listener.ts": `import { HttpSession } from "./http_session.ts";`,
    "src/proxy/http_session.ts": `import { type Listener } from "./listener.ts";`,
  }],
};

/** Reports one shortest cycle through each file that begins one, each cycle once. */
function checkCycles(project: Project): Violation[] {
  const found = new Map<string, Violation>();
  const modules = project.modules("src/", "scripts/", "tests/");
  for (const module of modules) {
    const cycle = shortestCycle(project, module);
    if (cycle === null) continue;
    const key = cycle.map(({ module }) => module.path).toSorted().join();
    if (found.has(key)) continue;
    const { one } = cycle[0]!;
    const circle = [...cycle.map(({ one }) => one.target!), cycle[0]!.one.target!];
    found.set(key, { path: module.path, line: module.lineAt(one.at), what: circle.join(" -> ") });
  }
  return [...found.values()];
}

interface Step {
  readonly module: Module;
  readonly one: Import;
  readonly before: Step | null;
}

function shortestCycle(project: Project, from: Module): Step[] | null {
  const seen = new Set<string>();
  let steps: Step[] = stepsOf(from, null);
  while (steps.length > 0) {
    const next: Step[] = [];
    for (const step of steps) {
      if (step.one.target === from.path) return unroll(step);
      const module = project.files.get(step.one.target!) as Module | undefined;
      if (module === undefined || seen.has(module.path)) continue;
      seen.add(module.path);
      next.push(...stepsOf(module, step));
    }
    steps = next;
  }
  return null;
}

function stepsOf(module: Module, before: Step | null): Step[] {
  return module.imports.filter((one) => one.target?.endsWith(".ts") === true && !isInKnot(module, one))
    .map((one) => ({ module, one, before }));
}

function isInKnot({ path }: Module, { target, isType }: Import): boolean {
  return isType && KNOTS.some(({ paths }) => paths.includes(path) && paths.includes(target!));
}

function unroll(last: Step): Step[] {
  const steps: Step[] = [];
  for (let step: Step | null = last; step !== null; step = step.before) steps.unshift(step);
  return steps;
}
