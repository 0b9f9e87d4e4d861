/** Certificates from files: what is read of them, and every reason why one cannot be used. @module */
import { describe, expect, it, onTestFinished } from "vitest";
import { TlsFileError } from "../../../src/net/certificate_files.ts";
import { loadTlsMaterial, materialStamp, tellExpiries, usesTls } from "../../../src/net/tls_material.ts";
import { configOf } from "../../support/config/written.ts";
import { tlsFile, tlsText } from "../../support/tls/certificates.ts";

const SOURCE = {
  tell: () => {},
  newPair: () => ({ names: ["localhost"], chainPem: tlsText("local.crt"), keyPem: tlsText("local.key") }),
};

function configWith(keys: string) {
  return configOf(`-l https://localhost:8443,name=fe${keys === "" ? "" : `,${keys}`} -b :3000`);
}

function load(keys: string) {
  return loadTlsMaterial(configWith(keys), SOURCE).listeners[0]!;
}

function failureOf(keys: string): string {
  try {
    load(keys);
  } catch (error) {
    if (error instanceof TlsFileError) return error.message;
    throw error;
  }
  return "";
}

function write(name: string, text: string): string {
  const folder = Deno.makeTempDirSync();
  onTestFinished(() => Deno.removeSync(folder, { recursive: true }));
  Deno.writeTextFileSync(`${folder}/${name}`, text);
  return `${folder}/${name}`;
}

describe("a certificate", () => {
  it("is read with its key, from one file or two, and knows its names", () => {
    for (const keys of [`cert=${tlsFile("b.pem")}`, `cert=${tlsFile("b.crt")},key=${tlsFile("b.key")}`]) {
      const { pairs, clientCaPem, expiries } = load(keys);
      expect(pairs.map(({ names }) => names)).toEqual([["b.test", "*.b.test"]]);
      expect(pairs[0].keyPem).toBe(tlsText("b.key").trim());
      expect(clientCaPem).toBeNull();
      expect(expiries).toEqual([{ path: expect.stringContaining("/b."), untilMs: expect.any(Number) }]);
    }
  });

  it("is one of many in a directory, in the order of their names; hidden files are none", () => {
    const folder = write("b.pem", tlsText("b.pem")).replace("/b.pem", "");
    Deno.writeTextFileSync(`${folder}/a.pem`, tlsText("a.pem"));
    Deno.writeTextFileSync(`${folder}/.hidden`, "x");
    Deno.mkdirSync(`${folder}/c`);
    expect(load(`cert=${folder}`).pairs.map(({ names }) => names[0])).toEqual(["a.test", "b.test"]);
  });

  it("comes with its chain", () => {
    const path = write("deep.pem", tlsText("deep.crt") + tlsText("between.pem") + tlsText("deep.key"));
    expect(load(`cert=${path}`).pairs[0].chainPem.match(/BEGIN CERTIFICATE/g)).toHaveLength(2);
  });

  it("is made where none is written, once", () => {
    const first = loadTlsMaterial(configWith(""), SOURCE);
    const again = loadTlsMaterial(configWith(""), {
      tell: () => {},
      newPair: () => expect.fail("made twice"),
    }, first);
    expect(again.listeners[0]!.pairs).toBe(first.listeners[0]!.pairs);
    expect(again.ticketKeys).toBe(first.ticketKeys);
    expect(first.ticketKeys.length).toBe(80);
  });

  it("is told of two weeks before its end and behind it", () => {
    const config = configWith(`cert=${tlsFile("a.pem")}`);
    const told: string[] = [];
    const at = (inMs: number) => {
      const expiries = [{ path: "x.pem", untilMs: Date.now() + inMs }];
      const listeners = [{ pairs: [], clientCaPem: null, expiries }];
      tellExpiries(
        config,
        { listeners, backends: [], ticketKeys: new Uint8Array(80) },
        (message) => told.push(message),
      );
    };
    at(15 * 86_400_000);
    expect(told).toEqual([]);
    at(13.5 * 86_400_000);
    at(1.5 * 86_400_000);
    at(-1_000);
    expect(told).toEqual([
      expect.stringMatching(/^listener fe: x\.pem expires in 13 days, on \d{4}-/),
      expect.stringMatching(/^listener fe: x\.pem expires in 1 day, on /),
      expect.stringMatching(/^listener fe: x\.pem expired on /),
    ]);
  });
});

