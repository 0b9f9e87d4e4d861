/** TLS on sockets of the kernel: handshakes, and receives and sends with the results of plain ones. @module */
import { beforeEach, describe, expect, it } from "vitest";
import { Errno } from "../../../src/base/errno.ts";
import { untilReady } from "../../support/sys/kernel.ts";
import { tlsText } from "../../support/tls/certificates.ts";
import { pairOf, TlsEnds } from "../../support/tls/ends.ts";

const DONE = 0;
const AWAITS_RECV = 1;
const FAILED = 3;

/** What a handshake says once its peer's flight has come: the last one of what it said. */
function untilDone(shake: () => number): number {
  let result = AWAITS_RECV;
  for (let i = 0; i < 20 && result === AWAITS_RECV; i++) {
    result = shake();
    if (result === AWAITS_RECV) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
  }
  return result;
}

let ends: TlsEnds;
beforeEach(() => {
  ends = new TlsEnds();
});

/** A connection whose handshake is over, and whose sessions were received. */
function connected() {
  const pair = ends.begin(ends.serverContext(), ends.clientContext());
  expect(ends.shake(pair)).toEqual([DONE, DONE]);
  expect(ends.recv(pair.client)).toBe(-Errno.EAGAIN);
  return pair;
}

describe("a handshake", () => {
  it("is over on both ends, and says what was agreed on", () => {
    const server = ends.serverContext({
      alpn: ["http/1.1"],
      clientCaPem: tlsText("ca.pem"),
      isClientRequired: true,
    });
    const pair = ends.begin(server, ends.clientContext({ alpn: ["x", "http/1.1"], pair: pairOf("ann") }));
    expect(ends.shake(pair)).toEqual([DONE, DONE]);
    expect(ends.tls.facts(pair.server)).toEqual({
      version: "TLSv1.3",
      cipher: "TLS_AES_256_GCM_SHA384",
      protocol: "http/1.1",
      serverName: "a.test",
      isResumed: false,
      peerSubject: "/O=hadro/CN=ann",
      peerName: "ann",
    });
    expect(ends.tls.facts(pair.client)).toMatchObject({ protocol: "http/1.1", peerSubject: "/CN=a.test" });
  });

  it.each([
    ["another name than asked for", {}, "b.test", "hostname mismatch"],
    [
      "an authority that is not trusted",
      { caPem: tlsText("other_ca.pem") },
      "a.test",
      "unable to get local issuer certificate",
    ],
  ])("fails on %s, in words; the other end is told", (_, changes, name, why) => {
    const pair = ends.begin(ends.serverContext(), ends.clientContext(changes), name);
    ends.tls.handshake(pair.client);
    expect(untilDone(() => ends.tls.handshake(pair.server))).toBe(AWAITS_RECV);
    expect(untilDone(() => ends.tls.handshake(pair.client))).toBe(FAILED);
    expect(ends.tls.failure.toLowerCase()).toBe(why);
    expect(untilDone(() => ends.tls.handshake(pair.server))).toBe(FAILED);
    expect(ends.tls.failure).toMatch(/^(tlsv1 alert|sslv3 alert|ssl\/tls alert)/);
    expect(ends.tls.hadHello).toBe(true);
  });

  it("without verification accepts what it is shown", () => {
    const pair = ends.begin(
      ends.serverContext(),
      ends.clientContext({ isVerified: false, caPem: tlsText("other_ca.pem") }),
      "b.test",
    );
    expect(ends.shake(pair)).toEqual([DONE, DONE]);
  });

  it("knows the common name as it is, where the subject's text escapes", () => {
    const pair = ends.begin(
      ends.serverContext({ pairs: [pairOf("slash", "a.test")] }),
      ends.clientContext({ isVerified: false }),
    );
    expect(ends.shake(pair)).toEqual([DONE, DONE]);
    const { peerSubject, peerName } = ends.tls.facts(pair.client);
    expect([peerSubject, peerName]).toEqual(["/O=hadro\\/CN=admin/CN=Zo\\xC3\\xAB", "Zoë"]);
  });

  it("that is under way keeps the context of a listener that was reloaded, callbacks included", () => {
    const old = ends.serverContext({ pairs: [pairOf("a", "a.test"), pairOf("b", "b.test")] });
    const pair = ends.begin(old, ends.clientContext(), "b.test");
    // The hello is on its way when the certificates are changed.
    ends.tls.handshake(pair.client);
    old.close();
    ends.serverContext({ pairs: [pairOf("local", "b.test")] });
    expect(ends.shake(pair)).toEqual([DONE, DONE]);
    expect(ends.tls.facts(pair.client).peerSubject).toBe("/CN=b.test");
  });

  it.each(["a\r\nX-Evil: 1", "\xff\xfe", "x".repeat(255), "a b"])(
    "of a client that asks for %j does no harm",
    (name) => {
      const server = ends.serverContext({ pairs: [pairOf("a", "a.test"), pairOf("b", "b.test")] });
      const pair = ends.begin(server, ends.clientContext({ isVerified: false }), name);
      expect(ends.shake(pair)).toEqual([DONE, DONE]);
      const { serverName } = ends.tls.facts(pair.server);
      expect(serverName).toBe(/^x+$/.test(name) ? name : "");
    },
  );
});

