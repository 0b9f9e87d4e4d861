/**
 * Flags and cases of the benchmark, and the configurations made of them.
 *
 * @module
 */
import { describe, expect, it } from "vitest";
import {
  caseOf,
  CASES,
  fitConnections,
  secondsOf,
  UPLOAD_BODY_BYTES,
  wrkArgs,
  wrkLine,
} from "../../../scripts/bench/cases.ts";
import {
  backendConfig,
  connectionsFor,
  haproxyConfig,
  nginxConfig,
  type ProxyPlan,
} from "../../../scripts/bench/configurations.ts";
import { caddyConfig, nodeProxyProgram } from "../../../scripts/bench/configurations_optional.ts";
import { MEASUREMENTS } from "../../../scripts/bench/measurements.ts";
import { HELP, parseOptions, UsageError } from "../../../scripts/bench/options.ts";
import { missingPeers, missingTools } from "../../../scripts/bench/optional_peers.ts";
import { rowsOf, subjectOf } from "../../../scripts/bench/peers.ts";
import { checkAnswer, probeRequest } from "../../../scripts/bench/probe.ts";
import { parseStreamSupport } from "../../../scripts/bench/programs.ts";

const PLAN: ProxyPlan = {
  mode: "http",
  port: 1001,
  backendPort: 1002,
  isLogged: false,
  isForwarding: false,
  maxConnections: 20_000,
};

