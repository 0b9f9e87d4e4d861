/**
 * Builds the executable: esbuild bundles src/main.ts, `deno compile` makes dist/hadro of the bundle.
 *
 *     the compile runtime (denort) comes from, in this order
 *     DENORT_BIN          a file
 *     the Deno cache      dl/release/v<version>/denort-<target>.zip, seeded or downloaded before
 *     a download          by Deno itself
 *     none of these       a self-extracting file instead: sh, then tar.gz of the deno that runs this and the bundle
 *
 * DENO_COMPILE names another deno to compile with. The output is always run (`--version`, then a listener), since a compile with a
 * wrong runtime ends without an error. Nothing is done when the inputs are those of the last build.
 *
 * @module
 */
import { build } from "esbuild";

const ROOT = new URL("..", import.meta.url).pathname;
const DIST = `${ROOT}dist`;
const OUTPUT = `${DIST}/hadro`;
const BUNDLE = `${DIST}/hadro.js`;
const STAMP = `${DIST}/hadro.inputs`;
/** Deno's listeners share a port (SO_REUSEPORT) only with it: --poller deno --threads. */
const UNSTABLE = "--unstable-net";
/**
 * Half-spaces of 1 MiB for what is new: hadro makes next to no garbage, and V8 would let them grow with the number of connections
 * (640 bytes a connection instead of 1,250, docs/decisions/2026-11-23-small-half-spaces.md).
 */
const V8_FLAGS = "--v8-flags=--max-semi-space-size=1," +
  // No regular expression may take time without end: docs/decisions/2026-11-24-regular-expressions-in-linear-time.md.
  "--enable-experimental-regexp-engine-on-excessive-backtracks";
const DOWNLOAD_MS_MAX = 60_000;

if (import.meta.main) await main();

async function main(): Promise<void> {
  await Deno.mkdir(DIST, { recursive: true });
  await bundle();
  const inputs = await hashInputs();
  if (await isCurrent(inputs)) {
    say("dist/hadro is current");
    return;
  }
  const compiler = Deno.env.get("DENO_COMPILE") ?? Deno.execPath();
  const kind = await compile(compiler) ? "compiled with deno compile" : await makeSelfExtracting();
  await smokeRun();
  await Deno.writeTextFile(STAMP, inputs);
  const { size } = await Deno.stat(OUTPUT);
  say(
    `dist/hadro: ${
      (size / 1_048_576).toFixed(1)
    } MB, ${kind}, ready to accept after ${await measureStartMs()} ms`,
  );
}

async function bundle(): Promise<void> {
  await build({
    absWorkingDir: ROOT,
    entryPoints: ["src/main.ts"],
    outfile: BUNDLE,
    bundle: true,
    format: "esm",
    platform: "node",
    target: "esnext",
    external: ["node:*"],
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: "none",
    banner: {
      js:
        'import{createRequire as __createRequire}from"node:module";const require=__createRequire(import.meta.url);',
    },
    logLevel: "warning",
  });
}

/** What the output depends on: the bundle, and which runtime it is made with. */
async function hashInputs(): Promise<string> {
  const names = ["DENORT_BIN", "DENO_COMPILE"].map((name) => `${name}=${Deno.env.get(name) ?? ""}`).join(
    "\n",
  );
  const code = await Deno.readFile(BUNDLE);
  const text = new TextEncoder().encode(`${names}\n${Deno.version.deno}\n${V8_FLAGS}\n`);
  const all = new Uint8Array(code.length + text.length);
  all.set(code);
  all.set(text, code.length);
  return toHex(await crypto.subtle.digest("SHA-256", all));
}

async function isCurrent(inputs: string): Promise<boolean> {
  try {
    await Deno.stat(OUTPUT);
    return await Deno.readTextFile(STAMP) === inputs;
  } catch {
    return false;
  }
}

/** Returns whether `deno compile` made an output that runs. */
async function compile(compiler: string): Promise<boolean> {
  const output = `${OUTPUT}.new`;
  const command = new Deno.Command(compiler, {
    args: ["compile", "--no-check", "--quiet", "-A", UNSTABLE, V8_FLAGS, "--output", output, BUNDLE],
    cwd: DIST,
    stdout: "null",
    stderr: "piped",
    signal: AbortSignal.timeout(DOWNLOAD_MS_MAX),
  });
  const { success, stderr } = await command.output();
  if (!success) {
    const reason = new TextDecoder().decode(stderr).trim().split("\n").at(-1) ?? "";
    // Where the runtime would have come from is nobody's business here, only that it did not.
    say(`deno compile found no runtime (${reason.replace(/https?:\/\/\S+/g, "…").slice(0, 160)})`);
    return false;
  }
  await Deno.rename(output, OUTPUT);
  return true;
}

