/**
 * The files that the rules look at: those that git knows, or will know once they are added.
 *
 * A rule sees only this shape, so that its own test can hand it a few lines in memory.
 *
 * @module
 */
import { type Export, exportsOf, type Import, importsOf, parse, type Place } from "./syntax.ts";

/** One text file, its path from the project's folder. */
export class TextFile {
  readonly path: string;
  readonly text: string;
  #lines: readonly string[] | null = null;

  constructor(path: string, text: string) {
    this.path = path;
    this.text = text;
  }

  get lines(): readonly string[] {
    return this.#lines ??= this.text.split("\n");
  }

  /** Lines of text, without the empty one after the last line's end. */
  get lineCount(): number {
    return this.lines.length - (this.text.endsWith("\n") ? 1 : 0);
  }
}

/** One TypeScript file, parsed when first asked. */
export class Module extends TextFile {
  #places: readonly Place[] | null = null;
  #imports: readonly Import[] | null = null;
  #exports: readonly Export[] | null = null;
  #lineStarts: readonly number[] | null = null;

  get places(): readonly Place[] {
    return this.#places ??= this.#parse();
  }

  #parse(): readonly Place[] {
    try {
      return parse(this.text);
    } catch (error) {
      throw new Error(`Cannot parse ${this.path}`, { cause: error });
    }
  }

  get imports(): readonly Import[] {
    return this.#imports ??= importsOf(this.path, this.places);
  }

  get exports(): readonly Export[] {
    return this.#exports ??= exportsOf(this.places);
  }

  /** Returns the line, from 1, of an index into the text. */
  lineAt(index: number): number {
    this.#lineStarts ??= [0, ...this.text.matchAll(/\n/g).map((match) => match.index + 1)];
    let low = 0;
    let high = this.#lineStarts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (this.#lineStarts[middle]! <= index) low = middle;
      else high = middle;
    }
    return low + 1;
  }
}

/** All files of the project, by path. */
export class Project {
  readonly files: ReadonlyMap<string, TextFile>;

  constructor(texts: ReadonlyMap<string, string>) {
    this.files = new Map(
      [...texts].map(([path, text]) => [
        path,
        path.endsWith(".ts") ? new Module(path, text) : new TextFile(path, text),
      ]),
    );
  }

  /** Returns the TypeScript files under the folders, in the order of their paths. */
  modules(...folders: readonly string[]): Module[] {
    const found = [...this.files.values()].filter((file) =>
      file instanceof Module && folders.some((folder) => file.path.startsWith(folder))
    ) as Module[];
    return found.sort((a, b) => a.path < b.path ? -1 : 1);
  }

  /** Whether a file, or a folder with a file in it, has this path. */
  has(path: string): boolean {
    return this.files.has(path) || this.files.keys().some((known) => known.startsWith(`${path}/`));
  }
}

/** Reads the project in `root`. Files that are deleted but not yet committed, and binary ones, are left out. */
export async function readProject(root: string): Promise<Project> {
  const texts = new Map<string, string>();
  await Promise.all((await listFiles(root)).map(async (path) => {
    const text = await readText(`${root}/${path}`);
    if (text !== null && !text.includes("\0")) texts.set(path, text);
  }));
  return new Project(texts);
}

async function listFiles(root: string): Promise<string[]> {
  const args = ["ls-files", "--cached", "--others", "--exclude-standard", "-z"];
  const { success, stdout, stderr } = await new Deno.Command("git", { args, cwd: root }).output();
  const decoder = new TextDecoder();
  if (!success) throw new Error(`Cannot list the project's files with git: ${decoder.decode(stderr).trim()}`);
  return decoder.decode(stdout).split("\0").filter((path) => path !== "");
}

async function readText(path: string): Promise<string | null> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}
