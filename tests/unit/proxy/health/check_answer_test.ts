/** Answers to http checks: what passes, what fails and why, however the bytes come. @module */
import { describe, expect, it } from "vitest";
import { readExpect } from "../../../../src/config/check_values.ts";
import type { CheckRequest } from "../../../../src/config/model_health.ts";
import { ANSWER_BYTES_MAX, CheckAnswer, Verdict } from "../../../../src/proxy/health/check_answer.ts";
import { describeReason } from "../../../../src/proxy/health/health_reason.ts";

const END = "END";
const BREAK = "BREAK";

function requestOf(expect: string, more: Partial<CheckRequest> = {}): CheckRequest {
  const place = { source: "--expect", word: expect, column: 0 };
  return {
    method: "GET",
    path: "/",
    host: "",
    headers: [],
    expect: readExpect("expect", expect, place),
    disableOn404: false,
    ...more,
  };
}

/** The verdict on an answer given in pieces, and its reason in words. */
function judge(request: CheckRequest, pieces: readonly string[]): string {
  const answer = new CheckAnswer();
  // One that was used before.
  answer.begin(request, new Uint8Array(0));
  answer.slab.bytes.set(new TextEncoder().encode("HTTP/1.1 garbage"));
  answer.take(10);
  const needle = request.expect.kind === "body" ? request.expect.needle : "";
  answer.begin(request, new TextEncoder().encode(needle));
  let verdict: number = Verdict.PENDING;
  for (const piece of pieces) {
    if (piece === END || piece === BREAK) verdict = answer.end(piece === END ? 0 : -104);
    else {
      const bytes = new TextEncoder().encode(piece);
      answer.slab.bytes.set(bytes, answer.length);
      verdict = answer.take(bytes.length);
    }
    if (verdict !== Verdict.PENDING) break;
  }
  const name = Object.entries(Verdict).find(([, value]) => value === verdict)![0];
  if (verdict === Verdict.PASSED || verdict === Verdict.PENDING) return name;
  const facts = { expect: request.expect, unresolved: "" };
  return `${name}: ${describeReason(answer.reason, answer.detail, 1, facts)}`;
}

function head(status: number, fields = ""): string {
  return `HTTP/1.1 ${status} X\r\n${fields}\r\n`;
}

describe("expect statuses", () => {
  it.each([
    ["200-399", [head(200)], "PASSED"],
    ["200-399", [head(399)], "PASSED"],
    ["200-399", [head(400)], "FAILED: it answered 400, not 200-399"],
    ["200-399", [head(199), head(204)], "PASSED"],
    ["2xx", [head(300)], "FAILED: it answered 300, not 2xx"],
    ["404,200", [head(404)], "PASSED"],
    ["404,200", [head(403)], "FAILED: it answered 403, not 404,200"],
    ["2xx", [head(100), head(103, "A: b\r\n"), head(200)], "PASSED"],
    ["2xx", [head(100) + head(200)], "PASSED"],
    ["2xx", [head(101)], "FAILED: it answered 101, not 2xx"],
    ["2xx", [head(200, "Content-Length: 9\r\n")], "PASSED"],
    ["2xx", [head(200).slice(0, 16)], "PENDING"],
    ["2xx", ["SSH-2.0-x\r\n"], "FAILED: bad answer: malformed version"],
    ["2xx", [END], "FAILED: it closed the connection before its answer was complete"],
    ["2xx", [head(200).slice(0, 16), END], "FAILED: it closed the connection before its answer was complete"],
    ["2xx", [BREAK], "FAILED: the connection broke before its answer was complete (ECONNRESET)"],
    [
      "2xx",
      [`HTTP/1.1 200 X\r\nA: ${"x".repeat(ANSWER_BYTES_MAX - 19)}`],
      "FAILED: the head of its answer is too large",
    ],
  ])("%s: case %#", (expected, pieces, verdict) => {
    expect(judge(requestOf(expected), pieces)).toBe(verdict);
  });

  it("with disable-on-404 a 404 is a condition, whatever is expected", () => {
    for (const expected of ["2xx", "body:x"]) {
      const request = requestOf(expected, { disableOn404: true });
      expect(judge(request, [head(404)])).toMatch(/^CONDITIONAL: it answered 404/);
      expect(judge(request, [head(200), "x"])).toBe("PASSED");
    }
  });
});

describe("expect body:ready", () => {
  const chunked = head(200, "Transfer-Encoding: chunked\r\n");
  const missing = 'FAILED: its answer has no "ready"';
  it.each([
    [[head(200), "I am ready, are you"], "PASSED"],
    [[head(500), "ready"], "PASSED"],
    [[head(200), "re", "ad", "y"], "PASSED"],
    [[`${head(200)}rea`, "dy"], "PASSED"],
    [[head(200, "X: ready\r\n"), "not", END], missing],
    [[head(200, "Content-Length: 5\r\n"), "ready"], "PASSED"],
    [[head(200, "Content-Length: 5\r\n"), "read"], "PENDING"],
    [[head(200, "Content-Length: 4\r\n"), "ready"], missing],
    [[head(200, "Content-Length: 0\r\n")], missing],
    [[head(204)], missing],
    [
      [head(200, "Content-Length: 9\r\n"), "rea", END],
      "FAILED: it closed the connection before its answer was complete",
    ],
    [[chunked, "3\r\nrea\r\n2\r\ndy\r\n"], "PASSED"],
    [[chunked, "3\r\nrea", "\r\n2\r\nd", "y\r\n0\r\n\r\n"], "PASSED"],
    [[chunked, "5\r\nnever\r\n0\r\n\r\n"], missing],
    [[chunked, "0\r\nX: ready\r\n\r\n"], missing],
    [[chunked, "zz\r\n"], "FAILED: bad answer: chunk size that is not a hexadecimal number"],
    [
      [head(200), "x".repeat(ANSWER_BYTES_MAX - head(200).length)],
      'FAILED: the beginning of its answer has no "ready"',
    ],
    [[head(200), `${"x".repeat(ANSWER_BYTES_MAX - head(200).length - 5)}ready`], "PASSED"],
  ])("case %#", (pieces, verdict) => expect(judge(requestOf("body:ready"), pieces)).toBe(verdict));

  it("cut anywhere gives the same", () => {
    const request = requestOf("body:ready");
    for (const whole of [`${head(100)}${chunked}3\r\nrea\r\n2\r\ndy\r\n`, `${head(200)}already`]) {
      for (let at = 1; at < whole.length; at++) {
        expect(judge(request, [whole.slice(0, at), whole.slice(at)]), `cut at ${at}`).toBe("PASSED");
      }
      expect(judge(request, [...whole])).toBe("PASSED");
    }
  });

  it("is compared in UTF-8", () => {
    expect(judge(requestOf("body:grün"), [head(200), "alles grün"])).toBe("PASSED");
  });
});