describe("a receive", () => {
  it("says EAGAIN, then what came, then EAGAIN again", () => {
    const { client, server } = connected();
    expect(ends.recv(server)).toBe(-Errno.EAGAIN);
    expect(ends.send(client, "hello")).toBe(5);
    expect(untilReady(() => ends.tls.recv(server, ends.slab, 0, 100))).toBe(5);
    expect(ends.recv(server)).toBe(-Errno.EAGAIN);
  });

  it("of less than came fills the room, and the rest is for the next one", () => {
    const { client, server } = connected();
    ends.recv(server);
    ends.send(client, "0123456789");
    expect(untilReady(() => ends.tls.recv(server, ends.slab, 0, 4))).toBe(4);
    expect(ends.recv(server, 4)).toBe("4567");
    expect(ends.recv(server)).toBe("89");
    expect(ends.recv(server)).toBe(-Errno.EAGAIN);
  });

  it("that is short proves that nothing is left, whatever the sizes of records are", () => {
    const { client, server } = connected();
    ends.recv(server);
    for (
      const sizes of [[1], [100, 100, 100], [16_000, 500, 300], [16_384], [8_000, 8_000, 8_000], [
        5,
        16_384,
        5,
      ]]
    ) {
      const wanted = sizes.reduce((sum, size) => sum + size, 0);
      for (const size of sizes) expect(ends.send(client, "x".repeat(size))).toBe(size);
      let received = 0;
      for (let i = 0; i < 2_000 && received < wanted; i++) {
        const count = ends.tls.recv(server, ends.slab, 0, 32_768);
        if (count > 0) received += count;
        else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
      }
      expect(received).toBe(wanted);
      expect(ends.recv(server)).toBe(-Errno.EAGAIN);
    }
  });

  it("tells of an end behind bytes that there is one more to make", () => {
    const { client, server } = connected();
    ends.recv(server);
    ends.send(client, "bye");
    ends.tls.end(client);
    expect(untilReady(() => ends.tls.recv(server, ends.slab, 0, 100))).toBe(3);
    expect(ends.tls.endsBehind(server)).toBe(true);
    expect(ends.recv(server)).toBe(0);
  });

  it("of what is no record is an error", () => {
    const { client, server } = connected();
    ends.recv(server);
    ends.tls.forget(client);
    ends.kernel.sockets.send(client, ends.slab, 0, 64, false);
    expect(untilReady(() => ends.tls.recv(server, ends.slab, 0, 100))).toBe(-Errno.EPROTO);
  });
});

describe("a send", () => {
  it("takes what the socket has room for, and goes on where it stopped", () => {
    const { client, server } = connected();
    ends.recv(server);
    const wanted = Array.from({ length: 12_000_000 >> 4 }, (_, i) => i.toString(36).padStart(16)).join("");
    let [sent, stops, received] = [0, 0, ""];
    for (let i = 0; i < 50_000 && received.length < wanted.length; i++) {
      const piece = wanted.slice(sent, sent + 30_000);
      const count = piece === "" ? 0 : ends.send(client, piece);
      if (count > 0) sent += count;
      if (count === piece.length && piece !== "") continue;
      stops++;
      for (let text = ends.recv(server); typeof text === "string"; text = ends.recv(server)) received += text;
    }
    expect(received === wanted).toBe(true);
    expect(stops).toBeGreaterThan(2);
  });

  it("to who ended its own side goes out", () => {
    const { client, server } = connected();
    ends.tls.forget(client);
    ends.kernel.sockets.shutdownSend(client);
    expect(untilReady(() => ends.tls.recv(server, ends.slab, 0, 100))).toBe(0);
    expect(ends.send(server, "x")).toBe(1);
  });
});
