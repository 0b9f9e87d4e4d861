import { describe, expect, it } from "vitest";
import { chooseSeed, newRandom } from "../conformance/h1/cuts.ts";
import { bytesOf, type MessageKind, replay } from "../conformance/h1/replay.ts";
import { BodyKind } from "../../src/protocol/http/framing.ts";
import { allTraits, lenientMessageEnd } from "./h1_lenient_peer.ts";
import { mutate, REQUESTS, RESPONSES } from "./h1_mutations.ts";

const ROUNDS = 6000;
const seed = chooseSeed("h1 desync");

/** Returns how many messages were accepted; throws where a lenient peer sees another end. */
function compareEnds(kind: MessageKind, text: string): number {
  const { messages } = replay(kind, bytesOf(text), []);
  for (const message of messages) {
    if (message.bodyKind === BodyKind.UNTIL_CLOSE || message.bodyKind === BodyKind.TUNNEL) continue;
    for (const traits of allTraits()) {
      const end = lenientMessageEnd(text.slice(message.start), traits);
      const note = `seed ${seed}: ${JSON.stringify(text)} with ${JSON.stringify(traits)}`;
      expect(message.start + end, note).toBe(message.end);
    }
  }
  return messages.length;
}

describe("desync: what hadro accepts is one message to every lenient peer", () => {
  it.each([["request", REQUESTS], ["response", RESPONSES]] as const)("%s", (kind, corpus) => {
    const random = newRandom(seed);
    let acceptedCount = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const first = corpus[random(corpus.length)];
      const second = random(2) === 0 ? "" : corpus[random(corpus.length)];
      acceptedCount += compareEnds(kind, mutate(first + second, random));
    }
    expect(acceptedCount).toBeGreaterThan(ROUNDS / 10);
  });

  it("the lenient peer is lenient: it reads the classic attacks differently", () => {
    const attack =
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    expect(new Set(allTraits().map((traits) => lenientMessageEnd(attack, traits))).size).toBe(2);
  });
});
