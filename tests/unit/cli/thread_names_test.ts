/** Names for threads: the main isolate looks up each once, threads are told what is known and what changes. @module */
import { describe, expect, it } from "vitest";
import { NamePublisher, type NamesMessage, ThreadNames } from "../../../src/cli/thread_names.ts";
import {
  type NameCallback,
  type NameQuestion,
  type NameSource,
  questionKey,
  updateOf,
} from "../../../src/net/name_source.ts";
import { configOf } from "../../support/config/written.ts";

/** Takes down what is asked. */
class Book implements NameSource {
  readonly asked = new Map<string, NameCallback>();
  isClosed = false;

  watch(question: NameQuestion, callback: NameCallback): void {
    this.asked.set(questionKey(question), callback);
  }

  close(): void {
    this.isClosed = true;
  }

  counters(): Record<string, number> {
    return { nameQuestions: this.asked.size };
  }
}

const LINE =
  "hadro -l :8080 -b a.test:1 a.test:1 a.test:2,resolve-prefer=ipv6 10.0.0.1:1 :3 unix:/x 2*b.test:4 srv://c.test " +
  "--check tcp -r /x=a.test:1,check-addr=d.test,check=tcp";

function question(host: string, port: number, prefer: "ipv4" | "ipv6" = "ipv4"): NameQuestion {
  return { kind: "server", endpoint: { kind: "tcp", host, port, path: "" }, prefer };
}

const FOUND = updateOf([{ kind: "tcp", host: "10.0.0.9", port: 1 }]);

describe("the main isolate", () => {
  it("asks every name once, and nothing that is no name", () => {
    const book = new Book();
    const publisher = new NamePublisher(configOf(LINE), book, () => {});
    expect([...book.asked.keys()].sort()).toEqual([
      "a.test 1 ipv4",
      "a.test 2 ipv6",
      "app/b",
      "app/c",
      "d.test 1 ipv4",
    ]);
    expect(publisher.counters()).toEqual({ nameQuestions: 5 });
    publisher.close();
    expect(book.isClosed).toBe(true);
  });
  it("keeps what it is told for threads that start later, and tells those that run", () => {
    const book = new Book();
    const told: NamesMessage[] = [];
    const publisher = new NamePublisher(configOf(LINE), book, (message) => told.push(message));
    book.asked.get("a.test 1 ipv4")!(FOUND);
    expect(told).toEqual([{ kind: "names", key: "a.test 1 ipv4", update: FOUND }]);
    expect([...publisher.known]).toEqual([["a.test 1 ipv4", FOUND]]);
  });
});

describe("a thread", () => {
  it("is told at once what is no name, or known already, and later what comes, each who asked", () => {
    const names = new ThreadNames(new Map([["a.test 1 ipv4", FOUND]]));
    const told: string[] = [];
    const ask = (host: string, port: number, who: string) =>
      names.watch(question(host, port), ({ addresses }) => {
        told.push(`${who} ${addresses.map((one) => one.kind === "tcp" ? one.host : one.path).join()}`);
      });
    ask("10.0.0.1", 1, "literal");
    ask("a.test", 1, "known");
    ask("b.test", 1, "first");
    ask("b.test", 1, "second");
    expect(told).toEqual(["literal 10.0.0.1", "known 10.0.0.9"]);
    names.onUpdate("b.test 1 ipv4", FOUND);
    names.onUpdate("nobody 1 ipv4", FOUND);
    expect(told.slice(2)).toEqual(["first 10.0.0.9", "second 10.0.0.9"]);
    names.close();
    names.onUpdate("b.test 1 ipv4", FOUND);
    expect(told).toHaveLength(4);
  });
});
