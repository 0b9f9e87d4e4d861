/** Custom formats: what they write as HAProxy 2.6 does, and what is told to who writes a wrong one. @module */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compileLogFormat, LogFormatError } from "../../../../src/observe/access_log/compile.ts";
import { VARIABLES } from "../../../../src/observe/access_log/variables.ts";
import { badRequestRecord, droppedLineOf, httpRecord, lineOf } from "../../../support/access_log/records.ts";

function line(pattern: string, record = httpRecord()): string {
  return lineOf(compileLogFormat(pattern), record);
}

function errorOf(pattern: string): string {
  try {
    compileLogFormat(pattern);
  } catch (error) {
    expect(error).toBeInstanceOf(LogFormatError);
    return (error as Error).message;
  }
  throw new Error(`${pattern} compiles`);
}

describe("a custom format", () => {
  it.each([
    ["text alone", "hello", "hello"],
    ["nothing", "", ""],
    ["a variable alone", "%ci", "10.0.1.2"],
    ["variables side by side", "%ci:%cp[%ST]%B", "10.0.1.2:33317[200]2750"],
    ["the longest name", "%tsc %ts", "---- --"],
    ["a percent sign", "100%%ST", "100%ST"],
    ["a percent sign before a variable", "%%%ST", "%200"],
    ["escapes", String.raw`a\tb\nc\"d\\e\%f`, 'a\tb\nc"d\\e%f'],
    ["a backslash at the end", "a\\", "a\\"],
    ["text outside ASCII", "é %ST", "é 200"],
    ["braces without a percent sign", "{%ST}", "{200}"],
  ])("%s", (_, pattern, text) => expect(line(pattern)).toBe(text));

  it("may begin again for the next line with nothing left of the last", () => {
    const format = compileLogFormat(" %ST %ci");
    expect(lineOf(format, httpRecord())).toBe("200 10.0.1.2");
    expect(lineOf(format, httpRecord({ status: 404 }))).toBe("404 10.0.1.2");
  });

  it("says in words how many lines were dropped", () => {
    expect(droppedLineOf(compileLogFormat("%ST"), 7)).toBe("hadro: 7 log lines dropped");
  });

  it("writes any text without % and \\ as it stands, its spaces merged", () => {
    const text = fc.string().map((value) => value.replace(/[%\\]/g, "_"));
    fc.assert(fc.property(text, (value) => {
      expect(line(value)).toBe(value.replace(/ +/g, " ").replace(/^ /, "").toWellFormed());
    }));
  });
});

describe("spaces in a custom format", () => {
  it.each([
    ["several are one", "%ST   %ci", "200 10.0.1.2"],
    ["those at the beginning are none", "  %ST", "200"],
    [
      "those around a variable that writes nothing are one",
      "%ST %hr %hs %{+Q}r",
      '200 "GET /index.html HTTP/1.1"',
    ],
    ["the one before nothing stays", "%ST %hr", "200 "],
    ["an escaped one stands for itself", String.raw`%ST\ \  %ci`, "200   10.0.1.2"],
    ["an escaped one at the beginning stays", String.raw`\ %ST`, " 200"],
  ])("%s", (_, pattern, text) => expect(line(pattern)).toBe(text));

  it("leave HAProxy's own httplog as HAProxy writes it", () => {
    const pattern = "%ci:%cp [%trg] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc " +
      "%ac/%fc/%bc/%sc/%rc %sq/%bq %hr %hs %{+Q}r";
    expect(line(pattern)).toBe(
      "10.0.1.2:33317 [23/Nov/2026:02:45:41 +0000] http-in static/srv1 10/0/30/69/109 200 2750 - - ---- " +
        '4/3/2/1/0 0/0 "GET /index.html HTTP/1.1"',
    );
  });
});