describe("a file that cannot be used", () => {
  it.each([
    ["nothing.pem", "there is no such file"],
    ["a.key", "there is no certificate in it; a PEM file is needed (-----BEGIN CERTIFICATE-----)"],
    ["a.crt", "there is no private key in it; add it, or write key="],
    ["expired.pem", "it expired on Jan  1 00:00:00 2020 GMT"],
    ["future.pem", "it is not valid before Jan  1 00:00:00 2100 GMT"],
  ])("cert=%s: %s", (name, state) => {
    expect(failureOf(`cert=${tlsFile(name)}`)).toBe(
      `Cannot use cert=${tlsFile(name)} of listener fe: ${state}`,
    );
  });

  it.each([
    ["b.key", `the key in ${tlsFile("b.key")} does not fit the certificate`],
    ["a.crt", `there is no private key in ${tlsFile("a.crt")}`],
    ["password.key", "its key has a password; write it without one (openssl pkey)"],
  ])("key=%s: %s", (name, state) => {
    expect(failureOf(`cert=${tlsFile("a.crt")},key=${tlsFile(name)}`)).toBe(
      `Cannot use cert=${tlsFile("a.crt")} of listener fe: ${state}`,
    );
  });

  it("has its chain in the wrong order", () => {
    const path = write(
      "c.pem",
      tlsText("deep.crt") + tlsText("ca.pem") + tlsText("between.pem") + tlsText("deep.key"),
    );
    expect(failureOf(`cert=${path}`)).toBe(
      `Cannot use cert=${path} of listener fe: its chain is in the wrong order: certificate 2 (CN=hadro test authority) did not sign ` +
        "the one before it (whose issuer is CN=intermediate); write the certificate first, then each issuer",
    );
  });

  it("cannot be read as PEM", () => {
    const bad = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    const path = write("c.pem", bad + tlsText("a.key"));
    expect(failureOf(`cert=${path}`)).toContain("certificate 1 in it cannot be read");
  });

  it("is an empty directory, or a directory beside key=", () => {
    const folder = write("x", "").replace("/x", "");
    Deno.removeSync(`${folder}/x`);
    expect(failureOf(`cert=${folder}`)).toContain("the directory is empty");
    expect(failureOf(`cert=${folder},key=${tlsFile("a.key")}`)).toContain("cert= is a directory");
  });

  it("is an authority's without a certificate", () => {
    expect(failureOf(`cert=${tlsFile("a.pem")},ca=${tlsFile("a.key")}`)).toContain(
      `ca=${tlsFile("a.key")} of listener fe`,
    );
  });
});

describe("materialStamp", () => {
  it("changes with a file's content, its absence, and a directory's files", () => {
    const path = write("a.pem", tlsText("a.pem"));
    const folder = path.replace("/a.pem", "");
    for (const config of [configWith(`cert=${path}`), configWith(`cert=${folder}`)]) {
      const before = materialStamp(config);
      expect(materialStamp(config)).toBe(before);
      Deno.writeTextFileSync(path, `${Deno.readTextFileSync(path)}\n`);
      expect(materialStamp(config)).not.toBe(before);
    }
    const config = configWith(`cert=${folder}`);
    const before = materialStamp(config);
    Deno.writeTextFileSync(`${folder}/b.pem`, "");
    expect(materialStamp(config)).not.toBe(before);
    Deno.removeSync(path);
    expect(materialStamp(configWith(`cert=${path}`))).toContain("gone");
  });

  it("is nothing where nothing is encrypted", () => {
    expect(usesTls(configOf("-l :8080 -b :3000"))).toBe(false);
    expect(usesTls(configWith(""))).toBe(true);
    expect(materialStamp(configOf("-l :8080 -b :3000"))).toBe("");
  });
});
