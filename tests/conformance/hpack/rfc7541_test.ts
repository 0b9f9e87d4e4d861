import { describe, expect, it } from "vitest";
import { HpackDecoder } from "../../../src/protocol/hpack/decoder.ts";
import { HpackEncoder } from "../../../src/protocol/hpack/encoder.ts";
import { HpackError } from "../../../src/protocol/hpack/hpack_error.ts";
import {
  integerLength,
  integerValue,
  readInteger,
  writeInteger,
} from "../../../src/protocol/hpack/integer.ts";
import { type Field, fieldsOf, hexBytes, hexOf, listOf, newList } from "../../support/h2/fields.ts";

function decodeWith(decoder: HpackDecoder, hex: string): { error: number; fields: Field[] } {
  const block = hexBytes(hex);
  const list = newList();
  return { error: decoder.decode(block, 0, block.length, list), fields: fieldsOf(list) };
}

const decode = (hex: string, tableBytes = 4096) => decodeWith(new HpackDecoder(tableBytes), hex);
const GET: Field = [":method", "GET"];

function expectError(hex: string, code: number): void {
  expect(decode(hex).error).toBe(code);
}

describe("RFC 7541 appendix C.1, integers", () => {
  it.each([[10, 5, "0a"], [1337, 5, "1f9a0a"], [42, 8, "2a"]])(
    "%d with a %d-bit prefix",
    (value, bits, hex) => {
      const bytes = new Uint8Array(8);
      expect(hexOf(bytes, 0, writeInteger(bytes, 0, 0, bits, value))).toBe(hex);
      const packed = readInteger(hexBytes(hex), 0, hex.length / 2, bits);
      expect([integerValue(packed), integerLength(packed)]).toEqual([value, hex.length / 2]);
    },
  );
});

describe("RFC 7541 appendix C.2, representations", () => {
  it.each<[string, string, Field, number]>([
    ["C.2.1 incremental", "400a637573746f6d2d6b65790d637573746f6d2d686561646572", [
      "custom-key",
      "custom-header",
    ], 55],
    ["C.2.2 without indexing", "040c2f73616d706c652f70617468", [":path", "/sample/path"], 0],
    ["C.2.3 never indexed", "100870617373776f726406736563726574", ["password", "secret", true], 0],
    ["C.2.4 indexed", "82", GET, 0],
  ])("%s", (_, hex, field, tableBytes) => {
    const decoder = new HpackDecoder(4096);
    expect(decodeWith(decoder, hex)).toEqual({ error: 0, fields: [field] });
    expect(decoder.tableSizeBytes).toBe(tableBytes);
  });
});

const C3: readonly (readonly Field[])[] = [
  [GET, [":scheme", "http"], [":path", "/"], [":authority", "www.example.com"]],
  [GET, [":scheme", "http"], [":path", "/"], [":authority", "www.example.com"], [
    "cache-control",
    "no-cache",
  ]],
  [
    GET,
    [":scheme", "https"],
    [":path", "/index.html"],
    [":authority", "www.example.com"],
    ["custom-key", "custom-value"],
  ],
];
const DATE_21: Field = ["date", "Mon, 21 Oct 2013 20:13:21 GMT"];
const LOCATION: Field = ["location", "https://www.example.com"];
const C5: readonly (readonly Field[])[] = [
  [[":status", "302"], ["cache-control", "private"], DATE_21, LOCATION],
  [[":status", "307"], ["cache-control", "private"], DATE_21, LOCATION],
  [
    [":status", "200"],
    ["cache-control", "private"],
    ["date", "Mon, 21 Oct 2013 20:13:22 GMT"],
    LOCATION,
    ["content-encoding", "gzip"],
    ["set-cookie", "foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1"],
  ],
];

describe("RFC 7541 appendices C.3 to C.6, lists on one connection", () => {
  it.each<[string, number, readonly string[], readonly (readonly Field[])[], readonly number[]]>([
    [
      "C.3 requests, plain",
      4096,
      [
        "828684410f7777772e6578616d706c652e636f6d",
        "828684be58086e6f2d6361636865",
        "828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565",
      ],
      C3,
      [57, 110, 164],
    ],
    [
      "C.4 requests, Huffman",
      4096,
      [
        "828684418cf1e3c2e5f23a6ba0ab90f4ff",
        "828684be5886a8eb10649cbf",
        "828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf",
      ],
      C3,
      [57, 110, 164],
    ],
    [
      "C.5 responses, plain",
      256,
      [
        "4803333032580770726976617465611d4d6f6e2c203231204f637420323031332032303a31333a323120474d54" +
        "6e1768747470733a2f2f7777772e6578616d706c652e636f6d",
        "4803333037c1c0bf",
        "88c1611d4d6f6e2c203231204f637420323031332032303a31333a323220474d54c05a04677a69707738666f6f3d" +
        "4153444a4b48514b425a584f5157454f50495541585157454f49553b206d61782d6167653d333630303b2076657273696f6e3d31",
      ],
      C5,
      [222, 222, 215],
    ],
    [
      "C.6 responses, Huffman",
      256,
      [
        "488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff6e919d29ad171863c78f0b97c8e9ae82ae43d3",
        "4883640effc1c0bf",
        "88c16196d07abe941054d444a8200595040b8166e084a62d1bffc05a839bd9ab77ad94e7821dd7f2e6c7b335dfdfcd5b3960" +
        "d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007",
      ],
      C5,
      [222, 222, 215],
    ],
  ])("%s", (_, tableBytes, blocks, lists, sizes) => {
    const decoder = new HpackDecoder(tableBytes);
    for (const [index, hex] of blocks.entries()) {
      expect(decodeWith(decoder, hex)).toEqual({ error: 0, fields: lists[index] });
      expect(decoder.tableSizeBytes).toBe(sizes[index]);
    }
  });
});

