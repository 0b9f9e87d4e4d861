/** Users as people write them; what is wrong with them is said without repeating them. @module */
import { describe, expect, it } from "vitest";
import { readUser } from "../../../src/config/auth_values.ts";
import { configOf, refusalOf } from "../../support/config/written.ts";

const HASH = "$2b$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK";
const HELP = "write 'user:$2y$10$…', as htpasswd -nB user prints it, in single quotes";

describe("a user", () => {
  it("has a name and a hash", () => {
    const place = { source: "--auth", word: "", column: 0 };
    expect(readUser("auth", `ann:${HASH}`, place)).toEqual({ name: "ann", hash: HASH });
    expect(readUser("auth", `a+b@c.test:${HASH}`, place).name).toBe("a+b@c.test");
  });
  it("of a listener replaces those of the flags", () => {
    const users = (line: string) =>
      configOf(line).listeners.map(({ limits }) => limits.users.map(({ name }) => name));
    const own = `-l ':80,auth=bob:${HASH}+cid:${HASH}' -b :1 -l :81,auth=off -b :2 -l :82 -b :3`;
    expect(users(`hadro ${own} --auth 'ann:${HASH}' --auth 'dan:${HASH}'`)).toEqual([
      ...[["bob", "cid"], [], ["ann", "dan"]],
    ]);
  });
  it.each([
    [
      "--auth ann:secret",
      `what is behind the colon is no bcrypt hash; ${HELP}\n  --auth ann:******\n         ^`,
    ],
    ["--auth secret", `it is no user:hash; ${HELP}\n  --auth ******\n         ^`],
    [
      `--auth ann:${HASH.replace("05", "31")}`,
      `the cost 31 is not from 04 to 12; ${HELP}\n  --auth ann:${"*".repeat(60)}\n         ^`,
    ],
    [
      `--auth ann:${HASH.replace("2b", "2x")}`,
      `$2x$ hashes come from a bug and are not read; ${HELP}\n  --auth ann:${"*".repeat(60)}\n         ^`,
    ],
  ])("%s is refused, in stars", (flags, report) => {
    expect(refusalOf(() => configOf(`hadro 80 :1 ${flags}`))).toBe(`Cannot use auth: ${report}`);
  });
  it("in a key is shown in stars, whatever is wrong with the word", () => {
    const refused = (item: string) => refusalOf(() => configOf(`hadro -l '${item}' -b :1`));
    expect(refused(":80,auth=ann:secret+bob:more,name=x")).toBe(
      `Cannot use auth: what is behind the colon is no bcrypt hash; ${HELP}\n` +
        `  -l :80,auth=ann:******+bob:****,name=x\n              ^`,
    );
    for (
      const item of [
        ":80,auth=ann:secret,nme=x",
        ":80,auth=ann:secret,auth=bob:secret",
        "tcp://:80,auth=ann:secret",
      ]
    ) {
      expect(refused(item)).not.toContain("secret");
    }
  });
  it("cannot be asked for by tcp: it would be open to everyone", () => {
    expect(refusalOf(() => configOf(`hadro -l tcp://:80 -b :1 --auth 'ann:${HASH}'`)).split("\n")[0]).toBe(
      "Cannot use auth with -l tcp://:80: tcp has no requests that it could ask; write auth=off there",
    );
    expect(configOf(`hadro -l tcp://:80,auth=off -b :1 --auth 'ann:${HASH}'`).listeners[0]!.limits.users)
      .toEqual([]);
  });
});
