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
