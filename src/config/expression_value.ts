/**
 * A regular expression of JavaScript and what its first match is replaced by, with a space between them: `^/v(\d+)/ /$1-`.
 *
 * The replacement has `$1` … for groups, `$&` for the match, `$$` for a dollar sign. Look-around and references back are refused:
 * without them V8 can match any expression in time that grows with the length of the text only
 * (docs/decisions/2026-11-24-regular-expressions-in-linear-time.md).
 *
 * May import: nothing.
 *
 * @module
 */

const TEXT_CHARS_MAX = 512;

/** `fail` is told what is wrong, and does not return. */
export function readExpression(
  text: string,
  fail: (state: string) => never,
): { readonly pattern: string; readonly replacement: string } {
  if (text.length > TEXT_CHARS_MAX) fail(`it is longer than ${TEXT_CHARS_MAX} characters`);
  const parts = /^([\x21-\x7e]+) ([\x21-\x7e]*)$/.exec(text);
  if (parts === null) return fail("it is not an expression, a space and a replacement");
  const [, pattern, replacement] = parts;
  // Escaped pairs first, so that "\\1" is a backslash and a digit, and what stands in a class is itself.
  const bare = pattern.replaceAll(/\\\\|\\[([\]]/g, "").replaceAll(/\[[^\]]*\]/g, "");
  if (/\(\?<?[=!]/.test(bare)) fail("it looks ahead or behind (?=");
  if (/\\[1-9k]/.test(bare)) fail("it refers back to a group");
  const groupCount = countGroups(pattern, fail);
  for (const [reference, number] of replacement.replaceAll("$$", " ").matchAll(/\$(\d)/g)) {
    if (Number(number) < 1 || Number(number) > groupCount) {
      fail(`there is no group ${reference}, it has ${groupCount}`);
    }
  }
  return { pattern, replacement };
}

function countGroups(pattern: string, fail: (state: string) => never): number {
  try {
    return new RegExp(`${pattern}|`).exec("")!.length - 1;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return fail(
      error.message.replace(/^Invalid regular expression: .*: /, "").replace(/^./, (c) => c.toLowerCase()),
    );
  }
}
