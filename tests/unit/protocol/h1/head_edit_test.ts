import { describe, expect, it } from "vitest";
import { HeadEdit, STAGING_SIZE_BYTES } from "../../../../src/protocol/h1/head_edit.ts";
import { HeadParser, ParseStatus } from "../../../../src/protocol/h1/head_parser.ts";
import { FieldName } from "../../../../src/protocol/http/field_name.ts";
import { asciiBytes } from "../../../../src/protocol/http/octet.ts";
import { chooseSeed, newRandom } from "../../../conformance/h1/cuts.ts";

const BASE = 3;

/** A parsed head in a buffer with `spareBytes` behind it, and an edit of it that has begun. */
class Bench {
  readonly parser = new HeadParser("request");
  readonly edit = new HeadEdit();
  readonly bytes: Uint8Array;
  readonly dataEnd: number;

  constructor(head: string, body: string, spareBytes: number) {
    this.bytes = asciiBytes("#".repeat(BASE) + head + body + "#".repeat(spareBytes));
    this.dataEnd = BASE + head.length + body.length;
    expect(this.parser.parse(this.bytes, BASE, this.dataEnd)).toBe(ParseStatus.DONE);
    this.edit.begin(this.parser);
  }

  append(text: string): void {
    this.edit.append(asciiBytes(text), 0, text.length);
  }

  replaceStartLine(text: string): void {
    this.edit.replaceStartLine(asciiBytes(text), 0, text.length);
  }

