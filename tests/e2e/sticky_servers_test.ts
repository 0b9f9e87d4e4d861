/** Persistence by cookie in the built program: servers that are down or drain, redispatch, and values that do not name them. @module */
import { describe, expect, it } from "vitest";
import { xxh64 } from "../../src/base/xxh64.ts";
import { keep, startHadro } from "../support/program/keep.ts";
import { httpServer, refusedPort, response } from "../support/program/peers.ts";
import { answer, ask, CLOSE, letters, startFarm } from "../support/program/sticky.ts";

describe("a server that cannot be reached", () => {
  it("loses its client to another one, whose cookie is given", async () => {
    const server = keep(httpServer(() => response("s2")));
    const { program, port } = await startHadro(
      "http",
      [refusedPort(), server.port],
      ...["--cookie", "SRV:insert:indirect", "--log", "haproxy"],
    );
    expect(await ask(port, "SRV=s1")).toBe(answer("s2", `${CLOSE}Set-Cookie: SRV=s2; path=/\r\n`));
    await program.stdout.waitFor(
      / fe app\/s2 \S+ 200 \d+ - - --DI 1\/1\/1\/1\/\+1 0\/0 "GET \/ HTTP\/1\.1"$/,
    );
  });

  it("is tried again, and only it, with redispatch off", async () => {
    const server = keep(httpServer(() => response("s2")));
    const { program, port } = await startHadro(
      "http",
      [refusedPort(), server.port],
      ...["--cookie", "SRV:insert:indirect", "--redispatch", "off", "--retries", "1"],
    );
    expect(await ask(port, "SRV=s1")).toMatch(/^HTTP\/1\.1 503 /);
    expect(await program.log(0)).toMatchObject({
      server: "s1",
      retries: 1,
      redispatched: false,
      term: "SC",
      term_cookie: "VN",
      status: 503,
    });
  });

  it("is left at the last retry with redispatch on, as HAProxy does", async () => {
    const server = keep(httpServer(() => response("s2")));
    const { program, port } = await startHadro(
      "http",
      [refusedPort(), server.port],
      ...["--cookie", "SRV:insert:indirect", "--redispatch", "on", "--retries", "2"],
    );
    expect(await ask(port, "SRV=s1")).toMatch(/Set-Cookie: SRV=s2;/);
    expect(await program.log(0)).toMatchObject({
      server: "s2",
      retries: 2,
      redispatched: true,
      term_cookie: "DI",
    });
    expect(Number((await program.log(0)).t_conn_ms)).toBeGreaterThanOrEqual(900);
  });

  it("is not asked for while it is down, unless persist or force-persist say so", async () => {
    const gone = refusedPort();
    const server = keep(httpServer(() => response("s2")));
    const backends = [`127.0.0.1:${gone},force-persist=/force`, server.port];
    const flags = ["--cookie", "SRV:insert:indirect", "--check", "tcp", "--inter", "100ms", "--retries", "0"];
    const { program, port } = await startHadro("http", backends, ...flags);
    await program.stderr.waitFor(/server app\/s1 is DOWN/);
    expect(await ask(port, "SRV=s1")).toMatch(/Set-Cookie: SRV=s2;/);
    expect(await ask(port, "SRV=s1", "GET /force HTTP/1.1")).toMatch(/^HTTP\/1\.1 503 /);
    expect(await program.log(0)).toMatchObject({ term_cookie: "DI", redispatched: false, retries: 0 });
    expect(await program.log(1)).toMatchObject({ server: "s1", term: "SC", term_cookie: "DN" });
    const persistent = await startHadro("http", [gone, server.port], ...flags, "--persist");
    await persistent.program.stderr.waitFor(/server app\/s1 is DOWN/);
    expect(await ask(persistent.port, "SRV=s1")).toMatch(/^HTTP\/1\.1 503 /);
    expect(await persistent.program.log(0)).toMatchObject({ server: "s1", term_cookie: "DN" });
  });

  it("keeps its clients while it takes no new ones: weight 0, or 404 to a check with disable-on-404", async () => {
    const servers = ["s1", "s2", "s3"].map((name) =>
      keep(
        httpServer((head) =>
          name === "s2" && head.includes("/check")
            ? "HTTP/1.1 404 X\r\nContent-Length: 0\r\n\r\n"
            : response(name)
        ),
      )
    );
    const [one, two, three] = servers.map((server) => `127.0.0.1:${server.port}`);
    const flags = [
      "--cookie",
      "SRV:insert:indirect",
      "--check",
      "/check",
      "--inter",
      "100ms",
      "--disable-on-404",
    ];
    const { program, port } = await startHadro("http", [one!, two!, `${three},weight=0`], ...flags);
    await program.stderr.waitFor(/server app\/s2 is NOLB/);
    for (let i = 0; i < 3; i++) expect(await ask(port, null)).toMatch(/\r\n\r\ns1$/);
    expect(await ask(port, "SRV=s2")).toMatch(/\r\n\r\ns2$/);
    expect(await ask(port, "SRV=s3")).toMatch(/\r\n\r\ns3$/);
    expect([await letters(program, 3), await letters(program, 4)]).toEqual(["VN", "VN"]);
  });

  it("does not matter to paths with ignore-persist", async () => {
    const servers = ["s1", "s2"].map((name) => keep(httpServer(() => response(name))));
    const backends = [`127.0.0.1:${servers[0]!.port},ignore-persist=/static+/img`, servers[1]!.port];
    const { program, port } = await startHadro("http", backends, "--cookie", "SRV:insert:indirect");
    for (const name of ["s1", "s2"]) {
      expect(await ask(port, "SRV=s2", "GET /static/a HTTP/1.1")).toBe(answer(name, CLOSE));
    }
    expect(await ask(port, "SRV=s2", "GET /statics HTTP/1.1")).toMatch(/\r\n\r\ns2$/);
    expect([await letters(program, 0), await letters(program, 1), await letters(program, 2)]).toEqual([
      "UN",
      "UN",
      "VN",
    ]);
  });
});

