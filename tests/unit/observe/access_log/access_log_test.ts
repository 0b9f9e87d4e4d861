/** Opening the log that a configuration asks for: real files, real pipes. @module */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { LogConfig } from "../../../../src/config/model.ts";
import {
  type AccessLog,
  LogFileError,
  newFormat,
  openAccessLog,
} from "../../../../src/observe/access_log/access_log.ts";
import { FormatCombined } from "../../../../src/observe/access_log/format_combined.ts";
import { FormatHaproxy } from "../../../../src/observe/access_log/format_haproxy.ts";
import { FormatJson } from "../../../../src/observe/access_log/format_json.ts";
import { FormatTty } from "../../../../src/observe/access_log/format_tty.ts";
import { httpRecord, lineOf } from "../../../support/access_log/records.ts";

let directory = "";
beforeEach(async () => void (directory = await Deno.makeTempDir()));
afterEach(() => Deno.remove(directory, { recursive: true }));

function config(changes: Partial<LogConfig>): LogConfig {
  return { format: "custom", pattern: "%ST", file: `${directory}/access.log`, full: "drop", ...changes };
}

function open(changes: Partial<LogConfig> = {}, told: string[] = []): AccessLog {
  return openAccessLog(config(changes), { onError: (message) => told.push(message), hasColour: false });
}

function log(accessLog: AccessLog, ...numbers: number[]): void {
  for (const status of numbers) accessLog.logStream(httpRecord({ status }));
}

describe("openAccessLog", () => {
  it("writes lines to the file, and all of them by its end", async () => {
    const accessLog = open();
    expect(accessLog.enabled).toBe(true);
    log(accessLog, 200, 404);
    expect(await accessLog.close(5_000)).toBe(0);
    expect(await Deno.readTextFile(`${directory}/access.log`)).toBe("200\n404\n");
  });

  it("appends to a file that exists", async () => {
    await Deno.writeTextFile(`${directory}/access.log`, "before\n");
    const accessLog = open();
    log(accessLog, 200);
    await accessLog.close(5_000);
    expect(await Deno.readTextFile(`${directory}/access.log`)).toBe("before\n200\n");
  });

  it("writes at the end of the turn when it blocks", async () => {
    const accessLog = open({ full: "block" });
    log(accessLog, 200);
    accessLog.flushSoon();
    expect(Deno.readTextFileSync(`${directory}/access.log`)).toBe("200\n");
    await accessLog.close(5_000);
  });

  it("goes on in a new file after a rotation", async () => {
    const accessLog = open({ full: "block" });
    log(accessLog, 200);
    accessLog.flushSoon();
    await Deno.rename(`${directory}/access.log`, `${directory}/access.log.1`);
    log(accessLog, 201);
    accessLog.flushSoon();
    accessLog.reopen();
    log(accessLog, 202);
    await accessLog.close(5_000);
    expect(await Deno.readTextFile(`${directory}/access.log.1`)).toBe("200\n201\n");
    expect(await Deno.readTextFile(`${directory}/access.log`)).toBe("202\n");
  });

  it("goes on with the old file when the new one cannot be opened, and says so", async () => {
    const told: string[] = [];
    const accessLog = open({ full: "block" }, told);
    await Deno.rename(`${directory}/access.log`, `${directory}/access.log.1`);
    await Deno.mkdir(`${directory}/access.log`);
    accessLog.reopen();
    log(accessLog, 200);
    await accessLog.close(5_000);
    expect(await Deno.readTextFile(`${directory}/access.log.1`)).toBe("200\n");
    expect(told).toEqual([
      `Cannot open log file "${directory}/access.log": Is a directory (os error 21); going on with the old file`,
    ]);
  });

  it("refuses a file that cannot be opened, and says which and why", () => {
    const file = `${directory}/none/access.log`;
    const message = `Cannot open log file "${file}": No such file or directory (os error 2)`;
    expect(() => open({ file })).toThrow(new LogFileError(message));
  });

  it("writes nothing and opens nothing when it is off", async () => {
    const accessLog = open({ format: "off" });
    expect(accessLog.enabled).toBe(false);
    log(accessLog, 200);
    accessLog.flushSoon();
    accessLog.reopen();
    expect(await accessLog.close(5_000)).toBe(0);
    await expect(Deno.stat(`${directory}/access.log`)).rejects.toThrow(Deno.errors.NotFound);
  });
});

const SRC = new URL("../../../../src/", import.meta.url).href;

/** A program that logs to its standard output until it is told that its reader is gone. */
const PROGRAM = (full: string) => `
import { openAccessLog } from "${SRC}observe/access_log/access_log.ts";
import { newLogRecord } from "${SRC}proxy/log_record.ts";
let isGone = false;
const onError = (message) => { console.error(message); isGone = true; };
const config = { format: "custom", pattern: "line", file: "-", full: "${full}" };
const log = openAccessLog(config, { onError, hasColour: false });
const record = newLogRecord(0);
while (!isGone) {
  log.logStream(record);
  log.flushSoon();
  await new Promise((resolve) => setTimeout(resolve));
}
log.reopen();
log.logStream(record);
console.error("lost some:", await log.close(1000) > 0);
`;

describe("standard output whose reader is gone", () => {
  it.each(["drop", "block"])("with --log-full %s is told in words, and the program goes on", async (full) => {
    const command = new Deno.Command(Deno.execPath(), {
      args: ["eval", "--quiet", PROGRAM(full)],
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    });
    const child = command.spawn();
    const reader = child.stdout.getReader();
    const first = await reader.read();
    expect(new TextDecoder().decode(first.value)).toMatch(/^line\n/);
    await reader.cancel();
    const told = await new Response(child.stderr).text();
    expect(told).toBe(
      "access log: the reader is gone (Broken pipe (os error 32)); lines are dropped from now on, traffic goes on\n" +
        "lost some: true\n",
    );
    expect((await child.status).code).toBe(0);
  });
});

describe("newFormat", () => {
  it.each(
    [["json", FormatJson], ["haproxy", FormatHaproxy], ["combined", FormatCombined], [
      "tty",
      FormatTty,
    ]] as const,
  )(
    "makes %s",
    (format, type) => expect(newFormat(config({ format }), false)).toBeInstanceOf(type),
  );

  it("compiles a custom pattern", () => {
    expect(lineOf(newFormat(config({ pattern: "%ST!" }), false), httpRecord())).toBe("200!");
  });

  it("gives the tty format colours when asked", () => {
    expect(lineOf(newFormat(config({ format: "tty" }), true), httpRecord())).toContain("\x1b[32m200");
    expect(lineOf(newFormat(config({ format: "tty" }), false), httpRecord())).not.toContain("\x1b");
  });

  it("has nothing to make for off", () => {
    expect(() => newFormat(config({ format: "off" }), false)).toThrow(
      new RangeError("the format off writes nothing"),
    );
  });
});
