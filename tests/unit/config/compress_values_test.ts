/** What flags and keys say about compression: codings, levels, types, whose they are, and in words. @module */
import { describe, expect, it } from "vitest";
import { defaultText } from "../../../src/config/catalogue.ts";
import { explainCompress } from "../../../src/config/compress_values.ts";
import { encoderCostBytes } from "../../../src/config/model_compress.ts";
import { configOf } from "../../support/config/written.ts";

const listenerOf = (line: string) => configOf(line).listeners[0]!.compress;
const backendOf = (line: string) => configOf(line).backends[0]!.compress;

describe("codings", () => {
  it.each([
    ["gzip", "gzip:4"],
    ["on", "zstd:1 br:3 gzip:4"],
    ["br:5+gzip:9", "br:5 gzip:9"],
    ["zstd:6", "zstd:6"],
  ])("%s is %s", (text, expected) => {
    const codings = listenerOf(`hadro 8080 :3000 --compress ${text}`)!.codings;
    expect(codings.map(({ name, level }) => `${name}:${level}`).join(" ")).toBe(expected);
  });

  it("are off unless written, and off again by a key", () => {
    expect(listenerOf("hadro 8080 :3000")).toBeNull();
    expect(listenerOf("hadro 8080,compress=off :3000 --compress on")).toBeNull();
    expect(configOf("hadro -l tcp://:1 -b :2 --compress on").listeners[0]!.compress).toBeNull();
  });

  it("cost more the harder they try", () => {
    const cost = (name: "gzip" | "br" | "zstd", level: number) => encoderCostBytes({ name, level }) / 1_024;
    expect([cost("gzip", 1), cost("gzip", 9), cost("br", 1), cost("br", 5), cost("zstd", 1)]).toEqual([
      ...[480, 480, 256, 3_900, 672],
    ]);
  });
});

describe("a listener and its backends", () => {
  it("have types, a size, offload: a key before the flag", () => {
    const line = "hadro '8080,compress-type=\"text/* +XML\",compress-offload=on' :3000 " +
      "--compress gzip --compress-min-size 5k";
    expect(listenerOf(line)).toEqual({
      codings: [{ name: "gzip", level: 4 }],
      types: ["text/", "+xml"],
      minSizeBytes: 5_120,
      offload: true,
    });
    expect(listenerOf("hadro 8080 :3000 --compress on")!.types).toEqual(
      defaultText("compress-type").split(" "),
    );
  });

  it("a backend with any key has all of its own, without it its listener's", () => {
    expect(backendOf("hadro 8080 :3000 --compress on")).toBeNull();
    expect(backendOf("hadro 8080 :3000,compress=off --compress on")).toBe("off");
    expect(backendOf("hadro 8080 :3000,compress-min-size=7 --compress gzip")).toMatchObject({
      codings: [{ name: "gzip", level: 4 }],
      minSizeBytes: 7,
    });
  });

  it("say it in words", () => {
    expect(explainCompress(null)).toEqual([]);
    expect(explainCompress("off")).toEqual(["compress off"]);
    const line = "hadro '8080,compress-type=\"text/ +xml\",compress-offload=on' :3000 --compress on";
    expect(explainCompress(listenerOf(line))).toEqual([
      "compress zstd:1+br:3+gzip:4 from 1k types text/ +xml offload",
    ]);
    expect(explainCompress(listenerOf("hadro 8080 :3000 --compress gzip"))).toEqual([
      "compress gzip:4 from 1k",
    ]);
  });
});