describe("flags in a custom format", () => {
  it.each([
    ["+Q puts a text between quotes", "%{+Q}b %b", '"static" static'],
    ["+Q leaves numbers, dates and states", "%{+Q}ST %{+Q}trg %{+Q}ts", "200 23/Nov/2026:02:45:41 +0000 --"],
    ["+Q of an absent text is an empty one", "%{+Q}CC %CC", '"" -'],
    ["+Q of what writes nothing is nothing", "%ST %{+Q}hr %ci", "200 10.0.1.2"],
    ["+Q of o holds from there on", "%b %{+Q}o%b %s %ST", 'static "static" "srv1" 200'],
    ["-Q of o ends it", "%{+Q}o%b %{-Q}o%s", '"static" srv1'],
    ["-Q of a variable makes an exception", "%{+Q}o%{-Q}b %s", 'static "srv1"'],
    ["o alone writes and changes nothing", "%o%b", "static"],
    ["+X writes an IPv4 address in hexadecimal", "%{+X}ci", "0A000102"],
    ["+X writes ports with four digits", "%{+X}cp %{+X}sp", "8225 2328"],
    ["+X leaves other numbers and texts", "%{+X}ST %{+X}b", "200 static"],
    ["+X of o holds from there on", "%cp %{+X}o%cp %{-X}cp", "33317 8225 33317"],
    ["flags together", "%{+Q,+X}ci", '"0A000102"'],
    ["the last of two contrary flags", "%{+Q,-Q}b", "static"],
    ["no flag between the braces", "%{}b", "static"],
  ])("%s", (_, pattern, text) => expect(line(pattern)).toBe(text));

  it("writes HAProxy's clf as HAProxy does", () => {
    const pattern = '%{+Q}o %{-Q}ci - - [%trg] %r %ST %B "" "" %cp %ms %ft %b %s %TR %Tw %Tc %Tr %Ta %tsc ' +
      "%ac %fc %bc %sc %rc %sq %bq %CC %CS";
    expect(line(pattern)).toBe(
      '10.0.1.2 - - [23/Nov/2026:02:45:41 +0000] "GET /index.html HTTP/1.1" 200 2750 "" "" 33317 123 ' +
        '"http-in" "static" "srv1" 10 0 30 69 109 ---- 4 3 2 1 0 0 0 "" ""',
    );
  });

  it("writes a bad request between quotes", () => {
    expect(line("%{+Q}r %{+Q}s %{+Q}si", badRequestRecord())).toBe('"<BADREQ>" "<NOSRV>" ""');
  });
});

describe("a wrong custom format", () => {
  const known = Object.keys(VARIABLES).map((name) => `%${name}`).join(" ");

  it.each([
    ["a name in the wrong case", "%ST %CI", 5, "CI", "ci"],
    ["a name with a neighbour of the same letter", "%sx", 1, "sx", "s"],
    ["a name of Object's", "%constructor", 1, "constructor", "ci"],
    ["a name that goes on too long", "%cix", 1, "cix", "ci"],
    ["with flags, at its percent sign", "%ci %{+Q}foo", 5, "foo", "ft"],
  ])("with %s is refused with column, suggestion and all names", (_, pattern, column, name, near) => {
    expect(errorOf(pattern)).toBe(
      `Cannot use log variable "%${name}" at column ${column}: no such variable; did you mean "%${near}"? ` +
        `Known: ${known}`,
    );
  });

  it("with a name unlike any is refused without a suggestion", () => {
    expect(errorOf("a %zz")).toBe(
      `Cannot use log variable "%zz" at column 3: no such variable. Known: ${known}`,
    );
  });

  it.each([
    ["a percent sign at the end", "50%", 3],
    ["a percent sign before a space", "50% of %ST", 3],
    ["flags without a name", "a%{+Q}", 2],
  ])("with %s is told how to write one", (_, pattern, column) => {
    expect(errorOf(pattern)).toBe(
      `Cannot use log format at column ${column}: "%" without the name of a variable; write %% for a percent sign`,
    );
  });

  it.each(["%[src]", "%[req.hdr(host)]", "%["])(
    "with the sample expression %s is told which ones there are",
    (text) => {
      expect(errorOf(`%ci ${text}`)).toBe(
        "Cannot use log format at column 5: of HAProxy's sample expressions, %[…], hadro knows " +
          "%[ssl_fc_sni] %[ssl_fc_alpn] %[ssl_fc_is_resumed] %[ssl_c_s_dn]",
      );
    },
  );

  it("with an open brace is refused", () => {
    expect(errorOf("%ci %{+Q")).toBe('Cannot use log format at column 5: "{" without "}"');
  });

  it.each([["+E"], ["Q"], ["+q"], ["+QX"], ["raw"]])("with the flag %s is refused", (flag) => {
    expect(errorOf(`%ci %{${flag}}ST`)).toBe(
      `Cannot use log format flag "${flag}" at column 5: no such flag; flags are +Q, -Q, +X, -X`,
    );
  });

  it("is refused with a LogFormatError or written, never anything else", () => {
    const unit = fc.constantFrom("%", "{", "}", "+Q", "-X", "o", "ci", "\\", " ", '"', "ST", "[", "z");
    fc.assert(fc.property(fc.array(unit, { maxLength: 8 }), (units) => {
      try {
        line(units.join(""));
      } catch (error) {
        expect(error).toBeInstanceOf(LogFormatError);
      }
    }));
  });
});
