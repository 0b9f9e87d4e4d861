/**
 * A server of the chaos case, a process of its own that behaves as it is told, a word a line on its standard input:
 *
 *     well       answers after 20 to 120 ms with what names the request
 *     slow       answers after 300 to 2,000 ms
 *     error      answers 503 at once
 *     empty      reads the request and closes
 *     reset      reads the request and resets
 *     garbage    reads the request and answers with random bytes
 *
 * GET /get/ID/SIZE and POST /post/ID/SIZE get SIZE bytes that repeat their ID; anything else, as a health check, gets none, after no time
 * when it is well. A POST is reported as soon as it is here: one that is reported twice was repeated.
 *
 * It looks at itself every 50 ms and reports when more requests than ever are with it. Those that came just now do not count, since whoever
 * sent them may have given up, nor do looks after a pause: SIGSTOP leaves connections whose end it has not heard of.
 *
 * Arguments: a port, 0 for any. Prints its port. Ends with its standard input.
 *
 * @module
 */
import { randomBytes } from "node:crypto";
import { createServer, type Socket } from "node:net";
import { writeReport } from "./crash_report.ts";
import { listen } from "./listen_again.ts";
import { idBody } from "./chaos_client.ts";

const LOOK_MS = 50;
const LOOK_LATE_MS = 150;
const LOOKS_SKIPPED = 20;
const GARBAGE_BYTES = 300;

/** What it may be told. */
export const MOODS = ["well", "slow", "error", "empty", "reset", "garbage"] as const;
export type Mood = typeof MOODS[number];

interface Service {
  readonly sinceMs: number;
}

class ChaosServer {
  mood: Mood = "well";
  readonly #services = new Set<Service>();
  #most = 0;
  #lookedMs = performance.now();
  #skipCount = 0;

  /** Looks how many are served, forever. */
  look(): void {
    setInterval(() => {
      const nowMs = performance.now();
      if (nowMs - this.#lookedMs > LOOK_LATE_MS) this.#skipCount = LOOKS_SKIPPED;
      this.#lookedMs = nowMs;
      if (this.#skipCount > 0) {
        this.#skipCount--;
        return;
      }
      const count = [...this.#services].filter(({ sinceMs }) => nowMs - sinceMs >= LOOK_MS).length;
      if (count > this.#most) writeReport({ most: this.#most = count });
    }, LOOK_MS);
  }

  serve(socket: Socket): void {
    let text = "";
    let service: Service | null = null;
    const leave = () => {
      if (service !== null) this.#services.delete(service);
      service = null;
    };
    socket.setNoDelay(true);
    socket.on("error", leave);
    socket.on("end", leave);
    socket.on("close", leave);
    socket.on("data", (chunk: Uint8Array) => {
      text += new TextDecoder("latin1").decode(chunk);
      const request = /^(GET|POST|HEAD) (\S+) HTTP\/1\.1\r\n[^]*?\r\n\r\n/.exec(text);
      if (request === null) return;
      const length = Number(/^content-length: *(\d+)/im.exec(request[0])?.[1] ?? 0);
      if (text.length < request[0].length + length) return;
      text = text.slice(request[0].length + length);
      service = { sinceMs: performance.now() };
      this.#services.add(service);
      this.#answer(socket, request[2]!, leave);
    });
  }

  #answer(socket: Socket, path: string, leave: () => void): void {
    const [, kind, id = "", size = "0"] = path.split("/");
    if (kind === "post") writeReport({ counts: { [`post ${id}`]: 1 } });
    const isCheck = kind !== "post" && kind !== "get";
    const { mood } = this;
    const say = (data: string | Uint8Array) => {
      leave();
      if (!socket.destroyed) socket.write(data);
    };
    const body = isCheck ? "" : idBody(id, Number(size));
    const ok = `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    switch (mood) {
      case "well":
        setTimeout(() => say(ok), isCheck ? 0 : 20 + Math.random() * 100);
        return;
      case "slow":
        setTimeout(() => say(ok), 300 + Math.random() * 1_700);
        return;
      case "error":
        say("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n");
        return;
      case "garbage":
        say(randomBytes(GARBAGE_BYTES));
        return;
      case "empty":
        socket.end();
        return;
      case "reset":
        socket.resetAndDestroy();
    }
  }
}

async function main(port: number): Promise<void> {
  const chaos = new ChaosServer();
  writeReport({
    port: await listen({ port, host: "127.0.0.1" }, () => createServer((socket) => chaos.serve(socket))),
  });
  chaos.look();
  let rest = "";
  for await (const text of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    for (const line of lines) chaos.mood = line as Mood;
  }
  Deno.exit(0);
}

// Here at the end, since the class above exists only from its line on.
if (import.meta.main) await main(Number(Deno.args[0] ?? 0));
