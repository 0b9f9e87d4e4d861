/** A configuration in words, as --dry-run prints it. @module */
import { describe, expect, it } from "vitest";
import { explainConfig } from "../../../src/config/explain.ts";
import type { MemoryPlan } from "../../../src/config/memory_plan.ts";
import { configOf } from "../../support/config/written.ts";

const PLAN: MemoryPlan = {
  maxconn: 100,
  maxFdCount: 264,
  connectionCostBytes: 6_144,
  connectionBytes: 1,
  bufferCount: 50,
  bufferBytes: 2,
  pipeCount: 7,
  compressBytes: 0,
};

/** The lines for a command line; one word of each kind, when `kind` is given. */
function explain(line: string, kind = ""): string[] {
  return explainConfig(configOf(line), PLAN).filter((text) => text.startsWith(kind));
}

describe("explainConfig", () => {
  it("says all that a small configuration means", () => {
    expect(explain("hadro 8080 localhost:3000").join("\n")).toBe(`\
listen   http [::]:8080 + 0.0.0.0:8080  (http-8080)  timeouts client 1m request 10s keepalive 1m
route    http-8080  default -> app
backend  app  roundrobin  retries 3  host=client  timeouts connect 5s server 1m tunnel 1h
server   app/s1  http://localhost:3000  weight 1
log      json to standard output, drop when full
limits   maxconn 100   mem ceiling 256m = 100 x 2 x 6k + 50 buffers x 16448 + 7 pipes x 256k   drain 30s`);
  });
  it("says who may send a PROXY protocol header, and who gets one", () => {
    const line = "hadro -l tcp://:1,proxy,client-hs=2s -b :2,proxy=1 :3,proxy=2,proxy-v2-options=crc32c :4 " +
      "-l unix:/run/a.sock,proxy -b :5 --trust 10.0.0.0/8";
    expect(explain(line, "listen").map((text) => text.split("  ").at(-1))).toEqual([
      "proxy header from --trust, within 2s",
      "proxy header from whoever may open it, within 5s",
    ]);
    expect(explain(line, "server   app/").map((text) => text.split("weight 1")[1])).toEqual([
      "  proxy 1",
      "  proxy 2 (crc32c)",
      "",
    ]);
  });
  it("says of a server how much it takes, and of its backend how long is waited", () => {
    const line =
      "hadro -l :1 -b :2,maxconn=9,minconn=3,fullconn=50,queue=7s :3,maxconn=1 :4 -r /x=:5,maxconn=2,maxqueue=4,lb=source";
    expect(
      explain(line).slice(3, 9).map((text) =>
        text.replace(/host=.* tunnel 1h/, "…").replace(/… queue/, "queue")
      ),
    ).toEqual([
      "backend  app  roundrobin  retries 3  queue 7s",
      "server   app/s1  http://localhost:2  weight 1  maxconn 3 to 9",
      "server   app/s2  http://localhost:3  weight 1  maxconn 1",
      "server   app/s3  http://localhost:4  weight 1",
      "backend  app2  source  retries 3  queue 30s",
      "server   app2/s1  http://localhost:5  weight 1  maxconn 2  maxqueue 4",
    ]);
    expect(explain(line)[3]).toContain(
      "host=client  fullconn 50  timeouts connect 5s server 1m tunnel 1h queue 7s",
    );
  });
  it("says of which backends requests say in which class they wait", () => {
    const line =
      "hadro -l :1 -b :2,maxconn=9 -r /off=:5,maxconn=2,queue-prio=off /own=:6,maxconn=1,queue-prio=hdr:A /never=:7 " +
      "-l tcp://:3 -b :4,maxconn=1,queue-prio=off --queue-prio hdr:X-Prio";
    const said = explain(line, "backend").map((text) => [
      text.split(/ +/)[1],
      / queue-prio (\S+)/.exec(text)?.[1] ?? "",
    ]);
    expect(Object.fromEntries(said)).toEqual({
      ...{ app: "hdr:x-prio", app2: "", app3: "hdr:a", app4: "", app5: "" },
    });
  });
  it("says all that a large configuration means", () => {
    const line =
      "hadro -l http://[::1]:80,name=web,prio=high,maxconn=9,client=90s -r A.test/x=:1,name=api,host=b.test " +
      ".c.test=:2,host=backend /d=:3,prio=low -l tcp://unix:/run/db -b db1:5432,weight=2 [fd00::1]:5432,backup --lb leastconn " +
      "--retries 0 --header-up X-A:1 --header-up -X-B --header-down +X-C: --trust 10.1.0.0/16 --trust fd00::/8 --trust 2001:db8:1:2:3:4:5:6 --poller deno --threads 4 " +
      "--log '%ci' --log-file /tmp/a.log --log-full block --max-mem 64m --drain 1500";
    expect(explain(line).join("\n")).toBe(`\
listen   http [::1]:80  (web)  prio high  maxconn 9  timeouts client 90s request 10s keepalive 1m
route    web  a.test /x -> api
route    web  .c.test / -> app
route    web  any host /d -> app2
route    web  default -> 404
listen   tcp  unix:/run/db  (tcp-unix)  timeouts client 1m request 10s keepalive 1m
route    tcp-unix  default -> app3
backend  api  leastconn  retries 0  host=b.test  timeouts connect 5s server 1m tunnel 1h
server   api/s1  http://localhost:1  weight 1
backend  app  leastconn  retries 0  host=backend  timeouts connect 5s server 1m tunnel 1h
server   app/s1  http://localhost:2  weight 1
backend  app2  leastconn  retries 0  prio low  host=client  timeouts connect 5s server 1m tunnel 1h
server   app2/s1  http://localhost:3  weight 1
backend  app3  leastconn  retries 0  timeouts connect 5s server 1m tunnel 1h
server   app3/s1  tcp://db1:5432  weight 2
server   app3/s2  tcp://[fd00::1]:5432  weight 1  backup
headers  up   set X-A: 1
headers  up   delete X-B
headers  down add X-C
trust    10.1.0.0/16 fd00:0:0:0:0:0:0:0/8 2001:db8:1:2:3:4:5:6/128
names    every 10s from the system's resolver  hold nx 30s refused 30s timeout 30s other 30s obsolete 0
engine   poller deno  threads 4
log      "%ci" to /tmp/a.log, block when full
limits   maxconn 100   mem ceiling 64m = 100 x 2 x 6k + 50 buffers x 16448 + 7 pipes x 256k   drain 1500ms`);
  });
  it.each([
    ["8080", "listen   http [::]:8080 + 0.0.0.0:8080  "],
    ["0.0.0.0:8080", "listen   http 0.0.0.0:8080  "],
    ["localhost:8080", "listen   http localhost:8080  "],
    [":0", "listen   http [::]:0 + 0.0.0.0:0  "],
  ])("shows what -l %s binds", (address, beginning) => {
    expect(explain(`hadro ${address} :1`, "listen")[0]!.slice(0, beginning.length)).toBe(beginning);
  });
  it("says that the machine decides how many threads there are", () => {
    expect(explain("hadro 1 :2 --threads auto", "engine")).toEqual(["engine   threads auto"]);
  });
  it("says what TCP is told, and where connections come from", () => {
    const line = "hadro -l :80,tcp-ut=5s -b 10.0.0.1:80,tcp-keepalive=on,source=10.0.0.5:4000 " +
      "[fd00::1]:80,source=lo --tcp-keepalive 60s:10s:3 --http-reuse aggressive";
    const [loopback] = explain("hadro -l :80 -b :1,source=lo", "server")[0]!.match(/lo \(.*\)/)!;
    expect(loopback).toMatch(/^lo \(127\.0\.0\.1( ::1)?\)$/);
    expect(explain(line).filter((text) => /^(listen|backend|server)/.test(text))).toEqual([
      "listen   http [::]:80 + 0.0.0.0:80  (http-80)  timeouts client 1m request 10s keepalive 1m  " +
      "tcp-keepalive 1m:10s:3  tcp-ut 5s",
      "backend  app  roundrobin  retries 3  host=client  http-reuse aggressive  " +
      "timeouts connect 5s server 1m tunnel 1h  tcp-keepalive on",
      "server   app/s1  http://10.0.0.1:80  weight 1  source 10.0.0.5:4000",
      `server   app/s2  http://[fd00::1]:80  weight 1  source ${loopback}`,
    ]);
  });
  it("says after what requests are sent again, and how often", () => {
    const [backend] = explain("hadro -l :80 -b :1,retry-on=503+conn-failure --retry-budget 5%", "backend");
    expect(backend).toContain("  retries 3  retry-on conn-failure+503  retry-budget 5%+3/s  host=client");
  });
  it("says what routes ask for, what they answer, and what becomes of paths and headers", () => {
    const line = "hadro -l :80,redirect=https -r /a==:1,method=GET,header=X-A:1,strip-prefix=/a " +
      "/b=,redirect=prefix:/c,add-prefix=/d --unique-id X-Id --header-down X-Via:%f";
    expect(explain(line).filter((text) => /^(route|backend|headers)/.test(text))).toEqual([
      "route    http-80  any host /a only  method GET  header X-A: 1 -> app",
      "route    http-80  any host /b -> redirect 302 prefix:/c  add-prefix=/d",
      "route    http-80  default -> redirect 308 https",
      "backend  app  roundrobin  retries 3  host=client  strip-prefix=/a  timeouts connect 5s server 1m tunnel 1h",
      "headers  up   set X-Id: %ID",
      "headers  down set X-Via: %f",
    ]);
  });
  it("says where TLS is passed on to, and that the rest is closed or goes to a default", () => {
    const line =
      "hadro -l sni://:443 -r a.test=:1 *.b.test=:2,alpn=h2+h3 *=:3,alpn=h2 -l sni://:8443 -b :4 --lb sni";
    expect(explain(line, "route")).toEqual([
      "route    sni-443  a.test -> app",
      "route    sni-443  .b.test  alpn h2+h3 -> app2",
      "route    sni-443  any hello  alpn h2 -> app3",
      "route    sni-443  default -> closed",
      "route    sni-8443  default -> app4",
    ]);
    expect(explain(line, "listen   sni ").length).toBe(2);
    expect(explain(line, "backend  app4")[0]).toContain("backend  app4  sni  retries 3");
  });

  it("says nothing of what was not asked for", () => {
    const text = explain("hadro 8080 :1").join("\n");
    const words = ["prio", "headers", "trust", "backup", "engine", "tcp-", "reuse", "source"];
    for (const word of words) expect(text).not.toContain(word);
  });
  it("says what is compressed, by what, and within which memory", () => {
    const line = "hadro -l :80 -b :1 -r /a=:2,compress=off --compress br+gzip:6";
    expect(explain(line, "listen")[0]).toMatch(/ {2}compress br:3\+gzip:6 from 1k$/);
    expect(explain(line, "backend")[0]).toMatch(/tunnel 1h$/);
    expect(explain(line, "backend")[1]).toMatch(/tunnel 1h {2}compress off$/);
    const [limits] = explainConfig(configOf(line), { ...PLAN, compressBytes: 2_048 }).slice(-1);
    expect(limits).toContain(" + 7 pipes x 256k + 2k for encoders   drain");
  });
  it("says what is limited, per listener and backend", () => {
    const hash = "$2b$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK";
    const line =
      `hadro -l http://:80,deny=fd00::/8,rate=5/s+path:/a:1/m -b :1,max-body=off -l tcp://:81,auth=off -b :2 ` +
      `--allow 10.0.0.0/8 --max-body 1m --max-headers 50 --max-header-size 2k --conn-rate 9/s --maxconn-per-src 7 ` +
      `--auth 'ann:${hash}' --min-rate 500 --h2-streams 7 --h2-glitches 0`;
    expect(explain(line, "listen")).toEqual([
      "listen   http [::]:80 + 0.0.0.0:80  (http-80)  timeouts client 1m request 10s keepalive 1m  " +
      "allow 10.0.0.0/8  deny fd00::/8  conn-rate 9/s  maxconn-per-src 7  max-body 1m  max-headers 50  " +
      "max-header-size 2k  h2-streams 7  h2-glitches 0  rate 5/s  rate path:/a:1/m  min-rate 500  auth ann",
      "listen   tcp  [::]:81 + 0.0.0.0:81  (tcp-81)  timeouts client 1m request 10s keepalive 1m  " +
      "allow 10.0.0.0/8  conn-rate 9/s  maxconn-per-src 7",
    ]);
    expect(explain(line, "backend")[0]).toMatch(/ {2}max-body off$/);
  });
});
