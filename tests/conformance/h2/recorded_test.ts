/** Header blocks that other implementations wrote, against what their own peers read from them. @module */
import { describe, expect, it } from "vitest";
import { HpackDecoder } from "../../../src/protocol/hpack/decoder.ts";
import { HpackEncoder } from "../../../src/protocol/hpack/encoder.ts";
import { HpackError } from "../../../src/protocol/hpack/hpack_error.ts";
import { MessageCheck } from "../../../src/protocol/h2/message_check.ts";
import { Method } from "../../../src/protocol/http/method.ts";
import { fieldsOf, listOf, newList } from "../../support/h2/fields.ts";
import { headerBlocks, readRecordings } from "../../support/h2/recorded.ts";

const recordings = readRecordings(
  await Deno.readTextFile(`${import.meta.dirname}/../../fixtures/h2/recorded.md`),
);

describe.each(recordings)("recorded: $title", (recording) => {
  const { lists, tableBytes, isRequest } = recording;

  it.each([1, 7, recording.bytes.length])("reads the lists, bytes in pieces of %d", (step) => {
    const blocks = headerBlocks(recording, step);
    expect(blocks.length).toBe(lists.length);
    const decoder = new HpackDecoder(tableBytes);
    const list = newList();
    for (const [index, block] of blocks.entries()) {
      expect(decoder.decode(block, 0, block.length, list)).toBe(HpackError.NONE);
      expect(fieldsOf(list).map(([name, value]) => [name, value])).toEqual(lists[index]);
    }
  });

  it("finds nothing wrong with the messages", () => {
    const check = new MessageCheck();
    for (const fields of lists) {
      const isTrailers = !fields[0]![0].startsWith(":");
      const list = listOf(fields);
      const fault = isTrailers
        ? check.checkTrailers(list, true)
        : isRequest
        ? check.checkRequest(list, false, true)
        : check.checkResponse(list, false, Method.GET);
      expect(fault, JSON.stringify(fields)).toBe(0);
    }
  });

  it("writes the lists so that it reads them again, in fewer bytes than they have", () => {
    const encoder = new HpackEncoder(4096);
    const decoder = new HpackDecoder(4096);
    const out = new Uint8Array(65_536);
    const list = newList();
    let written = 0;
    for (const fields of lists) {
      const end = encoder.encode(listOf(fields), out, 0, out.length);
      written += end;
      expect(decoder.decode(out, 0, end, list)).toBe(HpackError.NONE);
      expect(fieldsOf(list).map(([name, value]) => [name, value])).toEqual(fields);
      expect(decoder.tableSizeBytes).toBe(encoder.tableSizeBytes);
    }
    const plain = lists.flat().reduce((sum, [name, value]) => sum + name.length + value.length, 0);
    expect(written).toBeLessThan(plain);
  });
});

describe("recorded: the whole", () => {
  it("has requests and responses of all encoders, and more than fifty lists", () => {
    expect(recordings.map(({ title }) => title.split(",")[0])).toEqual(expect.arrayContaining([
      "Node 20",
      "curl 7.88",
      "nginx 1.22",
      "HAProxy 2.6",
      "Deno 2.9",
    ]));
    expect(recordings.reduce((sum, { lists }) => sum + lists.length, 0)).toBeGreaterThan(50);
  });

  it("keeps authorization out of every table, as its sender asked", () => {
    const recording = recordings[0]!;
    const decoder = new HpackDecoder(4096);
    const list = newList();
    for (const block of headerBlocks(recording, recording.bytes.length)) {
      decoder.decode(block, 0, block.length, list);
      for (const [name, , neverIndexed] of fieldsOf(list)) {
        if (name === "authorization") expect(neverIndexed).toBe(true);
      }
    }
  });
});
