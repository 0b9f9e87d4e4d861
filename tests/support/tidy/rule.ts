/**
 * What a rule is: what it looks for, why, and small examples that show that it can fail.
 *
 * @module
 */
import { Project } from "./project.ts";

/** One place that breaks a rule. */
export interface Violation {
  readonly path: string;
  /** From 1. */
  readonly line: number;
  readonly what: string;
}

/** A few files in memory, text by path. */
export type Files = Readonly<Record<string, string>>;

/** An example that breaks the rule, and the `path:line` of each place that does. */
export interface Breach {
  readonly files: Files;
  readonly at: readonly string[];
}

export interface Rule {
  /** A sentence that is true as long as the rule is kept. */
  readonly name: string;
  /** What goes wrong otherwise. */
  readonly reason: string;
  check(project: Project): Violation[];
  readonly breaks: readonly Breach[];
  readonly keeps: readonly Files[];
}

/** An exception to a rule: where, and why it may stay. */
export interface Exception {
  readonly path: string;
  readonly why: string;
}

/** Makes a project of an example. */
export function projectOf(files: Files): Project {
  return new Project(new Map(Object.entries(files)));
}

/** Returns violations as lines of `path:line: what`, in the order of paths and lines. */
export function report(violations: readonly Violation[]): string[] {
  return violations
    .toSorted((a, b) => a.path === b.path ? a.line - b.line : a.path < b.path ? -1 : 1)
    .map(({ path, line, what }) => `${path}:${line}: ${what}`);
}

/** Returns a violation for every exception whose file is gone, so that the list of exceptions stays short. */
export function staleExceptions(
  project: Project,
  exceptions: readonly Exception[],
  list: string,
): Violation[] {
  // An example in memory has none of our files: the lists are about the project, which has a main.ts.
  if (!project.files.has("src/main.ts") || !project.files.has("deno.json")) return [];
  return exceptions.filter(({ path }) => !project.has(path)).map(({ path }) => ({
    path: list,
    line: 1,
    what: `the exception for ${path} is about a file that is gone`,
  }));
}
