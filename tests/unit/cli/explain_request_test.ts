/** hadro explain: which listener is asked, what is said of it, and when nothing would serve the request. @module */
import { describe, expect, it } from "vitest";
import { explainRequest } from "../../../src/cli/explain_request.ts";
import { configOf, refusalOf } from "../../support/config/written.ts";

const TWO =
  "hadro -l 127.0.0.1:80,name=web -r /api/=:9001,name=api -b :3000 -l 10.0.0.1:81,name=edge -b :3001";

/** The lines for a request, those of one kind when `kind` is given. */
function explain(line: string, request: string, kind = "", ...headers: string[]): string[] {
  return explainRequest(configOf(line), request, headers).lines.filter((text) => text.startsWith(kind));
}

describe("explainRequest", () => {
  it("says all that would be done", () => {
    const line =
      "hadro -l :8080,name=web -r /api/=:9001,name=api /api/=:9002,backup -b :3000 --lb leastconn --header-up -X-B " +
      "--header-down X-C:1 --host backend";
    const { lines, isServed } = explainRequest(configOf(line), "POST https://h/api/x?y", [
      "Connection: x-hop",
      "X-Forwarded-For: 1.2.3.4",
    ]);
    expect(isServed).toBe(true);
    expect(lines.join("\n")).toBe(`\
request  POST https://h/api/x?y
listener web  http [::]:8080 + 0.0.0.0:8080
note     this listener speaks http: https has to end before it
route    web  any host /api/ -> api
backend  api  leastconn  retries 3  host=backend  timeouts connect 5s server 1m tunnel 1h
server   api/s1  http://localhost:9001  weight 1
server   api/s2  http://localhost:9002  weight 1  backup
headers  up   Host: the server's address
headers  up   removes Connection
headers  up   removes X-Forwarded-For
headers  up   adds X-Forwarded-For: the client's address
headers  up   adds X-Forwarded-Proto: http
headers  up   adds X-Forwarded-Host: h
headers  up   delete X-B
headers  down set X-C: 1
timeouts request 10s  keepalive 1m  client 1m  client-fin 10s  connect 5s  queue 30s  server 1m  tunnel 1h`);
  });
  it("takes GET and / where none is written", () => {
    expect(explain(TWO, "http://h", "request")).toEqual(["request  GET http://h/"]);
    expect(explain(TWO, "http://h?q", "request")).toEqual(["request  GET http://h/?q"]);
  });
  it.each<[string, string[]]>([
    ["http://h/api/x", ["route    web  any host /api/ -> api"]],
    ["http://h:80/", ["route    web  default -> app"]],
    ["http://h:81/api/x", ["route    edge  default -> app2"]],
    ["https://h/", ["route    web  default -> app", "route    edge  default -> app2"]],
    ["http://h:82/", []],
  ])(
    "asks the listeners of the URL's port, all when there is none and none has the usual one: %s",
    (url, routes) => {
      expect(explain(TWO, url, "route")).toEqual(routes);
    },
  );
  it("names a fixed Host, and does not add what a rule sets", () => {
    const line = "hadro 80 :1 --host a.test --header-up X-Forwarded-For:me --trust 10.0.0.0/8";
    expect(explain(line, "http://h/", "headers", "X-Forwarded-Host: x")).toEqual([
      "headers  up   Host: a.test",
      "headers  up   removes X-Forwarded-Host, unless --trust believes the client",
      "headers  up   adds X-Forwarded-Proto: http",
      "headers  up   adds X-Forwarded-Host: h",
      "headers  up   set X-Forwarded-For: me",
    ]);
  });
});

describe("a route that asks for more than a path", () => {
  const line = "hadro -l :80,name=web -r /a==:1,method=PUT,header=X-A:1,header=X-B -b :2";
  it("is shown, and taken by what is asked only", () => {
    expect(explain(line, "PUT http://h/a", "route", "X-A: 1", "x-b: 2")).toEqual([
      "route    web  any host /a only  method PUT  header X-A: 1  header X-B -> app2",
    ]);
    expect(explain(line, "PUT http://h/a", "route", "X-A: 1")).toEqual(["route    web  default -> app"]);
  });
});

describe("a path that is changed", () => {
  it("is shown as the server sees it", () => {
    expect(explain("hadro -l :80 -r /a=:1,strip-prefix=/a -b :2", "http://h/a/b?c", "path")).toEqual([
      "path     /a/b?c -> /b?c",
    ]);
  });
});

describe("a request that is redirected", () => {
  it.each([
    ["http://h:80/a?b", [
      "route    web  default -> redirect 308 https:8443",
      "result   308: location: https://h:8443/a?b",
    ]],
    ["http://h/old/x", ["route    web  any host /old -> redirect 302 /new", "result   302: location: /new"]],
  ])("is told where to: %s", (url, expected) => {
    const line = "hadro -l :80,name=web,redirect=https:8443 -r /old=,redirect=/new";
    const { lines, isServed } = explainRequest(configOf(line), url, []);
    expect(lines.slice(2)).toEqual(expected);
    expect(isServed).toBe(true);
  });
});

describe("nothing serves a request", () => {
  it.each<[string, string, string]>([
    ["hadro -l :80,name=a -r /x=:1", "http://h/y", "404: no route of this listener matches the request"],
    ["hadro 80 :1,weight=0", "http://h/", "503: every server of app has weight 0 and takes no new traffic"],
    ["hadro 80 :1", "TRACE http://h/", "405: method TRACE is refused"],
    [
      "hadro 0.0.0.0:80 :1",
      "http://h:81/",
      "nothing speaks HTTP on port 81; listeners: http-80 (0.0.0.0:80)",
    ],
    ["hadro -l tcp://1.1.1.1:80 -b :1", "http://h/", "nothing speaks HTTP; listeners: tcp-80 (1.1.1.1:80)"],
  ])("%s, %s: %s", (line, request, why) => {
    const { lines, isServed } = explainRequest(configOf(line), request, []);
    expect(isServed).toBe(false);
    expect(lines.at(-1)).toBe(`result   ${why}`);
  });
});

describe("a request that cannot be read", () => {
  it.each<[string, string]>([
    [
      "/api/x",
      "it is no method and absolute URL; write hadro explain 'GET http://app.test/api/x' -l :8080 -b :3000",
    ],
    [
      "GET http://h/ x",
      "it is no method and absolute URL; write hadro explain 'GET http://app.test/api/x' -l :8080 -b :3000",
    ],
  ])("is refused: %s", (request, state) => {
    expect(refusalOf(() => explain(TWO, request)).split("\n")[0]).toBe(
      `Cannot explain "${request}": ${state}`,
    );
  });
  it("is refused as a listener would", () => {
    expect(refusalOf(() => explain(TWO, "GET http://h@x/"))).toMatch(
      /^Cannot explain ".*": a listener would answer 400: /,
    );
    expect(refusalOf(() => explain(TWO, "GET http://h/", "", "no colon"))).toMatch(
      /a listener would answer 400: /,
    );
  });
});