/** Makes a shell script with its payload behind it; unpacked once per content under the user's cache. */
async function makeSelfExtracting(): Promise<string> {
  const work = await Deno.makeTempDir();
  try {
    await Deno.copyFile(Deno.execPath(), `${work}/deno`);
    await Deno.chmod(`${work}/deno`, 0o755);
    await Deno.copyFile(BUNDLE, `${work}/hadro.js`);
    const tar = await new Deno.Command("tar", {
      args: ["-C", work, "-czf", `${work}/payload`, "deno", "hadro.js"],
    }).output();
    if (!tar.success) throw new Error(`Cannot pack dist/hadro: ${new TextDecoder().decode(tar.stderr)}`);
    const payload = await Deno.readFile(`${work}/payload`);
    const hash = toHex(await crypto.subtle.digest("SHA-256", payload)).slice(0, 16);
    const head = new TextEncoder().encode(selfExtractingHead(hash));
    const file = new Uint8Array(head.length + payload.length);
    file.set(head);
    file.set(payload, head.length);
    await Deno.writeFile(`${OUTPUT}.new`, file, { mode: 0o755 });
    await Deno.rename(`${OUTPUT}.new`, OUTPUT);
  } finally {
    await Deno.remove(work, { recursive: true });
  }
  say("NOTE: this is a self-extracting file, not a compiled program: set DENORT_BIN for one");
  return "a self-extracting file";
}

/** The sh part: unpacks beside its place and renames, so that two first starts at once do not meet. */
function selfExtractingHead(hash: string): string {
  const lines = (skip: number) =>
    `#!/bin/sh
set -eu
base="\${XDG_CACHE_HOME:-\${HOME:-/tmp}/.cache}/hadro"
dir="$base/${hash}"
if [ ! -x "$dir/deno" ]; then
  mkdir -p "$base"
  new=$(mktemp -d "$base/new.XXXXXX")
  tail -n +${skip} "$0" | tar -xzf - -C "$new"
  mv "$new" "$dir" 2>/dev/null || true
  [ ! -d "$new" ] || rm -rf "$new"
  rm -rf "$dir"/new.*
fi
DENO_NO_UPDATE_CHECK=1 exec "$dir/deno" run -A ${UNSTABLE} ${V8_FLAGS} --no-config --no-lock "$dir/hadro.js" "$@"
`;
  return lines(lines(0).split("\n").length);
}

/** Runs the output as a user would. @throws when it is not hadro that answers. */
async function smokeRun(): Promise<void> {
  const { version } = JSON.parse(await Deno.readTextFile(`${ROOT}deno.json`)) as { version: string };
  const { stdout, success } = await new Deno.Command(OUTPUT, { args: ["--version"], stderr: "inherit" })
    .output();
  const answer = new TextDecoder().decode(stdout).trim();
  if (!success || answer !== version) {
    await Deno.remove(OUTPUT);
    throw new Error(
      `dist/hadro does not run: --version answered "${answer}"; is the runtime that of this Deno?`,
    );
  }
}

/** Milliseconds from start to the line that says it listens; the median of five. */
async function measureStartMs(): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < 5; i++) times.push(await startOnce());
  return Math.round(times.sort((a, b) => a - b)[2]);
}

async function startOnce(): Promise<number> {
  const beganMs = performance.now();
  const child = new Deno.Command(OUTPUT, {
    args: ["-l", "http://127.0.0.1:0", "-b", "127.0.0.1:9", "--log", "off"],
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const reader = child.stderr.getReader();
  const decoder = new TextDecoder();
  let text = "";
  while (!text.includes("listening on")) {
    const { done, value } = await reader.read();
    if (done) throw new Error(`dist/hadro did not listen: ${text}`);
    text += decoder.decode(value);
  }
  const tookMs = performance.now() - beganMs;
  child.kill("SIGTERM");
  await reader.cancel();
  await child.status;
  return tookMs;
}

function toHex(buffer: ArrayBuffer): string {
  return [...new Uint8Array(buffer)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function say(text: string): void {
  Deno.stderr.writeSync(new TextEncoder().encode(`build: ${text}\n`));
}
