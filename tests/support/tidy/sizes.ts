/**
 * How long a file and a function may be.
 *
 * @module
 */
import type { Module, Project } from "./project.ts";
import type { Exception, Rule, Violation } from "./rule.ts";
import { staleExceptions } from "./rule.ts";
import { child, children, isFunction, type Place, rootName, type SyntaxNode } from "./syntax.ts";

const FILE_LINES_SOFT = 300;
const FILE_LINES_HARD = 500;
const FUNCTION_LINES = 70;

/** A file that may be longer than the soft limit, up to `ceiling` lines. */
interface LongFile extends Exception {
  readonly ceiling: number;
}

const LONG_FILES: readonly LongFile[] = [
  {
    path: "src/config/catalogue.ts",
    ceiling: FILE_LINES_HARD,
    why: "a table: every flag and key once, in the order of the help",
  },
  {
    path: "src/event/fd_table.ts",
    ceiling: 350,
    why: "all verbs on the state of an fd, beside the arrays that they change",
  },
  {
    path: "src/event/poller_epoll.ts",
    ceiling: 350,
    why:
      "the calls of a poller and how it sleeps; listening, the set, sockets and TLS are files of their own already",
  },
  {
    path: "src/event/poller_deno.ts",
    ceiling: FILE_LINES_HARD,
    why: "one socket's states in both directions; its slots, sleep and accept are files of their own already",
  },
  {
    path: "src/mux/h2_connection.ts",
    ceiling: 400,
    why:
      "the life of a connection; what it sends, what it receives, its headers and its faults are files of their own already",
  },
  {
    path: "src/mux/h2_stream.ts",
    ceiling: 350,
    why: "what a stream may send now, and how it ends; its request is a file of its own already",
  },
  {
    path: "src/proxy/dispatch.ts",
    ceiling: FILE_LINES_HARD,
    why:
      "the states from choice to connected; queues, redispatch, headers and reasons are files of their own already",
  },
  {
    path: "src/proxy/http_stream.ts",
    ceiling: FILE_LINES_HARD,
    why: "the states of a stream and its failures; head in and head back are files of their own already",
  },
  {
    path: "src/proxy/tcp_session.ts",
    ceiling: 400,
    why:
      "the states of a session and how it ends; its beginning and its relay are files of their own already",
  },
];

const THIS_FILE = "tests/support/tidy/sizes.ts";
const CODE = ["src/", "scripts/", "tests/"] as const;

const fileSize: Rule = {
  name: `a file has at most ${FILE_LINES_SOFT} lines, ${FILE_LINES_HARD} where a listed reason allows it`,
  reason:
    "a file is read in one sitting; every admired proxy has its monster file, and it grew one commit at a time",
  check: (project) => [
    ...project.modules(...CODE).flatMap(checkFileSize),
    ...staleExceptions(project, LONG_FILES, THIS_FILE),
  ],
  breaks: [
    { files: { "src/net/a.ts": "\n".repeat(301) }, at: ["src/net/a.ts:301"] },
    { files: { "src/config/catalogue.ts": "\n".repeat(501) }, at: ["src/config/catalogue.ts:501"] },
    { files: { "src/config/catalogue.ts": "\n".repeat(300) }, at: [`${THIS_FILE}:1`] },
  ],
  keeps: [{ "src/net/a.ts": "\n".repeat(300), "src/config/catalogue.ts": "\n".repeat(500) }],
};

function checkFileSize(module: Module): Violation[] {
  const { path, lineCount } = module;
  const exception = LONG_FILES.find((long) => long.path === path);
  const limit = exception?.ceiling ?? FILE_LINES_SOFT;
  if (lineCount > limit) return [{ path, line: limit + 1, what: `${lineCount} lines, more than ${limit}` }];
  if (exception === undefined || lineCount > FILE_LINES_SOFT) return [];
  return [{
    path: THIS_FILE,
    line: 1,
    what: `${path} has ${lineCount} lines and needs no exception any more`,
  }];
}

const functionSize: Rule = {
  name: `a function has at most ${FUNCTION_LINES} lines`,
  reason:
    "a function is seen whole on a screen, its branches and its ends together (blocks of a test suite are lists)",
  check: (project: Project) => project.modules(...CODE).flatMap(checkFunctions),
  breaks: [
    { files: { "src/net/a.ts": `\nfunction a() {${"\n".repeat(70)}}` }, at: ["src/net/a.ts:2"] },
    { files: { "src/net/a.ts": `class A {\n  get b() {${"\n".repeat(70)}}\n}` }, at: ["src/net/a.ts:2"] },
    { files: { "src/net/a.ts": `const a = () =>${"\n".repeat(70)} 1;` }, at: ["src/net/a.ts:1"] },
    { files: { "src/net/a.ts": `describe("a", () => {${"\n".repeat(70)}});` }, at: ["src/net/a.ts:1"] },
    {
      files: {
        "tests/unit/a_test.ts": `describe("a", () => {\n  const b = () => {${"\n".repeat(70)}};\n});`,
      },
      at: ["tests/unit/a_test.ts:2"],
    },
  ],
  keeps: [
    { "src/net/a.ts": `function a() {${"\n".repeat(69)}}\nclass A {\n  b() {\n  }\n${"\n".repeat(99)}}` },
    {
      "tests/unit/a_test.ts": `describe("a", () => {${"\n".repeat(99)}});
        it.each([1])("b", () => {${"\n".repeat(99)}});`,
    },
    { "tests/contract/a_contract.ts": `function testA() {\n  describe("a", () => {});${"\n".repeat(99)}}` },
  ],
};

function checkFunctions(module: Module): Violation[] {
  const isTest = module.path.startsWith("tests/");
  const found: Violation[] = [];
  for (const place of module.places) {
    const { node } = place;
    if (!isFunction(node) || (isTest && isSuite(place))) continue;
    // A method's function begins at its parentheses: close enough, its name stands on the same line.
    const line = module.lineAt(node.start);
    const count = module.lineAt(node.end - 1) - line + 1;
    if (count > FUNCTION_LINES) found.push({ path: module.path, line, what: `a function of ${count} lines` });
  }
  return found;
}

const SUITE_CALLS: readonly string[] = [
  "describe",
  "it",
  "test",
  "beforeAll",
  "beforeEach",
  "afterAll",
  "afterEach",
];

/** Whether the function is given to describe, it, … or is itself made of such calls (a contract suite). */
function isSuite({ node, parent }: Place): boolean {
  if (parent?.node.type === "CallExpression" && isSuiteCall(parent.node)) return true;
  const body = child(node, "body");
  if (body === null) return false;
  return children(body, "body").some((statement) => isSuiteCall(child(statement, "expression")));
}

function isSuiteCall(node: SyntaxNode | null): boolean {
  return node?.type === "CallExpression" && SUITE_CALLS.includes(rootName(node));
}

export const SIZE_RULES: readonly Rule[] = [fileSize, functionSize];
