/** The keys of https:// and tls:// listeners. @module */
import { describe, expect, it } from "vitest";
import { configOf } from "../../support/config/written.ts";

const tlsOf = (line: string) => configOf(line).listeners.map(({ tls }) => tls);

describe("a listener's TLS", () => {
  it("is none where nothing is encrypted", () => {
    expect(tlsOf("-l http://:8080 -b :3000")).toEqual([null]);
    expect(tlsOf("-l tcp://:8080 -b :3000")).toEqual([null]);
  });

  it("has HAProxy's defaults: 1.2 and later, every client, HTTP/2 and HTTP/1.1 by ALPN", () => {
    const usual = { isStrict: false, minVersion: "1.2", clientCaPath: "", isClientRequired: false };
    expect(tlsOf("-l https://:8443,cert=a.pem -b :3000")).toEqual([
      { ...usual, files: { certPath: "a.pem", keyPath: "" }, alpn: ["h2", "http/1.1"] },
    ]);
    expect(tlsOf("-l https://:8443,cert=a.pem,h2-streams=0 -b :3000")).toMatchObject([{
      alpn: ["http/1.1"],
    }]);
    expect(tlsOf("-l tls://:8443,cert=a.crt,key=a.key -b :3000")).toEqual([
      { ...usual, files: { certPath: "a.crt", keyPath: "a.key" }, alpn: [] },
    ]);
  });

  it("asks clients for certificates with ca=, and requires them unless verify=optional", () => {
    const asks = (keys: string) =>
      tlsOf(`-l https://:8443,cert=a.pem${keys} -b :3000`).map((tls) => [
        tls!.clientCaPath,
        tls!.isClientRequired,
      ])[0];
    expect(asks("")).toEqual(["", false]);
    expect(asks(",ca=ca.pem")).toEqual(["ca.pem", true]);
    expect(asks(",ca=ca.pem,verify=required")).toEqual(["ca.pem", true]);
    expect(asks(",ca=ca.pem,verify=optional")).toEqual(["ca.pem", false]);
  });

  it.each(["localhost:8443", "127.0.0.1:8443", "127.1.2.3:8443", "[::1]:8443", "unix:/run/a.sock"])(
    "needs no certificate on %s",
    (address) => expect(tlsOf(`-l https://${address} -b :3000`)[0]!.files).toBeNull(),
  );

  it("has a listener's name begin with its scheme", () => {
    expect(
      configOf("-l https://localhost:8443 -b :3000 -l tls://localhost:8444 -b :3000").listeners.map((
        { name },
      ) => name),
    )
      .toEqual(["https-8443", "tls-8444"]);
  });
});

describe("a server's TLS", () => {
  const serverOf = (line: string) => configOf(line).backends[0].servers[0].tls;

  it("is none where nothing is encrypted", () => {
    expect(serverOf("-l :8080 -b a.test:80")).toBeNull();
  });

  it("is verified for its own name, by the system's authorities", () => {
    expect(serverOf("-l :8080 -b https://A.test:443")).toEqual({
      serverName: { kind: "name", name: "a.test" },
      isVerified: true,
      caPath: "",
      files: null,
      minVersion: "1.2",
      alpn: ["http/1.1"],
    });
  });

  it.each([
    ["https://10.0.0.1:443", { kind: "name", name: "10.0.0.1" }],
    ["https://:443", { kind: "name", name: "localhost" }],
    ["https://10.0.0.1:443,sni=a.test", { kind: "name", name: "a.test" }],
    ["https://10.0.0.1:443,sni=host", { kind: "host", name: "10.0.0.1" }],
    ["https://unix:/run/a.sock,verify=off", { kind: "name", name: "" }],
  ])("of %s asks for %j", (word, expected) => {
    expect(serverOf(`-l :8080 -b ${word}`)!.serverName).toEqual(expected);
  });

  it("may be mixed in a backend, each server with its own", () => {
    const line =
      "-l :8080 -b 10.0.0.1:80 https://a.test:443,verify=off https://b.test:443,ca=ca.pem,cert=c.pem,tls-min=1.3";
    expect(
      configOf(line).backends[0].servers.map(({ tls }) =>
        tls && [tls.isVerified, tls.caPath, tls.minVersion]
      ),
    ).toEqual([
      null,
      [false, "", "1.2"],
      [true, "ca.pem", "1.3"],
    ]);
  });

  it("of tls:// offers no protocol of HTTP", () => {
    expect(serverOf("-l tcp://:5432 -b tls://db.test:5432")!.alpn).toEqual([]);
  });
});