describe("values that do not name the server", () => {
  const key = "0123456789abcdef0123456789abcdef";
  const cookieOf = async (port: number) => /Set-Cookie: (SRV=\S+);/.exec(await ask(port, null))![1]!;

  it("are sealed: the same in every thread and every hadro with the key, void in others", async () => {
    const flags = ["--cookie", "SRV:insert:indirect:sealed", "--cookie-key", key];
    const { program, port, servers } = await startFarm("", ...flags);
    const values = [await cookieOf(port), await cookieOf(port)];
    for (const value of values) expect(value).toMatch(/^SRV=[\w-]{22}$/);
    expect(program.stderr.lines.some((line) => line.includes("random"))).toBe(false);
    const backends = servers.map((server) => server.port);
    const other = await startHadro("http", backends, ...flags, "--threads", "2");
    for (let i = 0; i < 4; i++) expect(await ask(other.port, values[1]!)).toBe(answer("s2", CLOSE));
    expect(await ask(other.port, "SRV=s2")).toContain("Set-Cookie: ");
    const seen = [0, 1, 2, 3, 4].map((i) => letters(other.program, i));
    expect((await Promise.all(seen)).sort()).toEqual(["II", "VN", "VN", "VN", "VN"]);
    const random = await startHadro("http", backends, "--cookie", "SRV:insert:indirect:sealed");
    await random.program.stderr.waitFor(/the cookie key is random: .*see --cookie-key$/);
    await ask(random.port, values[1]!);
    expect(await letters(random.program, 0)).toBe("II");
  });

  it("are dynamic: HAProxy's own for the same key", async () => {
    const { port, servers } = await startFarm("", "--cookie", "SRV:insert:dynamic", "--cookie-key", key);
    const [a, b] = [servers[0]!.port & 0xff, servers[0]!.port >> 8];
    const bytes = new Uint8Array([...new TextEncoder().encode(key), 127, 0, 0, 1, a!, b!, 0, 0]);
    expect(await cookieOf(port)).toBe(`SRV=${xxh64(bytes).toString(16).padStart(16, "0")}`);
  });
});

it("another backend's cookie of the same name is told at the start", async () => {
  const servers = [0, 1].map(() => keep(httpServer(() => response("ok"))));
  const flags = ["-r", `/api/=127.0.0.1:${servers[1]!.port}`, "--cookie", "SRV:insert"];
  const { program } = await startHadro("http", [servers[0]!.port], ...flags);
  await program.stderr.waitFor(/backends app2 and app have the cookie SRV for other servers/);
});
