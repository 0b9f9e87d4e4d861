import { describe, expect, it } from "vitest";
import {
  classifyMethod,
  isIdempotentMethod,
  isSafeMethod,
  Method,
  methodName,
} from "../../../../src/protocol/http/method.ts";
import { asciiBytes } from "../../../../src/protocol/http/octet.ts";

describe("classifyMethod", () => {
  it.each(Object.entries(Method).filter(([, id]) => id !== Method.OTHER))("%s is %i", (name, id) => {
    expect(classifyMethod(asciiBytes(`x${name} `), 1, 1 + name.length)).toBe(id);
    expect(methodName(id)).toBe(name);
  });
  it.each(["get", "GE", "GETS", "PROPFIND", "PUTT", "HEAX"])("%s is OTHER", (name) => {
    expect(classifyMethod(asciiBytes(name), 0, name.length)).toBe(Method.OTHER);
  });
});

describe("isSafeMethod, isIdempotentMethod", () => {
  it.each(
    [
      ["GET", true, true],
      ["HEAD", true, true],
      ["OPTIONS", true, true],
      ["TRACE", true, true],
      ["PUT", false, true],
      ["DELETE", false, true],
      ["POST", false, false],
      ["PATCH", false, false],
      ["CONNECT", false, false],
      ["OTHER", false, false],
    ] as const,
  )("%s: safe %s, idempotent %s", (name, isSafe, isIdempotent) => {
    expect(isSafeMethod(Method[name])).toBe(isSafe);
    expect(isIdempotentMethod(Method[name])).toBe(isIdempotent);
  });
});
