/** DNS queries and answers, byte by byte; whatever bytes come, reading them ends. @module */
import { describe, expect, it } from "vitest";
import { Prng } from "../../../../src/base/prng.ts";
import { type DnsAnswer, readAnswer, RECORDS_MAX } from "../../../../src/net/dns/message_reader.ts";
import { RecordType, UDP_PAYLOAD_BYTES, writeQuery } from "../../../../src/net/dns/message_writer.ts";

const ID = 0x1234;
const A_COUNT = 7;

function bytesOf(hex: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(hex.replaceAll(/\s/g, "").match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

/** Names as hex: `03 617070 04 74657374 00` is app.test. */
const APP = "03 617070 04 74657374 00";
const HEAD = "1234 8180 0001";

function read(hex: string, type: number = RecordType.A, name = "app.test"): DnsAnswer | null {
  return readAnswer(bytesOf(hex), ID, name, type);
}

describe("a query", () => {
  it("asks one question, and allows for long answers", () => {
    const opt = `00 0029 ${UDP_PAYLOAD_BYTES.toString(16).padStart(4, "0")} 00000000 0000`;
    expect(writeQuery(ID, "app.test", RecordType.SRV)).toEqual(
      bytesOf(`1234 0100 0001 0000 0000 0001 ${APP} 0021 0001 ${opt}`),
    );
    expect(writeQuery(ID, "app.test.", RecordType.A)).toEqual(writeQuery(ID, "app.test", RecordType.A));
  });
  it.each(["", ".", "a..b", `${"a".repeat(64)}.test`, Array(60).fill("abcd").join("."), "ü.test"])(
    "is not made of %j",
    (name) => expect(writeQuery(ID, name, RecordType.A)).toBeNull(),
  );
});

describe("an answer", () => {
  it("has addresses of the name, directly or by aliases in any order", () => {
    const plain = `${HEAD} 0002 0000 0000 ${APP} 0001 0001 c00c 0001 0001 0000001e 0004 0a000001 ` +
      "c00c 0001 0001 0000001e 0004 0a000002";
    expect(read(plain)).toMatchObject({ code: 0, isMalformed: false, addresses: ["10.0.0.1", "10.0.0.2"] });
    const alias = `${HEAD} 0002 0000 0000 ${APP} 0001 0001 01 78 c010 0001 0001 0000001e 0004 0a000007 ` +
      "c00c 0005 0001 0000001e 0004 01 78 c010";
    expect(read(alias)).toMatchObject({ isMalformed: false, addresses: ["10.0.0.7"] });
  });
  it("has SRV records, and addresses that came along", () => {
    const text = `${HEAD} 0001 0000 0001 ${APP} 0021 0001 ` +
      "c00c 0021 0001 0000001e 000a 0001 0002 1f90 01 77 c00c " +
      "01 77 c00c 0001 0001 0000001e 0004 0a000009";
    const answer = read(text, RecordType.SRV)!;
    expect(answer.services).toEqual([{ priority: 1, weight: 2, port: 8080, target: "w.app.test" }]);
    expect([...answer.others]).toEqual([["w.app.test", ["10.0.0.9"]]]);
  });
  it("has no SRV record whose target is the root: the service is not there", () => {
    const text = `${HEAD} 0001 0000 0000 ${APP} 0021 0001 c00c 0021 0001 0000001e 0007 0000 0000 0000 00`;
    expect(read(text, RecordType.SRV)).toMatchObject({ services: [], isMalformed: false });
  });
  it.each([
    ["another id", `4321 8180 0001 0000 0000 0000 ${APP} 0001 0001`],
    ["a query", `1234 0100 0001 0000 0000 0000 ${APP} 0001 0001`],
    ["another name", `${HEAD} 0000 0000 0000 03 617071 04 74657374 00 0001 0001`],
    ["another type", `${HEAD} 0000 0000 0000 ${APP} 001c 0001`],
    ["two questions", `1234 8180 0002 0000 0000 0000 ${APP} 0001 0001 ${APP} 0001 0001`],
    ["no question", "1234 8180 0000 0000 0000 0000"],
    ["too little", "1234 8180"],
  ])("is none with %s", (_, hex) => expect(read(hex)).toBeNull());
  it("may leave the question out when it refuses", () => {
    expect(read("1234 8185 0000 0000 0000 0000")).toMatchObject({ code: 5, addresses: [] });
  });
  it.each([
    ["a record beyond the end", "c00c 0001 0001 0000001e 0004 0a00"],
    ["a name that points at itself", "c01a 0001 0001 0000001e 0004 0a000001"],
    ["a name that points ahead", "c0ff 0001 0001 0000001e 0004 0a000001"],
    ["a label of a kind that there is none of", "8001 0001 0001 0000001e 0004 0a000001"],
  ])("is malformed with %s", (_, record) => {
    expect(read(`${HEAD} 0001 0000 0000 ${APP} 0001 0001 ${record}`)).toMatchObject({ isMalformed: true });
  });
  it("is read no further than so many records", () => {
    const record = "c00c 0001 0001 0000001e 0004 0a000001 ";
    const hex =
      `${HEAD} ${(RECORDS_MAX + A_COUNT).toString(16).padStart(4, "0")} 0000 0000 ${APP} 0001 0001 ` +
      record.repeat(RECORDS_MAX + A_COUNT);
    expect(read(hex)!.addresses).toHaveLength(RECORDS_MAX);
  });
});

describe("bytes that anybody sent", () => {
  it("are read to an end, whatever they are, and give IP literals and names only", () => {
    const good = bytesOf(
      `${HEAD} 0002 0000 0001 ${APP} 0021 0001 c00c 0021 0001 0000001e 000a 0001 0002 1f90 01 77 c00c ` +
        "01 77 c00c 0001 0001 0000001e 0004 0a000009 c00c 0005 0001 0000001e 0002 c00c",
    );
    for (let seed = 0; seed < 20_000; seed++) {
      const prng = new Prng(seed);
      const bytes = good.slice(0, prng.chance(0.5) ? good.length : prng.nextBelow(good.length));
      const changes = 1 + prng.nextBelow(4);
      for (let i = 0; i < changes && bytes.length > 0; i++) {
        bytes[prng.nextBelow(bytes.length)] = prng.nextBelow(256);
      }
      const answer = readAnswer(bytes, ID, "app.test", RecordType.SRV);
      for (const { port, target } of answer?.services ?? []) {
        expect(port > 0 && target !== "", `seed ${seed}`).toBe(true);
      }
      for (const addresses of answer?.others.values() ?? []) {
        for (const address of addresses) expect(address, `seed ${seed}`).toMatch(/^[0-9a-f.:]+$/);
      }
    }
  });
});
