import { describe, expect, it } from "vitest";
import { H2Error } from "../../../src/protocol/h2/error_code.ts";
import { Fault, faultError, FaultReach, faultReach } from "../../../src/protocol/h2/fault.ts";
import { ScanStatus } from "../../../src/protocol/h2/frame_scanner.ts";
import { PREFACE } from "../../../src/protocol/h2/preface.ts";
import { INITIAL_WINDOW_BYTES, NO_LIMIT, Settings } from "../../../src/protocol/h2/settings.ts";
import { bytesOf } from "../h1/replay.ts";
import { everyByte } from "../h1/cuts.ts";
import { frame, hexBytes, joined } from "../../support/h2/fields.ts";
import { BEGIN, faultOf, scan, SETTINGS } from "../../support/h2/scan.ts";

const HEADERS = frame(1, 4, 1, "82");
const { CONNECTION, STREAM } = FaultReach;

function expectFault(fault: number, expected: number, reach: number, error: number): void {
  expect(fault).toBe(expected);
  expect([faultReach(fault), faultError(fault)]).toEqual([reach, error]);
}

const protocolError = (fault: number, expected: number) =>
  expectFault(fault, expected, CONNECTION, H2Error.PROTOCOL_ERROR);
const sizeError = (fault: number, expected: number) =>
  expectFault(fault, expected, CONNECTION, H2Error.FRAME_SIZE_ERROR);

describe("RFC 9113 section 3.4, the preface", () => {
  it("is 24 bytes, then SETTINGS, in any pieces", () => {
    expect(PREFACE.length).toBe(24);
    const seen = scan(true, BEGIN, everyByte(BEGIN.length));
    expect(seen).toEqual(scan(true, BEGIN));
    expect(seen.map(({ status, type }) => [status, type])).toEqual([[ScanStatus.FRAME, 4]]);
  });
  it.each(["GET / HTTP/1.1\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\rX", "X", "PRI * HTTP/1.1"])(
    "is not %j",
    (text) => {
      const seen = scan(true, bytesOf(text), everyByte(text.length));
      protocolError(seen.at(-1)!.fault, Fault.BAD_PREFACE);
    },
  );
  it("is not sent by servers, which begin with SETTINGS as well", () => {
    expect(scan(false, SETTINGS).at(-1)!.status).toBe(ScanStatus.FRAME);
    protocolError(
      scan(false, frame(6, 0, 0, "0000000000000000")).at(-1)!.fault,
      Fault.FIRST_FRAME_NOT_SETTINGS,
    );
    protocolError(scan(false, frame(4, 1, 0, "")).at(-1)!.fault, Fault.FIRST_FRAME_NOT_SETTINGS);
    protocolError(scan(true, joined(PREFACE, HEADERS)).at(-1)!.fault, Fault.FIRST_FRAME_NOT_SETTINGS);
  });
});

describe("RFC 9113 section 4, frames", () => {
  it("4.1: ignores the reserved bit, unknown flags and unknown types", () => {
    const reserved = frame(1, 0xd6, 0x8000_0001, "82");
    expect(scan(true, joined(BEGIN, reserved)).at(-1)).toMatchObject({
      streamId: 1,
      content: "82",
      fault: 0,
    });
    const unknown = frame(0xbe, 0xff, 2, "00".repeat(100));
    const seen = scan(true, joined(BEGIN, unknown, HEADERS), everyByte(200));
    expect(seen.map(({ status }) => status)).toEqual([
      ScanStatus.FRAME,
      ScanStatus.SKIPPED,
      ScanStatus.FRAME,
    ]);
  });
  it("4.2: takes frames as long as announced, and no longer", () => {
    expect(faultOf(frame(1, 4, 1, new Uint8Array(16_384)))).toBe(0);
    for (const type of [0, 1, 0xbe]) {
      sizeError(faultOf(frame(type, 4, 1, new Uint8Array(16_385))), Fault.FRAME_TOO_LARGE);
    }
  });
  it("4.3: takes nothing between HEADERS and the last CONTINUATION", () => {
    const open = frame(1, 0, 1, "82");
    expect(faultOf(open, frame(9, 0, 1, "86"), frame(9, 4, 1, "84"), frame(0, 1, 1, "61"))).toBe(0);
    for (const other of [frame(0, 0, 1, ""), SETTINGS, frame(0xbe, 0, 0, ""), frame(9, 4, 3, ""), HEADERS]) {
      protocolError(faultOf(open, other), Fault.CONTINUATION_MISSING);
      protocolError(faultOf(open, frame(9, 0, 1, ""), other), Fault.CONTINUATION_MISSING);
    }
  });
});

describe("RFC 9113 section 5.1.1, stream identifiers", () => {
  it.each([["HEADERS", 1, "82"], ["DATA", 0, "61"], ["RST_STREAM", 3, "00000000"], [
    "WINDOW_UPDATE",
    8,
    "00000001",
  ]])(
    "%s on a stream with an even number, which only servers open",
    (_, type, payload) => protocolError(faultOf(frame(type, 4, 2, payload)), Fault.STREAM_ID_EVEN),
  );
});

