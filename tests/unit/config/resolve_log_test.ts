/** Which format the log has: as it is written, or as standard output suggests. @module */
import { describe, expect, it } from "vitest";
import { configOf } from "../../support/config/written.ts";

describe("the log's format", () => {
  it.each([
    ["auto is json where standard output is no terminal", "", false, "json"],
    ["auto is readable on a terminal", "", true, "tty"],
    ["auto is json when the log goes to a file, even on a terminal", "--log-file a.log", true, "json"],
    ["auto can be written", "--log auto", true, "tty"],
    ["json on a terminal when it is asked for", "--log json", true, "json"],
    ["tty in a file when it is asked for", "--log tty --log-file a.log", false, "tty"],
    ["haproxy", "--log haproxy", true, "haproxy"],
    ["combined", "--log combined", true, "combined"],
    ["off", "--log off", true, "off"],
  ])("%s", (_, flags, isStdoutTerminal, format) => {
    const { log } = configOf(`hadro 1 :2 ${flags}`, { isStdoutTerminal });
    expect([log.format, log.pattern]).toEqual([format, ""]);
  });
  it("is the user's own when it has a percent sign", () => {
    const { log } = configOf("hadro 1 :2 --log '%ci %ST'", { isStdoutTerminal: true });
    expect([log.format, log.pattern]).toEqual(["custom", "%ci %ST"]);
  });
});
