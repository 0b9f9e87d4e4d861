/**
 * Users as people write them: `user:hash`, the hash as `htpasswd -nB user` prints it.
 *
 *     user   visible ASCII without ":", and without "," and "+" in a key's value
 *     hash   "$2a$", "$2b$" or "$2y$", a cost of 04 to 12, "$", 53 characters
 *
 * Nothing of it is repeated in an error: it may be a password that was written by mistake.
 *
 * May import: config.
 *
 * @module
 */
import { ConfigError, type WordPlace } from "./config_error.ts";
import type { UserConfig } from "./model_limits.ts";

const COST_MIN = 4;
/** A fifth of a second of CPU for each new password; each step up doubles it. */
const COST_MAX = 12;
const USER = /^([!-9;-~]{1,64}):\$2([abxy])\$(\d\d)\$[./A-Za-z0-9]{53}$/;

/** @throws {ConfigError} */
export function readUser(what: string, text: string, place: WordPlace): UserConfig {
  const fail = (state: string): never => {
    throw new ConfigError(
      `Cannot use ${what}: ${state}; write 'user:$2y$10$…', as htpasswd -nB user prints it, in single quotes`,
      place,
    );
  };
  const match = USER.exec(text);
  if (match === null) {
    return fail(text.includes(":") ? "what is behind the colon is no bcrypt hash" : "it is no user:hash");
  }
  const [, name, variant, cost] = match;
  if (variant === "x") fail("$2x$ hashes come from a bug and are not read");
  if (Number(cost) < COST_MIN || Number(cost) > COST_MAX) {
    fail(`the cost ${cost} is not from 0${COST_MIN} to ${COST_MAX}`);
  }
  return { name: name!, hash: text.slice(name!.length + 1) };
}