describe("RFC 9113 section 6, frames with a wrong stream", () => {
  it.each([
    ["6.1 DATA", 0, "61"],
    ["6.2 HEADERS", 1, "82"],
    ["6.3 PRIORITY", 2, "0000000310"],
    ["6.4 RST_STREAM", 3, "00000000"],
  ])("%s on stream 0", (_, type, payload) => {
    protocolError(faultOf(frame(type, 4, 0, payload)), Fault.STREAM_ID_MISSING);
  });
  it.each([
    ["6.5 SETTINGS", 4, ""],
    ["6.7 PING", 6, "0011223344556677"],
    ["6.8 GOAWAY", 7, "0000000000000000"],
    ["RFC 9218 7.1 PRIORITY_UPDATE", 0x10, "00000001"],
  ])("%s on a stream", (_, type, payload) => {
    protocolError(faultOf(frame(type, 0, 1, payload)), Fault.STREAM_ID_UNEXPECTED);
  });
});

describe("RFC 9113 section 6, frames of a wrong length", () => {
  it.each([
    ["6.4 RST_STREAM", frame(3, 0, 1, "000000")],
    ["6.5 SETTINGS", frame(4, 0, 0, "0000000000")],
    ["6.5 SETTINGS with ACK", frame(4, 1, 0, "000100000000")],
    ["6.7 PING", frame(6, 0, 0, "00112233445566")],
    ["6.7 PING", frame(6, 0, 0, "001122334455667788")],
    ["6.8 GOAWAY", frame(7, 0, 0, "00000000000000")],
    ["6.9 WINDOW_UPDATE", frame(8, 0, 1, "000001")],
    ["6.2 HEADERS shorter than its priority", frame(1, 0x24, 1, "00000000")],
    ["6.1 DATA without its pad length", frame(0, 8, 1, "")],
    ["6.2 HEADERS without its pad length", frame(1, 0xc, 1, "")],
    ["RFC 9218 7.1 PRIORITY_UPDATE", frame(0x10, 0, 0, "000001")],
  ])("%s", (_, wrong) => sizeError(faultOf(wrong), Fault.BAD_FRAME_LENGTH));

  it("6.3 PRIORITY: reaches its stream only, and the next frame is found", () => {
    const seen = scan(true, joined(BEGIN, frame(2, 0, 1, "00000003"), frame(2, 0, 1, ""), HEADERS));
    expect(seen.map(({ status }) => status)).toEqual([
      ScanStatus.FRAME,
      ScanStatus.ERROR,
      ScanStatus.SKIPPED,
      ScanStatus.ERROR,
      ScanStatus.FRAME,
    ]);
    expectFault(seen[1]!.fault, Fault.BAD_PRIORITY_LENGTH, STREAM, H2Error.FRAME_SIZE_ERROR);
  });
});

describe("RFC 9113 sections 6.1 and 6.2, padding", () => {
  it("is left out of the content, and counts for flow control", () => {
    const seen = scan(true, joined(BEGIN, frame(0, 9, 1, "03616263000000"), frame(1, 0xc, 1, "02820000")));
    expect(seen.slice(1)).toMatchObject([{ content: "616263", flowBytes: 7 }, { content: "82" }]);
    const pieces = joined(BEGIN, frame(0, 9, 1, "03616263000000"), frame(0, 8, 1, "00"), frame(0, 1, 1, ""));
    expect(scan(true, pieces, everyByte(pieces.length))).toEqual(scan(true, pieces));
    expect(scan(true, pieces).slice(1).map(({ flowBytes }) => flowBytes)).toEqual([7, 1, 0]);
  });
  it("may be all of the frame, and not more", () => {
    expect(faultOf(frame(0, 8, 1, "020000"))).toBe(0);
    protocolError(faultOf(frame(0, 8, 1, "030000")), Fault.BAD_PADDING);
    expect(faultOf(frame(1, 0xc, 1, "020000"))).toBe(0);
    protocolError(faultOf(frame(1, 0xc, 1, "030000")), Fault.BAD_PADDING);
    protocolError(faultOf(frame(1, 0x2c, 1, "02000000000f00")), Fault.BAD_PADDING);
  });
});

describe("RFC 9113 sections 5.3 and 6.3, priority", () => {
  it("is taken off HEADERS, and not followed", () => {
    const seen = scan(
      true,
      joined(BEGIN, frame(1, 0x2c, 3, "01800000010f8200"), frame(2, 0, 5, "000000010f")),
    );
    expect(seen.slice(1)).toMatchObject([{ content: "82", fault: 0 }, { content: "000000010f", fault: 0 }]);
  });
  it("of a stream on itself is refused", () => {
    protocolError(faultOf(frame(2, 0, 3, "800000030f")), Fault.DEPENDS_ON_ITSELF);
    protocolError(faultOf(frame(1, 0x24, 3, "000000030f82")), Fault.DEPENDS_ON_ITSELF);
  });
});

