/**
 * The command line: commander splits the words, the catalogue says which flags there are, `config/` says what they mean. Kept thin, so
 * that another splitter (cliffy) can take commander's place: docs/decisions/2026-11-23-commander-instead-of-cliffy.md.
 *
 * May import: everything.
 *
 * @module
 */
import { Command, CommanderError, Option } from "@commander-js/extra-typings";
import { FLAGS } from "../config/catalogue.ts";
import { ConfigError } from "../config/config_error.ts";
import { addEnvironment, type ItemWord, Settings } from "../config/settings.ts";
import { resolveConfig } from "../config/resolve.ts";
import type { Config } from "../config/model.ts";
import { runDemo } from "./demo.ts";
import { dryRun } from "./dry_run.ts";
import { ExitCode } from "./exit_codes.ts";
import { runExplain } from "./explain_request.ts";
import { flagUsage, fullHelp, shortHelp } from "./help.ts";
import { runProxy } from "./run.ts";
import { VERSION } from "./version.ts";

const DEMO_LISTEN = "http://127.0.0.1:8080,name=demo";

/** Runs a command line; returns the exit code. */
export async function runCli(args: readonly string[]): Promise<number> {
  if (args.length === 0 && !hasEnvironmentItems()) {
    print(Deno.stderr, shortHelp());
    return ExitCode.USAGE;
  }
  try {
    const { settings, positionals, headers, isDone } = splitWords(args);
    if (isDone) return ExitCode.OK;
    if (positionals[0] === "explain") return explain(settings, positionals.slice(1), headers);
    if (headers.length > 0) {
      throw new ConfigError(`Cannot use -H "${headers[0]}": it belongs to hadro explain; see --header-up`);
    }
    if (positionals[0] === "demo") return await demo(settings, positionals.slice(1));
    addPositionals(settings, positionals);
    addEnvironment(settings, (name) => Deno.env.get(name));
    return await run(settings, resolve(settings));
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    print(Deno.stderr, `hadro: ${error.report}\n`);
    return ExitCode.USAGE;
  }
}

interface SplitWords {
  readonly settings: Settings;
  readonly positionals: readonly string[];
  /** Of the request to explain. */
  readonly headers: readonly string[];
  /** Help or the version was asked for, and printed. */
  readonly isDone: boolean;
}

/** Lets commander split the words; items keep the order in which they were written. @throws {ConfigError} */
function splitWords(args: readonly string[]): SplitWords {
  const settings = new Settings();
  const headers: string[] = [];
  const program = new Command("hadro")
    .argument("[words...]")
    .version(VERSION, "-V, --version")
    .helpOption("-h, --help")
    .allowExcessArguments()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => print(Deno.stdout, text.endsWith("\n") ? text : `${text}\n`),
      writeErr: () => {},
    });
  program.helpInformation = fullHelp;
  for (const flag of FLAGS) {
    const source = flag.short === undefined ? `--${flag.name}` : `-${flag.short}`;
    const usage = flagUsage(flag).trim().replace("…", flag.takesSeveral === true ? "..." : "").replace(
      /<.*=/,
      "<",
    );
    program.addOption(
      new Option(usage, flag.text).argParser((value: string | undefined): string => {
        const text = value ?? ""; // a switch has none
        if (flag.type === "item") settings.addItem(flag.name as ItemWord["kind"], source, text);
        else settings.add(flag.name, source, text);
        return text;
      }),
    );
  }
  program.addOption(
    new Option("-H, --header <header>", "A header of the request to explain.").argParser((text: string) => {
      headers.push(text);
      return text;
    }),
  );
  try {
    program.parse([...args], { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return { settings, positionals: [], headers, isDone: true };
    throw new ConfigError(
      `${
        error.message.replace(/^error: /, "Cannot read the command line: ").replaceAll("\n", " ")
      }; see hadro --help`,
    );
  }
  return { settings, positionals: program.args, headers, isDone: false };
}

/** Shorthand: the first word is the listener, the others are its servers. @throws {ConfigError} beside -l. */
function addPositionals(settings: Settings, words: readonly string[]): void {
  if (words.length === 0) return;
  if (settings.items.length > 0) {
    throw new ConfigError(
      `Cannot use "${words[0]}" beside -l, -b or -r: write -b ${words[0]} or leave the flags`,
    );
  }
  if (words.length === 1 && !words[0].includes(",redirect=")) {
    throw new ConfigError(
      `Cannot start: "${words[0]}" is a listener without a server; write hadro ${words[0]} localhost:3000`,
    );
  }
  settings.addItem("listen", "<listen>", words[0]);
  for (const word of words.slice(1)) settings.addItem("backend", "<backend>", word);
}

/** `explain REQUEST`, then words as for a run. @throws {ConfigError} */
function explain(settings: Settings, words: readonly string[], headers: readonly string[]): number {
  if (words.length === 0) {
    throw new ConfigError(
      "Cannot explain: there is no request; write hadro explain http://app.test/api/x -l :8080 -b :3000",
    );
  }
  addPositionals(settings, words.slice(1));
  addEnvironment(settings, (name) => Deno.env.get(name));
  return runExplain(resolve(settings), words[0], headers);
}

function demo(settings: Settings, words: readonly string[]): Promise<number> {
  return runDemo((ports) => {
    if (settings.items.length === 0) settings.addItem("listen", "demo", words[0] ?? DEMO_LISTEN);
    for (const port of ports) settings.addItem("backend", "demo", `127.0.0.1:${port}`);
    addEnvironment(settings, (name) => Deno.env.get(name));
    return resolve(settings);
  }, (config) => run(settings, config));
}

function run(settings: Settings, config: Config): number | Promise<number> {
  return settings.has("dry-run") ? dryRun(config) : runProxy(config);
}

function resolve(settings: Settings): Config {
  return resolveConfig(settings, { isStdoutTerminal: Deno.stdout.isTerminal() });
}

function hasEnvironmentItems(): boolean {
  return (Deno.env.get("HADRO_LISTEN") ?? "") !== "";
}

function print(sink: { writeSync(bytes: Uint8Array): number }, text: string): void {
  sink.writeSync(new TextEncoder().encode(text));
}
