/** The health of a backend: keys, their flags, and what does nothing and is refused. @module */
import { describe, expect, it } from "vitest";
import { explainConfig } from "../../../src/config/explain.ts";
import type { MemoryPlan } from "../../../src/config/memory_plan.ts";
import { configOf, refusalOf } from "../../support/config/written.ts";

const backend = (line: string) => configOf(`hadro -l :80 ${line}`).backends[0]!;
const refusal = (line: string) => refusalOf(() => configOf(`hadro -l :80 ${line}`)).split("\n")[0];

describe("checks", () => {
  it("are off unless asked for", () => expect(backend("-b :1").health.check).toBe(null));

  it("have HAProxy's defaults", () => {
    expect(backend("-b :1 --check tcp").health.check).toEqual({
      request: null,
      interMs: 2_000,
      fastInterMs: 0,
      downInterMs: 0,
      rise: 2,
      fall: 3,
      timeoutMs: 0,
    });
    expect(backend("-b :1,check=/x").health.check!.request).toEqual({
      method: "GET",
      path: "/x",
      host: "",
      headers: [],
      expect: { kind: "status", text: "200-399", ranges: [[200, 399]] },
      disableOn404: false,
    });
  });

  it("are as the keys say, before the flags", () => {
    const keys = "check=/a,inter=1s,fastinter=100ms,downinter=5s,rise=1,fall=9,timeout-check=3s," +
      "check-method=OPTIONS,check-host=h,disable-on-404,expect=2xx,observe=l4,on-error=mark-down,error-limit=2,slowstart=9s," +
      "on-marked-down=shutdown-sessions";
    expect(backend(`-b :1,${keys} :2 --check tcp --inter 7s --check-header A:b`).health).toEqual({
      check: {
        request: {
          method: "OPTIONS",
          path: "/a",
          host: "h",
          headers: [{ name: "A", value: "b" }],
          expect: { kind: "status", text: "2xx", ranges: [[200, 299]] },
          disableOn404: true,
        },
        interMs: 1_000,
        fastInterMs: 100,
        downInterMs: 5_000,
        rise: 1,
        fall: 9,
        timeoutMs: 3_000,
      },
      observe: "l4",
      errorLimit: 2,
      onError: "mark-down",
      ejectMs: 0,
      slowStartMs: 9_000,
      onMarkedDown: "shutdown-sessions",
    });
  });

  it("may be off for one backend", () => {
    const { backends } = configOf("hadro -l :80 -b :1,check=off -r /x=:2 --check tcp");
    expect(backends.map(({ health }) => health.check === null)).toEqual([true, false]);
  });

  it("connect where check-port and check-addr say, each server by itself", () => {
    const { servers } = backend("-b :1,check-port=81 10.0.0.1:2,check-addr=10.0.0.9 unix:/a b:3 --check tcp");
    expect(servers.map(({ checkEndpoint }) => checkEndpoint)).toEqual([
      { kind: "tcp", host: "", port: 81, path: "" },
      { kind: "tcp", host: "10.0.0.9", port: 2, path: "" },
      null,
      null,
    ]);
  });

  it("are spread by so many percent", () => {
    expect(configOf("hadro 1 :2 --check tcp --spread-checks 50").spreadChecksPercent).toBe(50);
  });
});

describe("observe and eject", () => {
  it("observe l7 is l4 on tcp backends, where it is the flag", () => {
    const { backends } = configOf("hadro -l :80 -b :1 -l tcp://:81 -b :2 --check tcp --observe l7");
    expect(backends.map(({ health }) => health.observe)).toEqual(["l7", "l4"]);
  });

  it("eject observes by itself, all that there is to see", () => {
    const { backends } = configOf("hadro -l :80 -b :1 -l tcp://:81 -b :2 --eject 10s");
    expect(backends.map(({ health }) => [health.observe, health.ejectMs])).toEqual([
      ["l7", 10_000],
      ["l4", 10_000],
    ]);
    expect(backend("-b :1,eject=5s,observe=l4").health).toMatchObject({ observe: "l4", ejectMs: 5_000 });
  });

  it("eject is for backends without checks", () => {
    const { backends } = configOf("hadro -l :80 -b :1,check=tcp -r /x=:2 --eject 10s");
    expect(backends.map(({ health }) => health.ejectMs)).toEqual([0, 10_000]);
  });
});