describe("parseOptions", () => {
  it("measures everything by default", () => {
    expect(parseOptions([])).toMatchObject({
      rounds: 5,
      seconds: 3,
      cases: [...CASES, ...MEASUREMENTS].map(({ name }) => name),
      peers: ["hadro", "haproxy", "nginx", "caddy", "node-http-proxy"],
      hasThreads: false,
      note: null,
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
      "caddy",
      "node-http-proxy",
    ]);
    expect(parseOptions(["--base", "x"])?.baseFile).toBe("x");
  });
  it("takes other measurements beside the cases, threads and a note", () => {
    const args = ["--cases", "start,http-new,latency", "--threads", "--note", "It was shared."];
    expect(parseOptions(args)).toMatchObject({
      cases: ["http-new", "start", "latency"],
      hasThreads: true,
      note: "It was shared.",
    });
  });
  it("names every case and measurement in the help", () => {
    for (const { name } of [...CASES, ...MEASUREMENTS]) expect(HELP).toContain(name);
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
  it("leave out a peer that cannot do it", () => {
    const names = (name: string) => rowsOf(caseOf(name), ["caddy", "node-http-proxy"]).map((row) => row.name);
    expect(names("http-1m")).toEqual(["caddy", "node-http-proxy"]);
    expect(names("http-log")).toEqual(["caddy-log", "caddy"]);
    expect(names("tcp-1m")).toEqual([]);
  });
  it("have those that can be set up in another way twice", () => {
    const names = (name: string) =>
      rowsOf(caseOf(name), ["hadro", "haproxy", "nginx"]).map((row) => row.name);
    expect(names("http-new")).toEqual(["hadro", "haproxy", "nginx", "hadro-always", "haproxy-always"]);
    expect(names("tcp-1m")).toEqual(["hadro", "haproxy", "nginx", "haproxy-splice"]);
  });
  it("have hadro with two threads once, where asked for", () => {
    const rows = rowsOf(caseOf("http-keepalive"), ["hadro", "nginx"], true);
    expect(rows.map(({ name, threads }) => [name, threads])).toEqual([["hadro", 1], ["nginx", 1], [
      "hadro-2",
      2,
    ]]);
    expect(subjectOf(rows)?.name).toBe("hadro");
    expect(rowsOf(caseOf("tcp-new"), ["hadro"], true).length).toBe(1);
    expect(rowsOf(caseOf("http-keepalive"), ["nginx"], true).length).toBe(1);
  });
  it("take fewer connections than they should where the limit on files is low, and say so", () => {
    expect(fitConnections(caseOf("active-5000"), 9_900)).toEqual({ bench: caseOf("active-5000"), notes: [] });
    const { bench, notes } = fitConnections(caseOf("active-5000"), 2_000);
    expect(bench.connections).toBe(1_900);
    expect(notes[0]).toMatch(/^1900 connections instead of 5000: .*ulimit/);
  });
  it("run longer where their beginning would count too much", () => {
    expect([secondsOf(caseOf("active-5000"), 3), secondsOf(caseOf("active-5000"), 30)]).toEqual([10, 30]);
    expect(wrkLine(caseOf("active-5000"), 3)).toContain("-c5000 -d10s");
    expect(secondsOf(caseOf("http-1m"), 3)).toBe(3);
  });
  it("are found by name", () => expect(() => caseOf("nope")).toThrow("No case nope"));
  it("send a body of 1 MiB where they upload", async () => {
    const text = await Deno.readTextFile(
      new URL("../../../scripts/bench/upload.lua", import.meta.url).pathname,
    );
    expect(text).toContain(`string.rep(".", ${UPLOAD_BODY_BYTES})`);
    expect(wrkLine(caseOf("http-upload-1m"), 3)).toBe(
      "wrk -t1 -c8 -d3s --latency -s upload.lua http://127.0.0.1:PORT/upload",
    );
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
  it("of the backend read an upload before they answer", () => {
    expect(backendConfig(1, 9)).toMatch(/location = \/upload \{[^}]*proxy_pass_request_body off;/);
    expect(nginxConfig(PLAN, null)).toMatch(/proxy_request_buffering off;\n +client_max_body_size 0;/);
  });
  it("listen twice where there is bulk beside", () => {
    const plan = { ...PLAN, bulkPort: 1003 };
    expect(haproxyConfig(plan)).toMatch(/bind 127\.0\.0\.1:1001\n +bind 127\.0\.0\.1:1003\n/);
    expect(nginxConfig(plan, null).match(/listen 127\.0\.0\.1:100[13] /g)?.length).toBe(2);
    expect(nginxConfig(PLAN, null).match(/listen /g)?.length).toBe(1);
  });
  it("keep as many idle connections as there are clients, and nginx has room for both", () => {
    const plan = { ...PLAN, maxConnections: 9_900, clients: 5_000 };
    expect(haproxyConfig(plan)).toMatch(/pool-low-fd-ratio 100\n +tune\.pool-high-fd-ratio 100\n/);
    expect(nginxConfig(plan, null)).toMatch(/worker_connections 15000;[^]*keepalive 5000;/);
    expect(caddyConfig(plan)).toContain("idle_conns_per_host 5000");
    expect(nodeProxyProgram(plan)).toContain("maxFreeSockets: 5000");
    const few = { ...PLAN, clients: 32 };
    expect(haproxyConfig(few)).not.toContain("pool-");
    expect(nginxConfig(few, null)).toMatch(/worker_connections 20000;[^]*keepalive 64;/);
    expect(nodeProxyProgram(few)).toContain("maxFreeSockets: 256");
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

describe("optional peers", () => {
  it("are missing with what to install, when they are wanted", () => {
    const none = { caddy: null, "node-http-proxy": null };
    expect(missingPeers(["hadro", "caddy", "node-http-proxy"], none).map(({ row }) => row)).toEqual([
      "caddy",
      "node-http-proxy",
    ]);
    expect(missingPeers(["caddy"], none)[0].reason).toContain("apt-get install -y caddy");
    expect(missingPeers(["hadro"], none)).toEqual([]);
    expect(missingPeers(["caddy", "node-http-proxy"], { caddy: "a", "node-http-proxy": "b" })).toEqual([]);
  });
  it("and strace are named once, where they are wanted", () => {
    expect(missingTools(["syscalls"], { strace: null })[0].reason).toContain("apt-get install -y strace");
    expect(missingTools(["start"], { strace: null })).toEqual([]);
    expect(missingTools(["syscalls"], { strace: "a" })).toEqual([]);
  });
  it("have configurations: Caddy a log where asked for, node the X-Forwarded headers", () => {
    expect(caddyConfig(PLAN)).toContain("http://:1001 {\n\tbind 127.0.0.1\n\treverse_proxy 127.0.0.1:1002 {");
    expect(caddyConfig(PLAN)).not.toContain("stdout");
    expect(caddyConfig({ ...PLAN, isLogged: true })).toContain("output stdout");
    expect(caddyConfig(PLAN).split("{").length).toBe(caddyConfig(PLAN).split("}").length);
    expect(nodeProxyProgram(PLAN)).toMatch(/127\.0\.0\.1:1002"[^]*xfwd: false[^]*port: 1001,/);
    expect(nodeProxyProgram({ ...PLAN, isForwarding: true })).toContain("xfwd: true");
  });
});

describe("probeRequest", () => {
  const textOf = (name: string) => new TextDecoder().decode(probeRequest(caseOf(name), 1001));
  it("asks as wrk does, once", () => {
    expect(textOf("http-1m")).toBe("GET /1m HTTP/1.1\r\nHost: 127.0.0.1:1001\r\nConnection: close\r\n\r\n");
  });
  it("has the body of an upload", () => {
    const [head, body] = textOf("http-upload-1m").split("\r\n\r\n");
    expect(head).toMatch(/^POST \/upload HTTP\/1\.1\r\n[^]*\r\nContent-Length: 1048576$/);
    expect(body.length).toBe(1_048_576);
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
