/**
 * Command lines as a test writes them, without commander: `HADRO_LB=first hadro -l :8080 -b :1 ':2,name="a b"'`.
 *
 * Words are split at spaces; single quotes keep them together.
 *
 * @module
 */
import { FLAGS } from "../../../src/config/catalogue.ts";
import { ConfigError } from "../../../src/config/config_error.ts";
import type { Config } from "../../../src/config/model.ts";
import { resolveConfig, type Surroundings } from "../../../src/config/resolve.ts";
import { addEnvironment, type ItemWord, Settings } from "../../../src/config/settings.ts";

/** A parsed line: what comes before `hadro`, and what comes behind it. */
interface Written {
  readonly environment: ReadonlyMap<string, string>;
  readonly words: readonly string[];
}

/** Returns what a line says, flags before the environment. The word `hadro` may be left out where no variable is set. */
export function settingsOf(line: string): Settings {
  const { environment, words } = split(line);
  const settings = new Settings();
  const positionals: string[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    const flag = FLAGS.find(({ name, short }) => word === `--${name}` || word === `-${short ?? ""}`);
    if (flag === undefined) {
      positionals.push(word);
    } else if (flag.type === "switch") {
      settings.add(flag.name, word, "");
    } else if (flag.type === "item") {
      do settings.addItem(flag.name as ItemWord["kind"], word, words[++i]!); while (
        flag.takesSeveral === true && i + 1 < words.length && !words[i + 1]!.startsWith("-")
      );
    } else {
      settings.add(flag.name, word, words[++i]!);
    }
  }
  for (const [i, word] of positionals.entries()) {
    if (i === 0) settings.addItem("listen", "<listen>", word);
    else settings.addItem("backend", "<backend>", word);
  }
  addEnvironment(settings, (name) => environment.get(name));
  return settings;
}

/** Returns the configuration that a line means. @throws {ConfigError} */
export function configOf(line: string, surroundings: Surroundings = { isStdoutTerminal: false }): Config {
  return resolveConfig(settingsOf(line), surroundings);
}

/** Returns the report of the refusal that `run` throws. @throws {Error} when it refuses nothing. */
export function refusalOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof ConfigError) return error.report;
    throw error;
  }
  throw new Error("Nothing was refused");
}

function split(line: string): Written {
  const words = [...line.matchAll(/([A-Z_]+=)?'([^']*)'|\S+/g)].map(([whole, name, quoted]) =>
    quoted === undefined ? whole : `${name ?? ""}${quoted}`
  );
  const start = words.indexOf("hadro");
  const environment = words.slice(0, Math.max(0, start)).map((word): [string, string] => {
    const equals = word.indexOf("=");
    return [word.slice(0, equals), word.slice(equals + 1)];
  });
  return { environment: new Map(environment), words: words.slice(start + 1) };
}