describe("what would do nothing is refused", () => {
  it.each([
    ["-b :1,inter=1s", "Cannot use inter: this backend has no check; add check=tcp or check=/path"],
    ["-b :1,check-port=1", "Cannot use check-port: this backend has no check; add check=tcp or check=/path"],
    ["-b :1,check=tcp,expect=2xx", "Cannot use expect: this backend has no http check; add check=/path"],
    [
      "-b :1,check=tcp,disable-on-404",
      "Cannot use disable-on-404: this backend has no http check; add check=/path",
    ],
    [
      "-b :1,check=tcp,eject=5s",
      "Cannot use eject: this backend has a check; observe= and on-error= go with it",
    ],
    ["-b :1,observe=l4", "Cannot use observe: it needs check=, or eject=10s"],
    ["-b :1,check=tcp,on-error=mark-down", "Cannot use on-error: it needs a check and observe=l4 or l7"],
    ["-b :1,error-limit=5", "Cannot use error-limit: it needs observe=l4 or l7, or eject=10s"],
    [
      "-b :1,check=http,check-method=HEAD --expect body:x",
      "Cannot use expect body: with check-method HEAD: its answers have no body; write GET",
    ],
    ["-b :1 --inter 5s", "Cannot use --inter: no backend has a check; add --check tcp or --check /path"],
    [
      "-b :1 --check tcp --expect 2xx",
      "Cannot use --expect: no backend has an http check; add --check /path",
    ],
    [
      "-b :1 --observe l4",
      "Cannot use --observe: no backend has a check or eject; add --check tcp or --eject 10s",
    ],
    ["-b :1 --check tcp --eject 5s", "Cannot use --eject: no backend has no check; use --observe l4 with it"],
    [
      "-b :1 --check tcp --error-limit 5",
      "Cannot use --error-limit: no backend has observe or eject; add --observe l4 or --eject 10s",
    ],
    [
      "-b :1 --check tcp --on-error mark-down",
      "Cannot use --on-error: no backend has observe and a check; add --observe l4",
    ],
    [
      "-b :1 --spread-checks 5",
      "Cannot use --spread-checks: no backend has a check; add --check tcp or --check /path",
    ],
    [
      "-b unix:/a,check=tcp,check-port=1",
      "Cannot check a unix socket's server elsewhere with one of check-port and check-addr: write both",
    ],
    ["-b :1,check=tcp,rise=0", 'Cannot use rise "0": it must be a whole number from 1 to 1000'],
    [
      "-b :1 --check tcp --spread-checks 51",
      'Cannot use --spread-checks "51": it must be a whole number from 0 to 50',
    ],
    ["-b :1,check=tcp,observe=l5", 'Cannot use observe "l5": no such choice; did you mean "l4"?'],
    [
      "-b :1,inter=1s,check=tcp :2,inter=2s",
      "Cannot use inter=2s: another server of this backend has inter=1s",
    ],
  ])("%s", (line, words) => expect(refusal(line)).toBe(words));

  it("observe=l7 of a tcp backend", () => {
    expect(refusalOf(() => configOf("hadro -l tcp://:80 -b :1,check=tcp,observe=l7")).split("\n")[0]).toBe(
      "Cannot use observe=l7: a tcp backend has no answers to look at; write l4",
    );
  });
});

describe("--dry-run", () => {
  const explain = (line: string) =>
    explainConfig(configOf(`hadro -l :80 ${line}`), { pipeCount: 0, connectionCostBytes: 1 } as MemoryPlan)
      .filter((text) => /^(backend|server)/.test(text)).map((text) => text.replace(/.*tunnel 1h/, "").trim());

  it("says how servers are checked", () => {
    expect(explain("-b :1 --check tcp")[0]).toBe("check tcp inter 2s rise 2 fall 3");
    const line = "-b :1,check-port=9 --check /a --expect 2xx --check-host h --inter 1s --fastinter 100ms " +
      "--downinter 5s --timeout-check 3s --disable-on-404 --observe l7 --slowstart 10s --on-marked-down shutdown-sessions";
    expect(explain(line)).toEqual([
      "check GET /a expect 2xx host h inter 1s fastinter 100ms downinter 5s rise 2 fall 3 timeout 3s disable-on-404  " +
      "observe l7 10 errors: fail-check  slowstart 10s  on-marked-down shutdown-sessions",
      "server   app/s1  http://localhost:1  weight 1  checked at :9",
    ]);
    expect(explain("-b :1 --eject 10s")[0]).toBe("observe l7 10 errors: eject 10s");
  });
});