  /** Returns what stands in the buffer after `apply`, or null when it was refused. */
  apply(capacityEnd = this.bytes.length): string | null {
    const before = String.fromCharCode(...this.bytes);
    const end = this.edit.apply(this.bytes, BASE, this.parser, this.dataEnd, capacityEnd);
    const after = String.fromCharCode(...this.bytes);
    expect(after.slice(0, BASE)).toBe("#".repeat(BASE));
    expect(/^#*$/.test(after.slice(Math.max(end, this.dataEnd)))).toBe(true);
    if (end < 0) expect(after).toBe(before);
    return end < 0 ? null : after.slice(BASE, end);
  }

  dropHopByHop(keepUpgrade: boolean): string | null {
    this.edit.dropHopByHop(this.parser, this.bytes, BASE, keepUpgrade);
    return this.apply();
  }
}

const GET = "GET / HTTP/1.1\r\nHost: a\r\n";

describe("HeadEdit.apply", () => {
  it("touches nothing when nothing changes", () => {
    const bench = new Bench(`${GET}\r\n`, "body", 0);
    bench.bytes.fill(0);
    expect(bench.edit.apply(bench.bytes, BASE, bench.parser, bench.dataEnd, bench.bytes.length)).toBe(
      bench.dataEnd,
    );
    expect(bench.bytes.every((octet) => octet === 0)).toBe(true);
    expect(bench.edit.newHeadLength).toBe(GET.length + 2);
  });
  it("drops, appends and moves the body along", () => {
    const bench = new Bench(`${GET}A: 1\r\nB: 2\r\nC: 3\r\n\r\n`, "body", 50);
    bench.edit.dropField(2);
    bench.edit.dropField(2);
    bench.append("D: 4444\r\n");
    bench.append("E: 5\r\n");
    expect(bench.apply()).toBe(`${GET}A: 1\r\nC: 3\r\nD: 4444\r\nE: 5\r\n\r\nbody`);
    expect(bench.edit.newHeadLength).toBe(GET.length + 29);
  });
  it.each(["G / HTTP/1.1", "GET / HTTP/1.0", "GET /a/much/longer/target/than/before HTTP/1.1"])(
    "start line becomes %s",
    (line) => {
      const bench = new Bench(`${GET}A: 1\r\nB: 2\r\n\r\n`, "body", 50);
      bench.replaceStartLine(line);
      bench.edit.dropField(1);
      expect(bench.apply()).toBe(`${line}\r\nHost: a\r\nB: 2\r\n\r\nbody`);
    },
  );
  it("leaves empty lines before the request", () => {
    const bench = new Bench(`\r\n${GET}\r\n`, "", 20);
    bench.replaceStartLine("PUT /x HTTP/1.1");
    bench.append("A: 1\r\n");
    const text = "PUT /x HTTP/1.1\r\nHost: a\r\nA: 1\r\n\r\n";
    expect(bench.apply()).toBe(`\r\n${text}`);
    expect(bench.edit.newHeadLength).toBe(text.length);
  });
  it("refuses what does not fit, exactly", () => {
    const newBench = () => {
      const bench = new Bench(`${GET}\r\n`, "body", 10);
      bench.append("A: 1\r\n");
      return bench;
    };
    const bench = newBench();
    expect(bench.apply(bench.dataEnd + 5)).toBeNull();
    expect(newBench().apply(bench.dataEnd + 6)).toBe(`${GET}A: 1\r\n\r\nbody`);
  });
  it("reports texts above the staging area", () => {
    const bench = new Bench(`${GET}\r\n`, "", 20_000);
    bench.append("A".repeat(STAGING_SIZE_BYTES));
    expect(bench.edit.isOverflown).toBe(false);
    bench.append("B");
    expect(bench.edit.isOverflown).toBe(true);
    expect(bench.apply()).toBeNull();
    bench.edit.begin(bench.parser);
    expect(bench.edit.isOverflown).toBe(false);
    bench.replaceStartLine("A".repeat(STAGING_SIZE_BYTES + 1));
    expect(bench.apply()).toBeNull();
  });
});

describe("HeadEdit.dropHopByHop", () => {
  it("drops the hop-by-hop fields and those that Connection lists", () => {
    const hops =
      "Connection: close, X-A , x-b\r\nKeep-Alive: 5\r\nProxy-Connection: x\r\nTE: trailers\r\nUpgrade: h2c\r\n";
    const bench = new Bench(`${GET}${hops}x-a: 1\r\nX-B: 2\r\nX-AB: 3\r\nX-a: 4\r\n\r\n`, "body", 0);
    expect(bench.dropHopByHop(false)).toBe(`${GET}X-AB: 3\r\n\r\nbody`);
  });
  it("keeps Upgrade when asked", () => {
    const bench = new Bench(`${GET}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n`, "", 0);
    expect(bench.dropHopByHop(true)).toBe(`${GET}Upgrade: websocket\r\n\r\n`);
  });
  it.each([
    "Host",
    "Content-Length",
    "Cookie",
    "X-Forwarded-For",
    "X-Forwarded-Anything",
    "X-Real-IP",
    "Authorization",
  ])(
    "keeps %s though Connection lists it",
    (name) => {
      const field = name === "Host" ? "" : `${name}: 1\r\n`;
      const bench = new Bench(`${GET}Connection: ${name.toLowerCase()}\r\n${field}\r\n`, "", 0);
      expect(bench.dropHopByHop(false)).toBe(`${GET}${field}\r\n`);
    },
  );
});

describe("HeadEdit.dropId, dropNamed", () => {
  it("drop every field with the id or name", () => {
    const bench = new Bench(`${GET}Cookie: 1\r\nX: 1\r\ncookie: 2\r\nx: 2\r\nXx: 3\r\n\r\n`, "", 0);
    bench.edit.dropId(bench.parser, FieldName.COOKIE);
    bench.edit.dropNamed(bench.parser, bench.bytes, BASE, asciiBytes("x"));
    expect(bench.apply()).toBe(`${GET}Xx: 3\r\n\r\n`);
  });
});

describe("HeadEdit against lines of text", () => {
  it("gives the same for random edits", () => {
    const seed = chooseSeed("head edit");
    const random = newRandom(seed);
    for (let round = 0; round < 3000; round++) {
      const lines = Array.from({ length: random(8) }, (_, i) => `F${i}: ${"v".repeat(random(12))}`);
      const startLine = random(2) === 0 ? "GET / HTTP/1.1" : `GET /${"p".repeat(random(30))} HTTP/1.1`;
      const fields = ["Host: a", ...lines];
      const bench = new Bench(
        ["GET /old HTTP/1.1", ...fields, "", ""].join("\r\n"),
        "b".repeat(random(20)),
        200,
      );
      const kept = fields.filter((_, index) => {
        const isDropped = random(3) === 0;
        if (isDropped) bench.edit.dropField(index);
        return !isDropped;
      });
      const added = Array.from({ length: random(3) }, (_, i) => `N${i}: ${"w".repeat(random(12))}`);
      for (const line of added) bench.append(`${line}\r\n`);
      const isLineNew = random(2) === 0;
      if (isLineNew) bench.replaceStartLine(startLine);
      const body = "b".repeat(bench.dataEnd - BASE - bench.parser.headEnd);
      const head = [isLineNew ? startLine : "GET /old HTTP/1.1", ...kept, ...added, "", ""].join("\r\n");
      expect(bench.apply(), `seed ${seed}, round ${round}`).toBe(head + body);
      expect(bench.edit.newHeadLength).toBe(head.length);
    }
  });
});
