/**
 * The server of the crash case, a process of its own: answers with the streams of crash_bytes.ts, and checks what it is sent.
 *
 *     GET /data/ID/SIZE       SIZE bytes of stream ID, with their length
 *     GET /chunked/ID/SIZE    the same in chunks
 *     GET /cut/ID/SIZE        announces SIZE bytes, sends half of them, resets
 *     POST /sink/ID           reads stream ~ID, answers "ID LENGTH CRC-32"
 *     GET /echo/ID            101, then sends back what comes; ends when the client does
 *     GET /duplex/ID/SIZE     101, then SIZE bytes of stream ID while SIZE of stream ~ID come; at the end as /sink
 *
 * A request names its ID three times, in its path and in its first and its last field, and so does an answer: heads that were mixed up show.
 * What is wrong is told on standard output, a line of JSON each, since the client that would see it may be dead.
 *
 * Arguments: a port, 0 for any, and the path of a unix socket. Prints its port. Ends with its standard input.
 *
 * @module
 */
import { createServer, type Server, type Socket } from "node:net";
import { crc32 } from "node:zlib";
import { ByteChecker } from "./crash_bytes.ts";
import { writeReport } from "./crash_report.ts";
import { Cut, Wire, Wrong } from "./crash_wire.ts";
import { listen } from "./listen_again.ts";

interface Request {
  readonly kind: string;
  readonly id: number;
  readonly size: number;
  /** Of the request's body; null when it comes in chunks. */
  readonly length: number | null;
  readonly keepsOpen: boolean;
}

async function main(port: number, path: string): Promise<void> {
  await Deno.remove(path).catch(() => {});
  await listen({ path }, newServer);
  writeReport({ port: await listen({ port, host: "127.0.0.1" }, newServer) });
  while (await Deno.stdin.read(new Uint8Array(64)) !== null);
  Deno.exit(0);
}

function newServer(): Server {
  return createServer({ allowHalfOpen: true, noDelay: true }, (socket) => void serve(socket));
}

async function serve(socket: Socket): Promise<void> {
  const wire = new Wire(socket);
  try {
    for (let goesOn = true; goesOn;) {
      const head = await wire.readHead();
      if (head === null) break;
      goesOn = await answer(wire, parseHead(head));
    }
    wire.end();
    // What the peer says after the last answer is nothing, or its end.
    const more = await wire.readText();
    if (more !== "") throw new Wrong(`behind the last request comes ${JSON.stringify(more.slice(0, 100))}`);
  } catch (error) {
    if (error instanceof Wrong) writeReport({ wrong: `at the server: ${error.message}` });
    else if (!(error instanceof Cut)) throw error;
  } finally {
    wire.close();
  }
}

/** @throws {Wrong} */
function parseHead(head: string): Request {
  const line = /^(?:GET|POST) \/(data|chunked|cut|sink|echo|duplex)\/(\d+)(?:\/(\d+))? HTTP\/1\.1\r\n/.exec(
    head,
  );
  const first = /^x-first: (\d+)\r$/im.exec(head)?.[1];
  const last = /^x-last: (\d+)\r$/im.exec(head)?.[1];
  const host = /^host: (\d+)\.soak\.test\r$/im.exec(head)?.[1];
  const id = line?.[2];
  if (id === undefined || first !== id || last !== id || host !== id) {
    throw new Wrong(`the head of a request is ${JSON.stringify(head)}`);
  }
  const length = /^content-length: *(\d+)/im.exec(head)?.[1];
  const isChunked = /^transfer-encoding: *chunked/im.test(head);
  return {
    kind: line![1]!,
    id: Number(id),
    size: Number(line![3] ?? 0),
    length: isChunked ? null : Number(length ?? 0),
    keepsOpen: !/^connection: *close/im.test(head),
  };
}

/** Returns whether another request may come. */
async function answer(wire: Wire, request: Request): Promise<boolean> {
  const { kind, id, size, keepsOpen } = request;
  switch (kind) {
    case "data":
      await wire.write(headOf(request, `Content-Length: ${size}`));
      await wire.writeStream(id, size);
      return keepsOpen;
    case "chunked":
      await wire.write(headOf(request, "Transfer-Encoding: chunked"));
      await wire.writeStream(id, size, { pieceBytes: 5_000, isChunked: true });
      return keepsOpen;
    case "cut":
      await wire.write(headOf(request, `Content-Length: ${size}`));
      await wire.writeStream(id, size >> 1);
      wire.reset();
      return false;
    case "sink": {
      const received = new Received(~id);
      if (request.length === null) await wire.readChunks((bytes) => received.take(bytes));
      else await wire.readBody(request.length, (bytes) => received.take(bytes));
      const text = `${id} ${received.text}`;
      await wire.write(`${headOf(request, `Content-Length: ${text.length}`)}${text}`);
      return keepsOpen;
    }
    case "echo":
      await wire.write(headOf(request, "Upgrade: soak"));
      for (let chunk = await wire.read(); chunk !== null; chunk = await wire.read()) await wire.write(chunk);
      return false;
    default:
      await wire.write(headOf(request, "Upgrade: soak"));
      await duplex(wire, request);
      return false;
  }
}

async function duplex(wire: Wire, { id, size }: Request): Promise<void> {
  const received = new Received(~id);
  const receive = async () => {
    for (let chunk = await wire.read(); chunk !== null; chunk = await wire.read()) received.take(chunk);
  };
  await Promise.all([receive(), wire.writeStream(id, size)]);
  await wire.write(`${id} ${received.text}`);
}

function headOf({ kind, id, keepsOpen }: Request, field: string): string {
  const isTunnel = kind === "echo" || kind === "duplex";
  const connection = isTunnel ? "Connection: Upgrade\r\n" : keepsOpen ? "" : "Connection: close\r\n";
  const status = isTunnel ? "101 Switching Protocols" : "200 OK";
  return `HTTP/1.1 ${status}\r\nX-First: ${id}\r\n${field}\r\n${connection}X-Last: ${id}\r\n\r\n`;
}

/** A stream that comes in: compared, counted, and summed up for the client. */
class Received {
  readonly #checker: ByteChecker;
  #crc = 0;

  constructor(stream: number) {
    this.#checker = new ByteChecker(stream);
  }

  /** @throws {Wrong} */
  take(bytes: Uint8Array): void {
    const wrong = this.#checker.take(bytes);
    if (wrong !== null) throw new Wrong(wrong);
    this.#crc = crc32(bytes, this.#crc);
  }

  get text(): string {
    return `${this.#checker.receivedBytes} ${this.#crc}`;
  }
}

// Here at the end, since the class above exists only from its line on.
if (import.meta.main) await main(Number(Deno.args[0]), Deno.args[1]!);
