/**
 * The syntax tree of one TypeScript file, by the parser that vitest itself runs on, flattened so that a rule is one loop.
 *
 * Positions are indices into the text, `end` exclusive, as in ESTree. Comments are not in the tree.
 *
 * @module
 */
import { posix } from "node:path";
import { parseAst } from "vitest/node";

/** A node of the tree (ESTree with TypeScript's kinds). */
export interface SyntaxNode {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [key: string]: unknown;
}

/** A node and what it stands in. */
export interface Place {
  readonly node: SyntaxNode;
  readonly parent: Place | null;
}

/** One name that a file takes from another. */
export interface ImportedName {
  /** As the other file exports it; `*` for all of them. */
  readonly name: string;
  /** As this file calls it; "" where it only passes it on. */
  readonly local: string;
  readonly isType: boolean;
}

/** One import, export-from, `import()`, `import("x").Y` or `new URL("x.ts", import.meta.url)`. */
export interface Import {
  readonly specifier: string;
  /** The file inside the project, or null for a package or a built-in module. */
  readonly target: string | null;
  /** Whether it is gone at run time. */
  readonly isType: boolean;
  readonly names: readonly ImportedName[];
  readonly at: number;
}

/** One name that a file exports. */
export interface Export {
  readonly name: string;
  /** An interface or a type's other name. */
  readonly isType: boolean;
  readonly at: number;
}

const NOTHING: readonly SyntaxNode[] = [];
const ALL: readonly ImportedName[] = [{ name: "*", local: "", isType: false }];

/** Returns every node of `text`, outer before inner. */
export function parse(text: string): Place[] {
  const places: Place[] = [];
  collect(parseAst(text, { lang: "ts", sourceType: "module" }) as unknown as SyntaxNode, null, places);
  return places;
}

function collect(node: SyntaxNode, parent: Place | null, places: Place[]): void {
  const place = { node, parent };
  places.push(place);
  for (const value of Object.values(node)) {
    if (isNode(value)) collect(value, place, places);
    else if (Array.isArray(value)) {
      for (const item of value) if (isNode(item)) collect(item, place, places);
    }
  }
}

function isNode(value: unknown): value is SyntaxNode {
  return typeof value === "object" && value !== null && typeof (value as SyntaxNode).type === "string";
}

/** Returns the node under `key`, or null. */
export function child(node: SyntaxNode, key: string): SyntaxNode | null {
  const value = node[key];
  return isNode(value) ? value : null;
}

/** Returns the nodes of the list under `key`. */
export function children(node: SyntaxNode, key: string): readonly SyntaxNode[] {
  const value = node[key];
  return Array.isArray(value) ? value.filter(isNode) : NOTHING;
}

/** Returns an identifier's name or a text literal's value, or "". */
export function nameOf(node: SyntaxNode | null): string {
  if (node === null) return "";
  const value = node.type === "Literal" ? node.value : node.name;
  return typeof value === "string" ? value : "";
}

/** Returns the name at the root of `a.b[c]` or `a(b).c`, or "". */
export function rootName(node: SyntaxNode | null): string {
  let root = node;
  while (root !== null && root.type !== "Identifier") {
    root = child(root, "object") ?? child(root, "callee") ?? child(root, "tag") ?? child(root, "expression");
  }
  return nameOf(root);
}

/** Returns what the file at `path` imports. */
export function importsOf(path: string, places: readonly Place[]): Import[] {
  const found: Import[] = [];
  for (const { node } of places) {
    const specifier = specifierOf(node);
    if (specifier === "") continue;
    const target = specifier.startsWith(".") ? posix.join(posix.dirname(path), specifier) : null;
    const names = importedNames(node);
    found.push({ specifier, target, names, isType: isTypeImport(node, names), at: node.start });
  }
  return found;
}

function specifierOf(node: SyntaxNode): string {
  switch (node.type) {
    case "ImportDeclaration":
    case "ExportNamedDeclaration":
    case "ExportAllDeclaration":
    case "ImportExpression":
    case "TSImportType":
      return nameOf(child(node, "source") ?? child(node, "argument"));
    case "NewExpression": {
      const text = nameOf(child(node, "callee")) === "URL"
        ? nameOf(children(node, "arguments")[0] ?? null)
        : "";
      return text.startsWith(".") && text.endsWith(".ts") ? text : "";
    }
    default:
      return "";
  }
}

function importedNames(node: SyntaxNode): readonly ImportedName[] {
  if (node.type === "TSImportType") return ALL;
  if (node.type !== "ImportDeclaration" && node.type !== "ExportNamedDeclaration") return ALL;
  const isType = node.importKind === "type" || node.exportKind === "type";
  return children(node, "specifiers").map((specifier) => ({
    name: importedName(specifier),
    local: node.type === "ImportDeclaration" ? nameOf(child(specifier, "local")) : "",
    isType: isType || specifier.importKind === "type" || specifier.exportKind === "type",
  }));
}

function importedName(specifier: SyntaxNode): string {
  switch (specifier.type) {
    case "ImportSpecifier":
      return nameOf(child(specifier, "imported"));
    case "ExportSpecifier":
      return nameOf(child(specifier, "local"));
    case "ImportDefaultSpecifier":
      return "default";
    default:
      return "*";
  }
}

function isTypeImport(node: SyntaxNode, names: readonly ImportedName[]): boolean {
  if (node.type === "TSImportType" || node.importKind === "type" || node.exportKind === "type") return true;
  return names.length > 0 && names.every((name) => name.isType);
}

/** Returns what a file exports. */
export function exportsOf(places: readonly Place[]): Export[] {
  const found: Export[] = [];
  for (const { node } of places) {
    const at = node.start;
    if (node.type === "ExportDefaultDeclaration") found.push({ name: "default", isType: false, at });
    if (node.type !== "ExportNamedDeclaration") continue;
    for (const specifier of children(node, "specifiers")) {
      found.push({ name: nameOf(child(specifier, "exported")), isType: false, at: specifier.start });
    }
    const declaration = child(node, "declaration");
    if (declaration === null) continue;
    const isType = /^TS(Interface|TypeAlias)/.test(declaration.type);
    for (const name of declaredNames(declaration)) found.push({ name, isType, at });
  }
  return found;
}

/** Returns the names that a declaration makes (plain names only: no pattern). */
export function declaredNames(declaration: SyntaxNode): string[] {
  if (declaration.type !== "VariableDeclaration") return [nameOf(child(declaration, "id"))];
  return children(declaration, "declarations").map((one) => nameOf(child(one, "id"))).filter((name) =>
    name !== ""
  );
}

/** Whether `node` is a function with a body. */
export function isFunction(node: SyntaxNode): boolean {
  return child(node, "body") !== null &&
    (node.type === "FunctionDeclaration" || node.type === "FunctionExpression" ||
      node.type === "ArrowFunctionExpression");
}