describe("RFC 7541 section 2.3.3, index address space", () => {
  it.each([["80", "index 0"], ["be", "index 62 of an empty table"], ["ffff7f", "an index far beyond"]])(
    "refuses %s: %s",
    (hex) => expectError(hex, HpackError.BAD_INDEX),
  );
  it("refuses the name of an entry that does not exist", () => {
    expectError("7f000161", HpackError.BAD_INDEX);
    expectError("0f2f0161", HpackError.BAD_INDEX);
  });
});

describe("RFC 7541 section 4, the dynamic table", () => {
  it("4.2: takes updates at the beginning of a block only, up to the announced size", () => {
    expect(decode("2082").error).toBe(0);
    expect(decode("203fe11f82").error).toBe(0);
    expectError("8220", HpackError.LATE_SIZE_UPDATE);
    expectError("3fe21f", HpackError.SIZE_UPDATE_TOO_LARGE);
  });
  it("4.2: asks for an update after the announced size fell below the table's", () => {
    const decoder = new HpackDecoder(4096);
    decoder.limitTable(100);
    expect(decodeWith(decoder, "82").error).toBe(HpackError.MISSING_SIZE_UPDATE);
    const other = new HpackDecoder(4096);
    other.limitTable(100);
    expect(decodeWith(other, "3f4582").error).toBe(0);
    expect(decodeWith(other, "82").error).toBe(0);
    expect(decodeWith(other, "3f4682").error).toBe(HpackError.SIZE_UPDATE_TOO_LARGE);
  });
  it("4.3: drops what has no room in a smaller table", () => {
    const decoder = new HpackDecoder(4096);
    decodeWith(decoder, "4001610162");
    expect(decoder.tableSizeBytes).toBe(34);
    expect(decodeWith(decoder, "3f0282").error).toBe(0);
    expect(decoder.tableSizeBytes).toBe(0);
    expect(decodeWith(decoder, "be").error).toBe(HpackError.BAD_INDEX);
  });
  it("4.4: a field larger than the table empties it, and is no error", () => {
    const decoder = new HpackDecoder(40);
    decodeWith(decoder, "4001610162");
    const large = decodeWith(decoder, "400a616161616161616161610162");
    expect(large).toEqual({ error: 0, fields: [["aaaaaaaaaa", "b"]] });
    expect(decoder.tableSizeBytes).toBe(0);
  });
  it("4.4: a new entry may have the name of the one that it pushes out", () => {
    const decoder = new HpackDecoder(40);
    decodeWith(decoder, "4003616161016b");
    expect(decodeWith(decoder, "7e016c")).toEqual({ error: 0, fields: [["aaa", "l"]] });
    expect(decodeWith(decoder, "be").fields).toEqual([["aaa", "l"]]);
  });
});

describe("RFC 7541 section 5, primitives", () => {
  it.each([
    ["5.1 integer without its end", "7f", HpackError.TRUNCATED],
    ["5.1 integer that goes on", "ffff", HpackError.TRUNCATED],
    ["5.1 integer above 2^27-1", "ffffffff7f", HpackError.INTEGER_TOO_LARGE],
    ["5.1 integer of zeros without end", "ff8080808080808000", HpackError.INTEGER_TOO_LARGE],
    ["5.2 text longer than the block", "000561", HpackError.TRUNCATED],
    ["5.2 field without a value", "000161", HpackError.TRUNCATED],
    ["5.2 EOS in a text", "000161 84ffffffff", HpackError.BAD_HUFFMAN],
    ["5.2 EOS among others", "000161 85ffffffffff", HpackError.BAD_HUFFMAN],
    ["5.2 eight bits of padding", "000161 821fff", HpackError.BAD_PADDING],
    ["5.2 padding that is not of ones", "000161 8118", HpackError.BAD_PADDING],
    ["5.2 only padding", "000161 81ff", HpackError.BAD_PADDING],
  ])("refuses %s", (_, hex, code) => expectError(hex, code));

  it("5.2: takes an empty text in either way, and seven bits of padding", () => {
    expect(decode("00016100").fields).toEqual([["a", ""]]);
    expect(decode("00016180").fields).toEqual([["a", ""]]);
    expect(decode("000161811f").fields).toEqual([["a", "a"]]);
    // An octet with ten bits leaves six of padding; a code of nine bits, which would leave seven, does not exist.
    expect(decode("00016182fe3f").fields).toEqual([["a", "!"]]);
  });
});

describe("RFC 7541 section 7.1.3, never-indexed literals", () => {
  it("writes a field that came so in the same way", () => {
    const out = new Uint8Array(100);
    const end = new HpackEncoder(4096).encode(listOf([["x-key", "v", true]]), out, 0, out.length);
    expect(out[0]! & 0xf0).toBe(0x10);
    const list = newList();
    new HpackDecoder(4096).decode(out, 0, end, list);
    expect(fieldsOf(list)).toEqual([["x-key", "v", true]]);
  });
});
