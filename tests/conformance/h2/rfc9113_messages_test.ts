import { describe, expect, it } from "vitest";
import { H2Error } from "../../../src/protocol/h2/error_code.ts";
import { Fault, faultError, FaultReach, faultReach } from "../../../src/protocol/h2/fault.ts";
import { bodyFault, MessageCheck } from "../../../src/protocol/h2/message_check.ts";
import { Method } from "../../../src/protocol/http/method.ts";
import { type Field, listOf } from "../../support/h2/fields.ts";

const BASE: readonly Field[] = [[":method", "GET"], [":scheme", "https"], [":authority", "a.test"], [
  ":path",
  "/",
]];
const check = new MessageCheck();
const request = (fields: readonly Field[], isEnd = true) => check.checkRequest(listOf(fields), isEnd, true);
const response = (fields: readonly Field[], isEnd = false, method: number = Method.GET) =>
  check.checkResponse(listOf(fields), isEnd, method);
const withField = (name: string, value: string) => request([...BASE, [name, value]]);
/** A request with one pseudo-header field replaced, or left out. */
const replaced = (name: string, value?: string) =>
  request(BASE.flatMap((field): Field[] => {
    if (field[0] !== name) return [field];
    return value === undefined ? [] : [[name, value]];
  }));

describe("RFC 9113 section 8.1.1, malformed messages", () => {
  it("are stream errors of type PROTOCOL_ERROR", () => {
    const fault = withField("A", "");
    expect([faultReach(fault), faultError(fault)]).toEqual([FaultReach.MESSAGE, H2Error.PROTOCOL_ERROR]);
  });
  it("have a body as long as content-length says", () => {
    expect(request([...BASE, ["content-length", "1"]], true)).toBe(Fault.LENGTH_MISMATCH);
    expect(request([...BASE, ["content-length", "0"]], true)).toBe(0);
    expect(request([...BASE, ["content-length", "1"]], false)).toBe(0);
    expect([bodyFault(-1, 5, true), bodyFault(5, 4, false), bodyFault(5, 5, true)]).toEqual([0, 0, 0]);
    expect([bodyFault(5, 6, false), bodyFault(5, 4, true)]).toEqual([
      Fault.LENGTH_MISMATCH,
      Fault.LENGTH_MISMATCH,
    ]);
  });
  it("but a response to HEAD, and 304, announce a body that does not come", () => {
    const fields: Field[] = [[":status", "200"], ["content-length", "9"]];
    expect(response(fields, true)).toBe(Fault.LENGTH_MISMATCH);
    expect(response(fields, true, Method.HEAD)).toBe(0);
    expect(response([[":status", "304"], ["content-length", "9"]], true)).toBe(0);
  });
  it.each(["", "+1", "-1", "1,1", "0x1", "1 2", "9007199254740993", "99999999999999999999"])(
    "have a content-length that is a number, not %j",
    (value) => expect(request([...BASE, ["content-length", value]], false)).toBe(Fault.BAD_CONTENT_LENGTH),
  );
  it("have it once", () => {
    const fields: Field[] = [...BASE, ["content-length", "1"], ["content-length", "1"]];
    expect(request(fields, false)).toBe(Fault.REPEATED_CONTENT_LENGTH);
  });
});

describe("RFC 9113 section 8.1, trailers and interim responses", () => {
  const trailers = (fields: readonly Field[], isEnd = true) => check.checkTrailers(listOf(fields), isEnd);
  it("trailers end the stream and have no pseudo-headers", () => {
    expect(trailers([["grpc-status", "0"], ["x-sum", "a"]])).toBe(0);
    expect(trailers([["grpc-status", "0"]], false)).toBe(Fault.TRAILERS_WITHOUT_END);
    expect(trailers([[":status", "200"]])).toBe(Fault.MISPLACED_PSEUDO);
    expect(trailers([["x", "1"], [":path", "/"]])).toBe(Fault.MISPLACED_PSEUDO);
    expect(trailers([["X", "1"]])).toBe(Fault.UPPER_CASE_NAME);
    expect(trailers([["connection", "close"]])).toBe(Fault.CONNECTION_FIELD);
  });
  it.each(["content-length", "host", "authorization", "set-cookie", "content-encoding"])(
    "trailers have no %s (RFC 9110 section 6.5.1)",
    (name) => expect(trailers([[name, "1"]])).toBe(Fault.FORBIDDEN_TRAILER),
  );
  it("an interim response does not end the stream", () => {
    expect(response([[":status", "103"], ["link", "</a>"]])).toBe(0);
    expect(response([[":status", "100"]], true)).toBe(Fault.INTERIM_WITH_END);
  });
});

