/** Values by type: what is read, at the bounds and beyond. All refusals in words: tests/fixtures/config/refusals.md. @module */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ConfigError } from "../../../src/config/config_error.ts";
import type { WordPlace } from "../../../src/config/config_error.ts";
import {
  readChoice,
  readCidr,
  readCount,
  readCountOrAuto,
  readDurationMs,
  readHeaderRule,
  readHostPolicy,
  readSizeBytes,
} from "../../../src/config/values.ts";
import { refusalOf } from "../../support/config/written.ts";

const PLACE: WordPlace = { source: "--flag", word: "word", column: 1 };

/** The first line of the refusal that `run` throws. */
function refusedWords(run: () => unknown): string {
  return refusalOf(run).split("\n")[0]!;
}

describe("every reader", () => {
  it.each<[string, () => unknown]>([
    ["a duration", () => readDurationMs("x", "?", PLACE)],
    ["a duration of nothing", () => readDurationMs("x", "0", PLACE)],
    ["a size", () => readSizeBytes("x", "?", PLACE)],
    ["a count", () => readCount("x", "?", PLACE)],
    ["a count or auto", () => readCountOrAuto("x", "?", PLACE, 2)],
    ["a choice", () => readChoice("x", "?", ["a"], PLACE)],
    ["a host policy", () => readHostPolicy("x", "?", PLACE)],
    ["a header", () => readHeaderRule("x", "?", PLACE)],
    ["a range", () => readCidr("x", "?", PLACE)],
  ])("points at the word that it refuses: %s", (_, read) => {
    try {
      read();
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(ConfigError);
      expect((error as ConfigError).place).toBe(PLACE);
    }
  });
});

describe("durations", () => {
  it.each([["1", 1], ["1ms", 1], ["5s", 5_000], ["24d", 2_073_600_000]])("%s is %i ms", (text, valueMs) => {
    expect(readDurationMs("--drain", text, PLACE)).toBe(valueMs);
  });
  it.each(["0", "0ms", "0d"])("%s is refused: every timeout ends", (text) => {
    expect(refusedWords(() => readDurationMs("--drain", text, PLACE)))
      .toBe(`Cannot use --drain "${text}": it must be at least 1ms`);
  });
});

describe("sizes", () => {
  it.each([["0", 0], ["16k", 16_384], ["1024g", 1_024 ** 4]])("%s is %i bytes", (text, bytes) => {
    expect(readSizeBytes("--max-mem", text, PLACE)).toBe(bytes);
  });
});

describe("counts", () => {
  it("are whole numbers between their bounds, 0 to a million when nothing else is said", () => {
    const read = (text: string) => readCount("--maxconn", text, PLACE);
    expect(["0", "007", "1000000"].map(read)).toEqual([0, 7, 1_000_000]);
    for (const text of ["1000001", "1000000000", "-1", "+1", "1.0", "1e3", "0x1", "", " 1", "1\n"]) {
      expect(refusalOf(() => read(text))).toContain(
        `Cannot use --maxconn "${text}": it must be a whole number from 0 to 1000000`,
      );
    }
  });
  it("are accepted exactly from the least to the most", () => {
    const number = fc.integer({ min: 0, max: 1_000 });
    fc.assert(fc.property(number, number, number, (value, min, max) => {
      const isAccepted = value >= min && value <= max;
      if (isAccepted) expect(readCount("x", String(value), PLACE, min, max)).toBe(value);
      else {
        expect(refusedWords(() => readCount("x", String(value), PLACE, min, max)))
          .toBe(`Cannot use x "${value}": it must be a whole number from ${min} to ${max}`);
      }
    }));
  });
});

describe("counts that may be auto", () => {
  it.each([["auto", 0], ["1", 1], ["64", 64]])("%s is %i", (text, count) => {
    expect(readCountOrAuto("--threads", text, PLACE, 64)).toBe(count);
  });
  it.each(["0", "65", "-1", "Auto", "", "1x"])("not %j", (text) => {
    expect(refusedWords(() => readCountOrAuto("--threads", text, PLACE, 64)))
      .toBe(`Cannot use --threads "${text}": it must be auto or a whole number from 1 to 64`);
  });
});

describe("choices", () => {
  it("are taken as they are, and only so", () => {
    expect(readChoice("--lb", "first", ["random", "first"], PLACE)).toBe("first");
    expect(refusedWords(() => readChoice("--lb", "First", ["random", "first"], PLACE)))
      .toBe('Cannot use --lb "First": no such choice; did you mean "first"?');
  });
});