describe("RFC 9113 section 6.5, SETTINGS", () => {
  it("6.9.2: a window begins with 65,535 bytes", () => {
    expect([INITIAL_WINDOW_BYTES, NO_LIMIT]).toEqual([65_535, 2 ** 32 - 1]);
  });
  const read = (hex: string, isFromClient = true, settings = new Settings()) =>
    settings.read(hexBytes(hex), 0, hex.length / 2, isFromClient);

  it("begins with the RFC's values, and takes those that are allowed", () => {
    const settings = new Settings();
    expect(settings).toMatchObject({
      headerTableBytes: 4096,
      isPushEnabled: true,
      maxConcurrentStreams: NO_LIMIT,
      initialWindowBytes: INITIAL_WINDOW_BYTES,
      maxFrameBytes: 16_384,
      maxHeaderListBytes: 2 ** 32 - 1,
      isConnectProtocolEnabled: false,
    });
    const hex = "0001ffffffff" + "000200000000" + "000300000064" + "00047fffffff" + "000500ffffff" +
      "000600004000" +
      "000800000001" + "000900000001" + "abcd12345678" + "000300000065";
    expect(read(hex, true, settings)).toBe(0);
    expect(settings).toMatchObject({
      headerTableBytes: 2 ** 32 - 1,
      isPushEnabled: false,
      maxConcurrentStreams: 101,
      initialWindowBytes: 2 ** 31 - 1,
      maxFrameBytes: 2 ** 24 - 1,
      maxHeaderListBytes: 16_384,
      isConnectProtocolEnabled: true,
    });
  });
  it("6.5.2: refuses values that are not", () => {
    protocolError(read("000200000002"), Fault.BAD_ENABLE_PUSH);
    protocolError(read("000200000001", false), Fault.BAD_ENABLE_PUSH);
    expect(read("000200000000", false)).toBe(0);
    expectFault(read("000480000000"), Fault.BAD_INITIAL_WINDOW, CONNECTION, H2Error.FLOW_CONTROL_ERROR);
    protocolError(read("000500003fff"), Fault.BAD_MAX_FRAME_SIZE);
    protocolError(read("000501000000"), Fault.BAD_MAX_FRAME_SIZE);
  });
  it("RFC 8441 section 3: ENABLE_CONNECT_PROTOCOL is 0 or 1, and not taken back", () => {
    protocolError(read("000800000002"), Fault.BAD_ENABLE_CONNECT);
    protocolError(read("000800000001000800000000"), Fault.BAD_ENABLE_CONNECT);
  });
});

describe("RFC 9113 sections 6.6, 6.9 and 6.10", () => {
  it("6.6: PUSH_PROMISE is refused in both directions", () => {
    protocolError(faultOf(frame(5, 4, 1, "0000000282")), Fault.PUSH_PROMISE);
    const push = joined(SETTINGS, frame(5, 4, 1, "0000000282"));
    protocolError(scan(false, push).at(-1)!.fault, Fault.PUSH_PROMISE);
  });
  it("6.9: a window does not grow by 0", () => {
    protocolError(faultOf(frame(8, 0, 0, "00000000")), Fault.ZERO_INCREMENT);
    protocolError(faultOf(frame(8, 0, 0, "80000000")), Fault.ZERO_INCREMENT);
    expectFault(
      faultOf(frame(8, 0, 1, "00000000")),
      Fault.ZERO_STREAM_INCREMENT,
      STREAM,
      H2Error.PROTOCOL_ERROR,
    );
    const seen = scan(true, joined(BEGIN, frame(8, 0, 1, "00000000"), HEADERS));
    expect(seen.at(-1)).toMatchObject({ status: ScanStatus.FRAME, content: "82" });
  });
  it("6.10: CONTINUATION follows HEADERS without END_HEADERS only", () => {
    protocolError(faultOf(frame(9, 4, 1, "82")), Fault.CONTINUATION_UNEXPECTED);
    protocolError(faultOf(HEADERS, frame(9, 4, 1, "82")), Fault.CONTINUATION_UNEXPECTED);
    protocolError(
      faultOf(frame(1, 0, 1, ""), frame(9, 4, 1, ""), frame(9, 4, 1, "")),
      Fault.CONTINUATION_UNEXPECTED,
    );
  });
});

describe("RFC 9218 section 7.1, PRIORITY_UPDATE", () => {
  it("comes from clients, about a stream", () => {
    expect(faultOf(frame(0x10, 0, 0, "00000001753d31"))).toBe(0);
    protocolError(faultOf(frame(0x10, 0, 0, "80000000")), Fault.PRIORITY_UPDATE_OF_ZERO);
    const update = joined(SETTINGS, frame(0x10, 0, 0, "00000001"));
    protocolError(scan(false, update).at(-1)!.fault, Fault.UNEXPECTED_PRIORITY_UPDATE);
  });
});