describe("RFC 9113 section 8.2, names and values", () => {
  it.each([
    ["", Fault.EMPTY_FIELD_NAME],
    ["X-A", Fault.UPPER_CASE_NAME],
    ["x-A", Fault.UPPER_CASE_NAME],
    ["x a", Fault.BAD_NAME_CHARACTER],
    ["x:a", Fault.BAD_NAME_CHARACTER],
    ["x\0", Fault.BAD_NAME_CHARACTER],
    ["x\r\nhost", Fault.BAD_NAME_CHARACTER],
    ["x\x7f", Fault.BAD_NAME_CHARACTER],
    ["x\xe9", Fault.BAD_NAME_CHARACTER],
    [":x", Fault.UNKNOWN_PSEUDO],
    [":", Fault.UNKNOWN_PSEUDO],
    ["transfer-Encoding", Fault.UPPER_CASE_NAME],
  ])("refuses the name %j", (name, fault) => expect(withField(name, "1")).toBe(fault));

  it.each([
    ["a\r\nb: c", Fault.BAD_VALUE_CHARACTER],
    ["a\nb", Fault.BAD_VALUE_CHARACTER],
    ["a\rb", Fault.BAD_VALUE_CHARACTER],
    ["a\0", Fault.BAD_VALUE_CHARACTER],
    ["\x7f", Fault.BAD_VALUE_CHARACTER],
    ["\x0b", Fault.BAD_VALUE_CHARACTER],
    [" a", Fault.SPACE_AROUND_VALUE],
    ["a\t", Fault.SPACE_AROUND_VALUE],
    [" ", Fault.SPACE_AROUND_VALUE],
  ])("refuses the value %j", (value, fault) => {
    expect(withField("x-a", value)).toBe(fault);
    expect(replaced(":path", `/${value}`)).not.toBe(0);
  });

  it.each(["", "a b", "a\tb", "\xe9\xff", '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~'])(
    "takes the value %j",
    (value) => {
      expect(withField("x-a", value)).toBe(0);
    },
  );

  it.each(["connection", "proxy-connection", "keep-alive", "transfer-encoding", "upgrade"])(
    "8.2.2: refuses %s",
    (name) => {
      expect(withField(name, "chunked")).toBe(Fault.CONNECTION_FIELD);
      expect(response([[":status", "200"], [name, "x"]])).toBe(Fault.CONNECTION_FIELD);
    },
  );
  it("8.2.2: takes te with trailers only", () => {
    expect(withField("te", "trailers")).toBe(0);
    expect(check.hasTe).toBe(true);
    for (const value of ["", "gzip", "trailers, gzip", "Trailers"]) {
      expect(withField("te", value)).toBe(Fault.BAD_TE);
    }
  });
});

