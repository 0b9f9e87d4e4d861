/** Limits as people write them. @module */
import { describe, expect, it } from "vitest";
import { formatCidr, HEADER_BYTES_MAX } from "../../../src/config/limit_values.ts";
import { HEAD_CAPACITY } from "../../../src/mux/h1_end.ts";
import { configOf } from "../../support/config/written.ts";

const limits = (line: string) => configOf(`hadro ${line}`).listeners[0]!.limits;
const access = (line: string) => {
  const { allow, deny } = limits(line);
  return { allow: allow.map(formatCidr), deny: deny.map(formatCidr) };
};

describe("allow and deny", () => {
  it("are every flag's, and every part's", () => {
    expect(access("-l :80 -b :1 --allow 10.0.0.0/8+fd00::/8 --allow 1.2.3.4 --deny 10.9.0.0/16")).toEqual({
      allow: ["10.0.0.0/8", "fd00::/8", "1.2.3.4/32"],
      deny: ["10.9.0.0/16"],
    });
  });
  it("of a listener replace the flags", () => {
    expect(access("-l :80,allow=11.0.0.0/8+::1,deny=off -b :1 --allow 10.0.0.0/8 --deny 1.1.1.1")).toEqual({
      allow: ["11.0.0.0/8", "::1/128"],
      deny: [],
    });
  });
  it("of the flags do not concern clients that have no address", () => {
    expect(access("-l unix:/run/x -b :1 --allow 10.0.0.0/8 --deny 1.1.1.1")).toEqual({ allow: [], deny: [] });
  });
  it("come from the environment, too", () => {
    expect(configOf("HADRO_DENY='10.0.0.0/8 ::1' hadro -l :80 -b :1").listeners[0]!.limits.deny.length).toBe(
      2,
    );
  });
});

describe("HTTP/2", () => {
  it("streams and glitches are a listener's own, or the flags'", () => {
    expect(limits("-l :80 -b :1")).toMatchObject({ h2StreamMax: 100, h2GlitchMax: 500 });
    expect(limits("-l :80,h2-streams=0,h2-glitches=9 -b :1 --h2-streams 7"))
      .toMatchObject({ h2StreamMax: 0, h2GlitchMax: 9 });
  });
});

describe("sizes", () => {
  it("are a listener's own, or the flags'", () => {
    expect(limits("-l :80,max-body=off,max-header-size=1k -b :1 --max-body 5m --max-headers 7"))
      .toMatchObject({
        ...{ maxBodyBytes: 0, maxHeaderBytes: 1_024, maxHeaderCount: 7 },
      });
    expect(limits("-l :80 -b :1 --max-body 5m").maxBodyBytes).toBe(5 * 1_024 * 1_024);
  });
  it("of bodies may be a backend's", () => {
    const { backends } = configOf(
      "hadro -l :80 -b :1 :2,max-body=1g -r /a=:3 -r /b=:4,max-body=off --max-body 1",
    );
    expect(backends.map(({ maxBodyBytes }) => maxBodyBytes)).toEqual([1_024 ** 3, null, 0]);
  });
  it("of heads are at most what the buffer holds for them", () => {
    expect(limits("-l :80 -b :1").maxHeaderBytes).toBe(HEAD_CAPACITY);
    expect(HEADER_BYTES_MAX).toBe(HEAD_CAPACITY);
  });
});

describe("rates", () => {
  const texts = (line: string) => {
    const { rates, connRates, maxconnPerSrc } = limits(line);
    return [rates.map(({ text }) => text), connRates.map(({ text }) => text), maxconnPerSrc];
  };
  it("are every flag's, and every part's; of a listener they replace the flags", () => {
    const flags = "--rate 1/s --rate path:/a:2/s --conn-rate 3/s --maxconn-per-src 4";
    expect(texts(`-l :80 -b :1 ${flags}`)).toEqual([["1/s", "path:/a:2/s"], ["3/s"], 4]);
    expect(texts(`-l :80,rate=5/s+6/m,conn-rate=off,maxconn-per-src=0 -b :1 ${flags}`)).toEqual([
      ...[["5/s", "6/m"], [], 0],
    ]);
  });
  it("of tcp are of connections; what speaks of requests passes it by", () => {
    expect(texts("-l tcp://:80 -b :1 --rate 1/s --rate path:/a:2/s --rate src@/b:1/s --conn-rate 3/s"))
      .toEqual([
        ...[[], ["1/s", "3/s"], 0],
      ]);
  });
  it("of clients pass unix sockets by", () => {
    const flags = "--rate 1/s --rate path:/a:2/s --conn-rate 3/s --maxconn-per-src 4";
    expect(texts(`-l unix:/x -b :1 ${flags}`)).toEqual([["path:/a:2/s"], [], 0]);
  });
});
