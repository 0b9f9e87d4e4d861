/**
 * Flags and cases of the benchmark, and the configurations made of them.
 *
 * @module
 */
import { describe, expect, it } from "vitest";
import { CASES, wrkArgs, wrkLine } from "../../../scripts/bench/cases.ts";
import {
  backendConfig,
  connectionsFor,
  haproxyConfig,
  nginxConfig,
  type ProxyPlan,
} from "../../../scripts/bench/configurations.ts";
import { parseOptions, UsageError } from "../../../scripts/bench/options.ts";
import { rowsOf, subjectOf } from "../../../scripts/bench/peers.ts";
import { checkAnswer } from "../../../scripts/bench/probe.ts";
import { parseStreamSupport } from "../../../scripts/bench/programs.ts";

const PLAN: ProxyPlan = {
  mode: "http",
  port: 1001,
  backendPort: 1002,
  isLogged: false,
  isForwarding: false,
  maxConnections: 20_000,
};

function caseOf(name: string) {
  const found = CASES.find((item) => item.name === name);
  if (found === undefined) throw new Error(`No case ${name}`);
  return found;
}

describe("parseOptions", () => {
  it("measures everything by default", () => {
    expect(parseOptions([])).toMatchObject({
      rounds: 5,
      seconds: 3,
      cases: CASES.map(({ name }) => name),
      peers: ["hadro", "haproxy", "nginx"],
      hadroFile: null,
      isForwarding: false,
    });
  });
  it("takes lists in the order of the cases, and flags for hadro", () => {
    const args = ["--cases", "tcp-new,http-new", "--peers=nginx,hadro", "--hadro-args", "--poller epoll"];
    expect(parseOptions(args)).toMatchObject({
      cases: ["http-new", "tcp-new"],
      peers: ["hadro", "nginx"],
      hadroArgs: ["--poller", "epoll"],
    });
  });
  it("adds base when it is described", () => {
    expect(parseOptions(["--base-args", "--poller deno"])?.peers).toEqual([
      "hadro",
      "base",
      "haproxy",
      "nginx",
    ]);
    expect(parseOptions(["--base", "x"])?.baseFile).toBe("x");
  });
  it("is null for help", () => expect(parseOptions(["-h"])).toBeNull());
  it.each([
    [["--rounds", "0"], "--rounds 0: a whole number"],
    [["--seconds", "1.5"], "--seconds 1.5: a whole number"],
    [["--cases", "nope"], "--cases nope: one of http-keepalive"],
    [["--cases", ","], "--cases: names one of"],
    [["--peers", "base"], "--peers base: name it with"],
    [["--nope"], "--nope"],
    [["stray"], "stray"],
  ])("refuses %j", (args, message) => {
    expect(() => parseOptions(args)).toThrow(UsageError);
    expect(() => parseOptions(args)).toThrow(message);
  });
});

describe("cases", () => {
  it("have command lines of wrk", () => {
    expect(wrkArgs(caseOf("tcp-new"), 1001, 3)).toEqual([
      "-t1",
      "-c32",
      "-d3s",
      "--latency",
      "-H",
      "Connection: close",
      "http://127.0.0.1:1001/",
    ]);
    expect(wrkLine(caseOf("http-headers"), 3)).toBe(
      "wrk -t1 -c32 -d3s --latency -s headers.lua http://127.0.0.1:PORT/",
    );
    expect(wrkLine(caseOf("http-new"), 3)).toContain('-H "Connection: close"');
  });
  it("send a request of 20 headers and about 700 bytes", async () => {
    const text = await Deno.readTextFile(
      new URL("../../../scripts/bench/headers.lua", import.meta.url).pathname,
    );
    const headers = [...text.matchAll(/^wrk\.headers\["(.+?)"\] = "(.*)"$/gm)];
    const lines = headers.map(([, name, value]) => `${name}: ${value.replaceAll('\\"', '"')}`);
    const request = ["GET / HTTP/1.1", "Host: 127.0.0.1:12345", ...lines, "", ""].join("\r\n");
    expect(lines.length + 1).toBe(20);
    expect(request.length).toBeGreaterThan(650);
    expect(request.length).toBeLessThan(750);
  });
  it("have a row per program, two where logs are compared", () => {
    const names = rowsOf(caseOf("http-log"), ["hadro", "nginx"]).map(({ name }) => name);
    expect(names).toEqual(["hadro-log", "hadro", "nginx-log", "nginx"]);
    expect(subjectOf(rowsOf(caseOf("http-log"), ["haproxy", "hadro"]))?.name).toBe("hadro-log");
    expect(subjectOf(rowsOf(caseOf("http-new"), ["haproxy"]))).toBeNull();
  });
});

describe("configurations", () => {
  it("of HAProxy speak of HTTP only in mode http", () => {
    const http = haproxyConfig(PLAN);
    expect(http).toContain("http-reuse safe");
    expect(http).not.toMatch(/log|forwardfor/);
    expect(haproxyConfig({ ...PLAN, mode: "tcp", isForwarding: true })).not.toMatch(
      /http-|httplog|forwardfor/,
    );
    expect(haproxyConfig({ ...PLAN, isLogged: true })).toMatch(
      /log stdout[^]*log global\n {4}option httplog/,
    );
    expect(haproxyConfig({ ...PLAN, isForwarding: true })).toMatch(/option forwardfor[^]*X-Forwarded-Host/);
  });
  it("of nginx load the stream module only for TCP, before anything else", () => {
    expect(nginxConfig(PLAN, "stream.so")).not.toMatch(/load_module|^stream/m);
    const tcp = nginxConfig({ ...PLAN, mode: "tcp" }, "stream.so");
    expect(tcp).toMatch(/^load_module stream\.so;\n/);
    expect(tcp).not.toContain("http");
    expect(nginxConfig({ ...PLAN, mode: "tcp" }, null)).not.toContain("load_module");
    expect(nginxConfig({ ...PLAN, isLogged: true }, null)).toContain("access_log /dev/null combined;");
  });
  it("balance their braces", () => {
    for (
      const text of [
        nginxConfig(PLAN, null),
        backendConfig(1, 9),
        nginxConfig({ ...PLAN, mode: "tcp" }, null),
      ]
    ) {
      expect(text.split("{").length).toBe(text.split("}").length);
    }
  });
  it("stay below the limit on open files", () => {
    expect(connectionsFor(Infinity)).toBe(20_000);
    expect(connectionsFor(20_000)).toBe(9_900);
    expect(connectionsFor(100)).toBe(256);
  });
});

describe("parseStreamSupport", () => {
  it("tells built in from a file and from nothing", () => {
    expect(parseStreamSupport("--with-stream --with-stream_ssl_module")).toBe("static");
    expect(parseStreamSupport("--with-stream_ssl_module --with-stream=dynamic")).toBe("dynamic");
    expect(parseStreamSupport("--with-stream_ssl_module")).toBe("none");
  });
});

describe("checkAnswer", () => {
  const check = (text: string) => checkAnswer(new TextEncoder().encode(text), caseOf("http-new"));
  it("takes a 200 with the whole body", () => {
    expect(() => check("HTTP/1.1 200 OK\r\nA: b\r\n\r\nhello world\n")).not.toThrow();
  });
  it("refuses the rest", () => {
    expect(() => check("HTTP/1.1 503 Nothing\r\n\r\n")).toThrow('answered "HTTP/1.1 503 Nothing"');
    expect(() => check("HTTP/1.1 200 OK\r\n\r\nhello")).toThrow("a body of 5 bytes, not 12");
    expect(() => check("")).toThrow('answered ""');
  });
});
