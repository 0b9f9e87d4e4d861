/** What several threads find out at about the same time is told once. @module */
import { describe, expect, it } from "vitest";
import { ThreadNews } from "../../../src/cli/thread_news.ts";

function open() {
  const told: string[] = [];
  const clock = { ms: 0 };
  return { told, clock, news: new ThreadNews((message) => told.push(message), () => clock.ms) };
}

describe("news of threads", () => {
  it("are told once within two seconds, and again after them", () => {
    const { told, clock, news } = open();
    news.tell("a", false);
    news.tell("b", false);
    clock.ms = 1_999;
    news.tell("a", false);
    expect(told).toEqual(["a", "b"]);
    clock.ms = 2_000;
    news.tell("a", false);
    news.tell("a", false);
    expect(told).toEqual(["a", "b", "a"]);
  });

  it("that do not pass are told once for ever", () => {
    const { told, clock, news } = open();
    news.tell("the reader is gone", true);
    clock.ms = 1e9;
    news.tell("other", false);
    news.tell("the reader is gone", true);
    expect(told).toEqual(["the reader is gone", "other"]);
  });
});