describe("RFC 9113 section 8.3, pseudo-headers", () => {
  it("come first, once, and are known", () => {
    expect(request([["x-a", "1"], ...BASE])).toBe(Fault.LATE_PSEUDO);
    expect(request([...BASE, ["x-a", "1"], [":path", "/"]])).toBe(Fault.LATE_PSEUDO);
    expect(request([...BASE, [":path", "/"]])).toBe(Fault.REPEATED_PSEUDO);
    expect(request([...BASE, [":foo", "/"]])).toBe(Fault.UNKNOWN_PSEUDO);
    expect(request([...BASE, [":Path", "/"]])).toBe(Fault.UPPER_CASE_NAME);
    expect(request([...BASE, [":status", "200"]])).toBe(Fault.MISPLACED_PSEUDO);
    expect(response([[":status", "200"], [":path", "/"]])).toBe(Fault.MISPLACED_PSEUDO);
  });
  it("8.3.1: a request has :method, :scheme and :path, none of them empty", () => {
    for (const name of [":method", ":scheme", ":path"]) {
      expect(replaced(name)).toBe(Fault.MISSING_PSEUDO);
      expect(replaced(name, "")).toBe(Fault.EMPTY_PSEUDO);
    }
    expect(request([])).toBe(Fault.MISSING_PSEUDO);
  });
  it("8.3.1: :method is a token", () => {
    for (const value of ["G T", "GET /x HTTP/1.1", "GE\tT", "G(T", "GET:"]) {
      expect(replaced(":method", value)).toBe(Fault.BAD_METHOD);
    }
    expect(replaced(":method", "PROPFIND")).toBe(0);
    expect(replaced(":method", "get")).toBe(0);
  });
  it("8.3.1: :scheme is a scheme", () => {
    for (const value of ["http://evil/", "1a", "ht tp", "http:"]) {
      expect(replaced(":scheme", value)).toBe(Fault.BAD_SCHEME);
    }
    expect(replaced(":scheme", "http")).toBe(0);
    expect(check.isHttps).toBe(false);
    expect(replaced(":scheme", "https")).toBe(0);
    expect(check.isHttps).toBe(true);
  });
  it("8.3.1: :path begins with a slash, or is * for OPTIONS", () => {
    for (const value of ["x", "*", "http://a.test/", "/a b", "/a#b", "/\xe9", "?x", "/ HTTP/1.1"]) {
      expect(replaced(":path", value)).toBe(Fault.BAD_PATH);
    }
    expect(replaced(":path", "/a?b=c|{}^")).toBe(0);
    expect(request([[":method", "OPTIONS"], ...BASE.slice(1, 3), [":path", "*"]])).toBe(0);
    expect(request([[":method", "OPTIONS"], ...BASE.slice(1, 3), [":path", "**"]])).toBe(Fault.BAD_PATH);
  });
  it("8.3.1: :authority is a host and a port, and host names the same", () => {
    for (const value of ["u@a.test", "a b", "a/b", "a:x", "a,b c", "a\\b", "[::1"]) {
      expect(replaced(":authority", value)).toBe(Fault.BAD_AUTHORITY);
    }
    expect(replaced(":authority", "")).toBe(Fault.EMPTY_PSEUDO);
    expect(replaced(":authority")).toBe(Fault.MISSING_AUTHORITY);
    expect(withField("host", "b.test")).toBe(Fault.HOST_MISMATCH);
    expect(withField("host", "a.test:80")).toBe(Fault.HOST_MISMATCH);
    expect(withField("host", "")).toBe(Fault.HOST_MISMATCH);
    expect(withField("host", "A.TEST:443")).toBe(0);
    const withoutAuthority = BASE.filter(([name]) => name !== ":authority");
    expect(request([...withoutAuthority, ["host", "a.test"]])).toBe(0);
    expect(request([...withoutAuthority, ["host", "u@a.test"]])).toBe(Fault.BAD_AUTHORITY);
    expect(request([...withoutAuthority, ["host", "a"], ["host", "a"]])).toBe(Fault.REPEATED_HOST);
  });
  it("8.3.2: a response has :status, three digits", () => {
    expect(response([["x-a", "1"]])).toBe(Fault.MISSING_PSEUDO);
    expect(response([[":status", ""]])).toBe(Fault.EMPTY_PSEUDO);
    for (const value of ["99", "600", "20", "2000", "2x0", "+20", "099"]) {
      expect(response([[":status", value]])).toBe(Fault.BAD_STATUS);
    }
    expect(response([[":status", "599"]])).toBe(0);
    expect(check.status).toBe(599);
  });
});

describe("RFC 9113 sections 8.5 and 8.6, RFC 8441", () => {
  const CONNECT: readonly Field[] = [[":method", "CONNECT"], [":authority", "a.test:443"]];
  const EXTENDED: readonly Field[] = [...CONNECT, [":protocol", "websocket"], [":scheme", "https"], [
    ":path",
    "/chat",
  ]];
  it("8.5: CONNECT has an authority, and neither scheme nor path nor length", () => {
    expect(request(CONNECT, false)).toBe(0);
    expect([check.isConnect, check.isExtendedConnect]).toEqual([true, false]);
    expect(request([...CONNECT, [":path", "/"]], false)).toBe(Fault.BAD_CONNECT);
    expect(request([...CONNECT, [":scheme", "https"]], false)).toBe(Fault.BAD_CONNECT);
    expect(request([...CONNECT, ["content-length", "1"]], false)).toBe(Fault.BAD_CONNECT);
    expect(request([[":method", "CONNECT"], ["host", "a"]], false)).toBe(Fault.MISSING_AUTHORITY);
  });
  it("8.6: status 101 does not exist", () => {
    expect(response([[":status", "101"]])).toBe(Fault.SWITCHING_PROTOCOLS);
  });
  it("RFC 8441 section 4: CONNECT with :protocol has scheme and path, where it was announced", () => {
    expect(request(EXTENDED, false)).toBe(0);
    expect([check.isConnect, check.isExtendedConnect]).toEqual([false, true]);
    expect(check.checkRequest(listOf(EXTENDED), false, false)).toBe(Fault.CONNECT_NOT_ENABLED);
    expect(request(EXTENDED.slice(0, 4), false)).toBe(Fault.MISSING_PSEUDO);
    expect(request([...CONNECT, [":protocol", "web socket"], ...EXTENDED.slice(3)], false)).toBe(
      Fault.BAD_CONNECT,
    );
    expect(request([...BASE, [":protocol", "websocket"]], false)).toBe(Fault.MISPLACED_PSEUDO);
  });
});
