/**
 * A configuration that cannot be used: what, where, and what would be right.
 *
 *     Cannot use key "wieght" in -b at column 15: no such key; did you mean "weight"?
 *       -b 10.0.0.1:9000,wieght=2
 *                        ^
 *
 * What `--auth` and `auth=` say is shown as stars.
 *
 * May import: nothing.
 *
 * @module
 */

/** Where in which word something is wrong. */
export interface WordPlace {
  /** The flag or variable that the word came with: "-b", "HADRO_BACKEND". */
  readonly source: string;
  readonly word: string;
  /** From 0. */
  readonly column: number;
}

/** See the module's text. */
export class ConfigError extends Error {
  override name = "ConfigError";
  readonly place: WordPlace | null;

  constructor(message: string, place: WordPlace | null = null) {
    super(message);
    this.place = place;
  }

  /** The message, and below it where the word came from, the word, and a caret under the column. */
  get report(): string {
    if (this.place === null) return maskSecrets(this.message);
    const { source, word, column } = this.place;
    const shown = /auth$/i.test(source) ? maskUser(word) : word;
    return maskSecrets(`${this.message}\n  ${source} ${shown}`) +
      `\n  ${" ".repeat(source.length + 1 + column)}^`;
  }
}

/** Stars instead of what is behind `auth=user:`, column for column: a report may end in a log. */
function maskSecrets(text: string): string {
  return text.replace(
    /(\bauth=)(?!off\b)([^,&\s"]*)/g,
    (_, key: string, users: string) => key + users.split("+").map(maskUser).join("+"),
  );
}

/** Stars for the hash of `user:hash`, or for the whole when there is no user. */
function maskUser(text: string): string {
  const from = text.indexOf(":") + 1;
  return text.slice(0, from) + "*".repeat(text.length - from);
}

/** Returns `; did you mean "x"?` for the nearest of `known`, or the list of all when none is near. */
export function suggest(word: string, known: readonly string[]): string {
  let nearest = "";
  let distance = Math.max(2, Math.floor(word.length / 3)) + 1;
  for (const other of known) {
    const d = editDistance(word.toLowerCase(), other.toLowerCase());
    if (d < distance) {
      distance = d;
      nearest = other;
    }
  }
  return nearest === "" ? `; known: ${known.join(", ")}` : `; did you mean "${nearest}"?`;
}

/** Insertions, deletions, replacements and swaps of neighbours between two words. */
export function editDistance(a: string, b: string): number {
  const rows = Array.from({ length: a.length + 1 }, (_, i) => [i, ...new Array<number>(b.length).fill(0)]);
  for (let j = 0; j <= b.length; j++) rows[0][j] = j;
  for (let i = 1; i <= a.length; i++) {
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      rows[i][j] = Math.min(rows[i - 1][j] + 1, rows[i][j - 1] + 1, rows[i - 1][j - 1] + cost);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        rows[i][j] = Math.min(rows[i][j], rows[i - 2][j - 2] + 1);
      }
    }
  }
  return rows[a.length][b.length];
}
