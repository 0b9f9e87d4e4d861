/**
 * What was written on the command line and in the environment, before it means anything: words with their sources.
 *
 *     a flag beats the environment; any -l, -b, -r or positional word replaces all items of the environment;
 *     a switch's variable is on unless it is empty, 0, no, off or false
 *
 * May import: config.
 *
 * @module
 */
import { defaultText, environmentName, FLAGS } from "./catalogue.ts";
import type { WordPlace } from "./config_error.ts";

/** A word of --listen, --backend or --route, in the order written. */
export interface ItemWord {
  readonly kind: "listen" | "backend" | "route";
  readonly source: string;
  readonly word: string;
}

/** A flag's text with its place, for messages. */
export interface SettingText {
  readonly text: string;
  readonly place: WordPlace;
}

/** Everything written. */
export class Settings {
  readonly items: ItemWord[] = [];
  readonly #texts = new Map<string, SettingText[]>();

  addItem(kind: ItemWord["kind"], source: string, word: string): void {
    this.items.push({ kind, source, word });
  }

  /** Adds a value of a flag that is no item. */
  add(name: string, source: string, text: string): void {
    const list = this.#texts.get(name) ?? [];
    list.push({ text, place: { source, word: text, column: 0 } });
    this.#texts.set(name, list);
  }

  has(name: string): boolean {
    return this.#texts.has(name);
  }

  /** Every value of a repeatable flag. */
  all(name: string): readonly SettingText[] {
    return this.#texts.get(name) ?? [];
  }

  /** The last value, or the default of the catalogue. */
  last(name: string): SettingText {
    const text = defaultText(name);
    return this.#texts.get(name)?.at(-1) ?? { text, place: { source: `--${name}`, word: text, column: 0 } };
  }
}

/** Takes over the environment where no flag said otherwise; lists are split at spaces outside of quotes, headers at newlines. */
export function addEnvironment(settings: Settings, read: (name: string) => string | undefined): void {
  const hasItems = settings.items.length > 0;
  for (const flag of FLAGS) {
    const source = environmentName(flag);
    const value = read(source);
    if (value === undefined || value === "") continue;
    if (flag.type === "switch" && /^(0|no|off|false)$/i.test(value)) continue;
    if (flag.type === "item") {
      if (hasItems) continue;
      // What stands in quotes holds together, spaces too.
      for (const [word] of value.matchAll(/(?:[^\s"]|"[^"]*"?)+/g)) {
        settings.addItem(flag.name as ItemWord["kind"], source, word);
      }
    } else if (!settings.has(flag.name)) {
      const separator = flag.type === "header" ? /\n/ : /\s+/;
      const words = flag.isRepeatable === true ? value.split(separator) : [value];
      for (const word of words) if (word !== "") settings.add(flag.name, source, word);
    }
  }
}