describe("host policies", () => {
  it.each([
    ["client", { kind: "client" }],
    ["backend", { kind: "backend" }],
    ["app.test", { kind: "name", name: "app.test" }],
    ["app.test:1", { kind: "name", name: "app.test:1" }],
    ["app.test:8080", { kind: "name", name: "app.test:8080" }],
    ["10.0.0.1", { kind: "name", name: "10.0.0.1" }],
  ])("%s", (text, policy) => expect(readHostPolicy("--host", text, PLACE)).toEqual(policy));

  it.each(["", "a b", "a/b", "a:", "a:x", "a:123456", "a\nb", "a\r\nX-B: c", "a,b", "ü"])(
    "not %j",
    (text) => {
      const read = () => readHostPolicy("--host", text, PLACE);
      expect(refusalOf(read)).toContain(`Cannot use --host "${text}": write client, backend, or a host name`);
    },
  );
});

describe("header rules", () => {
  it.each([
    ["X-A: b", { action: "set", name: "X-A", value: "b" }],
    ["X-A:b", { action: "set", name: "X-A", value: "b" }],
    ["X-A:  b c\t", { action: "set", name: "X-A", value: "b c" }],
    ["X-A: b:c", { action: "set", name: "X-A", value: "b:c" }],
    [" X-A : b ", { action: "set", name: "X-A", value: "b" }],
    ["X-A:", { action: "set", name: "X-A", value: "" }],
    ["X-A: a\tb", { action: "set", name: "X-A", value: "a\tb" }],
    ["X-A: caf\u00e9", { action: "set", name: "X-A", value: "caf\u00e9" }],
    ["+X-A: b", { action: "add", name: "X-A", value: "b" }],
    ["-X-A", { action: "delete", name: "X-A", value: "" }],
    ["!#$%&'*+.^_`|~09z: b", { action: "set", name: "!#$%&'*+.^_`|~09z", value: "b" }],
  ])("%j", (text, rule) => expect(readHeaderRule("--header-up", text, PLACE)).toEqual(rule));

  it.each(["\0", "\x01", "\n", "\r", "\x1f", "\x7f", "\u0100", "€"])("have no %j in a value", (character) => {
    const text = `X-A: b${character}c`;
    expect(refusalOf(() => readHeaderRule("--header-up", text, PLACE))).toContain(
      `Cannot use --header-up "${text}": the value has a control or non-Latin character; write "Name: value", ` +
        '"+Name: value" or "-Name"',
    );
  });
  it.each(["a b", "a(", "a@", "ü", ""])("have no name %j", (name) => {
    expect(refusalOf(() => readHeaderRule("--header-up", `${name}: b`, PLACE))).toContain(
      `Cannot use --header-up "${name}: b": "${name}" is no header name`,
    );
  });
  it.each([
    "Connection",
    "CONTENT-LENGTH",
    "keep-alive",
    "Proxy-Connection",
    "TE",
    "Trailer",
    "Transfer-Encoding",
    "Upgrade",
  ])("leave %s to hadro, whether it is set, added or removed", (name) => {
    for (const text of [`${name}: x`, `+${name}: x`, `-${name}`]) {
      expect(refusedWords(() => readHeaderRule("--header-down", text, PLACE))).toBe(
        `Cannot use --header-down "${text}": "${name}" is hadro's own; write "Name: value", "+Name: value" or "-Name"`,
      );
    }
  });
  it("never let a line end through, whatever is written", () => {
    const anyText = fc.string({ unit: fc.constantFrom(..."aX:+- \t\r\n\0é"), maxLength: 12 });
    fc.assert(fc.property(anyText, (text) => {
      try {
        const { name, value } = readHeaderRule("--header-up", text, PLACE);
        expect(`${name}: ${value}`).not.toMatch(/[\r\n\0]/);
        expect(name).not.toMatch(/[\s:]/);
      } catch (error) {
        expect(error).toBeInstanceOf(ConfigError);
      }
    }));
  });
});

describe("ranges", () => {
  it.each([
    ["10.0.0.0/8", { family: 4, bytes: [10, 0, 0, 0], prefixBits: 8 }],
    ["10.0.0.1", { family: 4, bytes: [10, 0, 0, 1], prefixBits: 32 }],
    ["0.0.0.0/0", { family: 4, bytes: [0, 0, 0, 0], prefixBits: 0 }],
    ["10.0.0.1/32", { family: 4, bytes: [10, 0, 0, 1], prefixBits: 32 }],
    ["::1", { family: 6, bytes: [...new Array<number>(15).fill(0), 1], prefixBits: 128 }],
    ["fd00::/8", { family: 6, bytes: [0xfd, ...new Array<number>(15).fill(0)], prefixBits: 8 }],
    ["::ffff:10.0.0.1", { family: 4, bytes: [10, 0, 0, 1], prefixBits: 32 }],
  ])("%s", (text, range) => expect(readCidr("--trust", text, PLACE)).toEqual(range));

  it.each(["", "/8", "10.0.0.0/-1", "10.0.0.0/08x", "10.0.0/8", "localhost/8", "[::1]/128"])(
    "not %j",
    (text) => {
      expect(refusalOf(() => readCidr("--trust", text, PLACE))).toContain("write 10.0.0.0/8 or fd00::/8");
    },
  );
});
