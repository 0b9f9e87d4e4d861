/** Persistence by cookie in the built program: the bytes that servers and clients see, and the letters of the log. @module */
import { describe, expect, it } from "vitest";
import { writeCookieDate } from "../../src/protocol/http/cookie_date.ts";
import { connect, keep, startHadro } from "../support/program/keep.ts";
import { httpServer, response } from "../support/program/peers.ts";
import { answer, ask, CLOSE, letters, startFarm } from "../support/program/sticky.ts";

/** `value|<date>` with the date of some seconds ago. */
function date(secondsAgo: number): string {
  const out = new Uint8Array(5);
  writeCookieDate(out, 0, Math.floor(Date.now() / 1_000) - secondsAgo);
  return new TextDecoder().decode(out);
}

describe("--cookie SRV:insert:indirect:nocache", () => {
  it("gives a cookie once, brings the client back, and keeps it from the server", async () => {
    const flags = [
      "--cookie",
      "SRV:insert:indirect:nocache:httponly:secure:domain=.h.test:attr=SameSite=Lax",
    ];
    const { program, port, heads } = await startFarm('ETag: "1"\r\n', ...flags, "--log", "haproxy");
    const given = "Set-Cookie: SRV=s1; path=/; domain=.h.test; HttpOnly; Secure; SameSite=Lax\r\n";
    expect(await ask(port, "a=1")).toBe(
      answer("s1", `ETag: "1"\r\n${CLOSE}${given}Cache-Control: private\r\n`),
    );
    for (let i = 0; i < 3; i++) {
      expect(await ask(port, "a=1; SRV=s1; b=2")).toBe(answer("s1", `ETag: "1"\r\n${CLOSE}`));
    }
    expect(heads[0]).toBe("GET / HTTP/1.1\r\nHost: h\r\nCookie: a=1\r\n\r\n");
    expect(heads[1]).toBe("GET / HTTP/1.1\r\nHost: h\r\nCookie: a=1; b=2\r\n\r\n");
    // Round robin went on meanwhile: a client without a cookie has the next server.
    expect(await ask(port, "SRV=s9")).toContain("\r\nSet-Cookie: SRV=s2; path=/;");
    expect(heads[4]).toBe("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    await program.stdout.waitFor(/--II/);
    const lines = program.stdout.lines.map((line) => line.replace(/^\S+ \[\S+\] (\S+ \S+) \S+ /, "$1 "));
    expect(lines).toEqual([
      'fe app/s1 200 170 - - --NI 1/1/1/1/0 0/0 "GET / HTTP/1.1"',
      ...Array.from({ length: 3 }, () => 'fe app/s1 200 70 - - --VN 1/1/1/1/0 0/0 "GET / HTTP/1.1"'),
      'fe app/s2 200 170 - - --II 1/1/1/1/0 0/0 "GET / HTTP/1.1"',
    ]);
  });

  it("does not mark what no cache would keep", async () => {
    const { port } = await startFarm("", "--cookie", "SRV:insert:nocache");
    expect(await ask(port, null)).toBe(answer("s1", `${CLOSE}Set-Cookie: SRV=s1; path=/\r\n`));
  });

  it("takes what a server's name is from cookie=, and what has none takes the cookie away", async () => {
    const servers = [0, 1].map(() => keep(httpServer(() => response("ok"))));
    const [one, two] = servers.map((server) => `127.0.0.1:${server.port}`);
    const { program, port } = await startHadro(
      "http",
      [`${one},cookie=A1`, `${two},cookie=off`],
      "--cookie",
      "C:insert",
    );
    expect(await ask(port, null)).toBe(answer("ok", `${CLOSE}Set-Cookie: C=A1; path=/\r\n`));
    expect(await ask(port, null)).toBe(
      answer("ok", `${CLOSE}Set-Cookie: C=; Expires=Thu, 01-Jan-1970 00:00:01 GMT; path=/\r\n`),
    );
    expect(await ask(port, "C=A1")).toBe(answer("ok", CLOSE));
    expect([await letters(program, 0), await letters(program, 1), await letters(program, 2)]).toEqual([
      "NI",
      "NI",
      "VN",
    ]);
  });

  it("survives cookies that are none, in several fields, and passes on what is not its own", async () => {
    const { program, port, heads } = await startFarm("", "--cookie", "SRV:insert:indirect");
    const peer = await connect(port);
    const cookies = [
      'x="SRV=s2; y',
      "SRV",
      "=SRV=s2",
      ";;,",
      "SRV==s2",
      "SRV=s2\x80",
      '$Version=1; SRV=s2; $Path="/"; z=1',
    ];
    await peer.send(`GET / HTTP/1.1\r\nHost: h\r\n${cookies.map((c) => `Cookie: ${c}\r\n`).join("")}\r\n`);
    await peer.readUntil("\r\n\r\ns2");
    expect(heads[0]!.split("\r\n").slice(2, -2)).toEqual([
      'Cookie: x="SRV=s2; y',
      "Cookie: SRV",
      "Cookie: =SRV=s2",
      "Cookie: ;;,",
      "Cookie: $Version=1; z=1",
    ]);
    expect(await letters(program, 0)).toBe("VN");
    expect((await program.log(0)).server).toBe("s2");
  });

  it("handles a head as large as the buffer, on a connection that stays", async () => {
    const { port, heads } = await startFarm("", "--cookie", "SRV:insert:indirect");
    const peer = await connect(port);
    const big = `a=${"x".repeat(14_000)}`;
    const body = "y".repeat(3_000);
    for (let i = 0; i < 3; i++) {
      peer.take();
      await peer.send(
        `POST / HTTP/1.1\r\nHost: h\r\nCookie: ${big}; SRV=s2; b=1\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      );
      await peer.readUntil("\r\n\r\ns2");
      expect(heads[i]).toContain(`\r\nCookie: ${big}; b=1\r\n`);
    }
  });
});

describe("what a server sets itself", () => {
  const own = "Set-Cookie: SID=abc; Path=/; HttpOnly\r\nSet-Cookie: other=1\r\n";
  const left = "Set-Cookie: other=1\r\n";
  it.each<[cookie: string, sent: string | null, request: string, fields: string, term: string]>([
    ["SID:insert", null, "", `${left}${CLOSE}Set-Cookie: SID=s1; path=/\r\n`, "NI"],
    ["SID:insert", "SID=s1", "Cookie: SID=s1\r\n", `${left}${CLOSE}`, "VD"],
    ["SID:insert:preserve", null, "", `${own}${CLOSE}`, "NP"],
    ["SID:rewrite", null, "", `${left}${CLOSE}Set-Cookie: SID=s1; Path=/; HttpOnly\r\n`, "NR"],
    [
      "SID:rewrite",
      "SID=s1",
      "Cookie: SID=s1\r\n",
      `${left}${CLOSE}Set-Cookie: SID=s1; Path=/; HttpOnly\r\n`,
      "VR",
    ],
    ["SID:prefix", null, "", `${left}${CLOSE}Set-Cookie: SID=s1~abc; Path=/; HttpOnly\r\n`, "NR"],
    [
      "SID:prefix",
      "x=1; SID=s1~abc; y=2",
      "Cookie: x=1; SID=abc; y=2\r\n",
      `${left}${CLOSE}Set-Cookie: SID=s1~abc; Path=/; HttpOnly\r\n`,
      "VR",
    ],
    ["SID:passive", null, "", `${own}${CLOSE}`, "NP"],
    ["SID:passive:indirect", "SID=s1", "Cookie: SID=s1\r\n", `${left}${CLOSE}`, "VD"],
  ])("%s, client with %s", async (cookie, sent, request, fields, term) => {
    const { program, port, heads } = await startFarm(own, "--cookie", cookie);
    expect(await ask(port, sent)).toBe(answer("s1", fields));
    expect(heads[0]).toBe(`GET / HTTP/1.1\r\nHost: h\r\n${request}\r\n`);
    expect(await letters(program, 0)).toBe(term);
  });

  it("is inserted after a POST only, with postonly", async () => {
    const { program, port } = await startFarm("", "--cookie", "SRV:insert:postonly");
    expect(await ask(port, null)).toBe(answer("s1", CLOSE));
    expect(await ask(port, null, "POST / HTTP/1.1")).toContain("Set-Cookie: SRV=s2; path=/\r\n");
    expect([await letters(program, 0), await letters(program, 1)]).toEqual(["NN", "NI"]);
  });
});

describe("maxidle and maxlife", () => {
  const cookie = "SRV:insert:indirect:maxidle=30m:maxlife=8h";
  it.each<[what: string, value: () => string, server: RegExp, term: string]>([
    ["fresh, seen before", () => `s2|${date(60)}|${date(3_600)}`, /^SRV=s2\|\S{5}\|\S{5};/, "VU"],
    ["not seen for too long", () => `s2|${date(1_900)}|${date(3_600)}`, /^SRV=s1\|/, "EI"],
    ["too old", () => `s2|${date(60)}|${date(8 * 3_600 + 60)}`, /^SRV=s1\|/, "OI"],
    ["without dates", () => "s2", /^SRV=s2\|/, "VU"],
    ["with a date that is none", () => "s2|$$$$$|", /^SRV=s2\|/, "VU"],
    ["from the day after tomorrow", () => `s2|${date(-2 * 86_400)}|${date(60)}`, /^SRV=s1\|/, "EI"],
  ])("%s", async (_, value, server, term) => {
    const { program, port } = await startFarm("", "--cookie", cookie);
    const sent = value();
    const text = await ask(port, `SRV=${sent}`);
    const given = /Set-Cookie: (.*)\r\n/.exec(text)![1]!;
    expect(given).toMatch(server);
    // The first date stays, so that a life ends.
    if (term === "VU" && sent.length === 14) expect(given.slice(13, 18)).toBe(sent.slice(9, 14));
    expect(await letters(program, 0)).toBe(term);
  });

  it("leave a cookie alone that was given just now", async () => {
    const { program, port } = await startFarm("", "--cookie", cookie);
    const given = /Set-Cookie: (\S+);/.exec(await ask(port, null))![1]!;
    expect(await ask(port, given)).toMatch(/\r\n\r\ns1$/);
    expect(await letters(program, 1)).toMatch(/^V[NU]$/);
  });
});
