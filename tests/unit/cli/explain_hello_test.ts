/** hadro explain tls://…: which listener reads the hello, and where the connection goes. @module */
import { describe, expect, it } from "vitest";
import { explainRequest } from "../../../src/cli/explain_request.ts";
import { configOf, refusalOf } from "../../support/config/written.ts";

const LINE =
  "hadro -l sni://:443,name=edge -r a.test=10.0.0.1:443,name=a .b.test=10.0.0.2:443,name=b,alpn=h2 " +
  "-b :8443 -l sni://:8443,name=more -r c.test=:1,name=c -l http://:80,name=web -b :3000";

function explain(text: string, kind = "", line = LINE): string[] {
  return explainRequest(configOf(line), text, []).lines.filter((one) => one.startsWith(kind));
}

describe("a hello", () => {
  it("says all that would be done", () => {
    const { lines, isServed } = explainRequest(configOf(LINE), "tls://A.test:443", []);
    expect(isServed).toBe(true);
    expect(lines.join("\n")).toBe(`\
hello    tls://a.test:443
listener edge  sni [::]:443 + 0.0.0.0:443
route    edge  a.test -> a
backend  a  roundrobin  retries 3  timeouts connect 5s server 1m tunnel 1h
server   a/s1  tcp://10.0.0.1:443  weight 1
timeouts request 10s  client 1m  client-fin 10s  connect 5s  server 1m  server-fin 10s`);
  });

  it.each<[string, string[]]>([
    ["tls://a.test", ["route    edge  a.test -> a"]],
    ["TLS://x.b.test,alpn=h2", ["route    edge  .b.test  alpn h2 -> b"]],
    ["tls://x.b.test,alpn=http/1.1", ["route    edge  default -> app"]],
    ["tls://x.b.test/", ["route    edge  default -> app"]],
    ["tls://", ["route    edge  default -> app"]],
    ["tls://c.test.:8443", ["route    more  c.test -> c"]],
    ["tls://a.test:8443", ["route    more  default -> closed"]],
    ["tls://a.test:80", []],
  ])("%s takes %j", (text, routes) => expect(explain(text, "route")).toEqual(routes));

  it("is read by every sni listener when none is on port 443", () => {
    const line = "hadro -l sni://:1,name=x -b :2 -l sni://:3,name=y -b :4";
    expect(explain("tls://a", "route", line)).toEqual([
      "route    x  default -> app",
      "route    y  default -> app2",
    ]);
  });

  it.each([
    [
      "tls://a.test:8443",
      "result   closed: no route of this listener matches, and it has no default backend",
    ],
    [
      "tls://a.test:80",
      "result   nothing reads TLS client hellos on port 80; listeners: edge (sni [::]:443 + 0.0.0.0:443), " +
      "more (sni [::]:8443 + 0.0.0.0:8443), web (http [::]:80 + 0.0.0.0:80)",
    ],
  ])("%s is served by nobody", (text, result) => {
    const { lines, isServed } = explainRequest(configOf(LINE), text, []);
    expect([lines.at(-1), isServed]).toEqual([result, false]);
  });

  it("finds no server where each has weight 0", () => {
    expect(explain("tls://a", "result", "hadro -l sni://:443 -b :1,weight=0")).toEqual([
      "result   closed: every server of app has weight 0 and takes no new traffic",
    ]);
  });

  it.each([
    ["tls://a b", '"a b" is no host name'],
    ["tls://[::1]:443", "it is no name with an optional port"],
    ["tls://a,sni=b", '"sni" is no key of a hello, alpn is'],
  ])("%s is refused", (text, state) => {
    expect(refusalOf(() => explain(text))).toContain(
      `Cannot explain "${text}": ${state}; write hadro explain tls://`,
    );
  });

  it("is nothing that an http listener serves, nor a request what an sni listener does", () => {
    expect(explain("http://a.test:443/", "result")[0]).toContain("nothing speaks HTTP on port 443");
  });
});
