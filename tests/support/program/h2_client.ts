/** A client of HTTP/2: node's own, so that somebody else's code reads hadro's frames. @module */
import http2 from "node:http2";

/** What came of one request. */
export interface H2Answer {
  /** 0 when none came. */
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly trailers: Readonly<Record<string, string>>;
  /** Interim statuses before the answer. */
  readonly interim: readonly number[];
  /** The code of RST_STREAM; 0 for none. */
  readonly resetCode: number;
}

/** A request; `trailers` come behind its body. */
export interface H2Request {
  readonly path: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly trailers?: Readonly<Record<string, string>>;
}

/** A connection. */
export class H2Client {
  /** Codes of GOAWAY frames. */
  readonly goaways: number[] = [];
  readonly #session: http2.ClientHttp2Session;

  /** Over clear text, or over TLS with a.test, whom this authority's certificate (PEM) is believed for. */
  constructor(port: number, caPem: string | null = null) {
    this.#session = caPem === null
      ? http2.connect(`http://127.0.0.1:${port}`)
      : http2.connect(`https://127.0.0.1:${port}`, { ca: caPem, servername: "a.test" });
    this.#session.on("error", () => {});
    this.#session.on("goaway", (code: number) => this.goaways.push(code));
  }

  request(request: H2Request): Promise<H2Answer> {
    const { path, method = "GET", headers = {}, body, trailers } = request;
    const stream = this.#session.request(
      { ":path": path, ":method": method, ":authority": "app.test", ...headers },
      { endStream: body === undefined, waitForTrailers: trailers !== undefined },
    );
    const answer = { status: 0, headers: {}, trailers: {}, interim: [] as number[] };
    const pieces: string[] = [];
    stream.setEncoding("latin1");
    stream.on("headers", (fields) => answer.interim.push(Number(fields[":status"])));
    stream.on("response", (fields) => {
      answer.status = Number(fields[":status"]);
      answer.headers = { ...fields };
    });
    stream.on("trailers", (fields) => answer.trailers = { ...fields });
    stream.on("data", (piece: string) => pieces.push(piece));
    if (trailers !== undefined) stream.on("wantTrailers", () => stream.sendTrailers({ ...trailers }));
    if (body !== undefined) stream.end(body, "latin1");
    const over = Promise.withResolvers<H2Answer>();
    stream.on("error", () => {});
    stream.on(
      "close",
      () => over.resolve({ ...answer, body: pieces.join(""), resetCode: stream.rstCode ?? 0 }),
    );
    return over.promise;
  }

  /** Begins a request and takes it back once its answer has begun. */
  cancel(path: string): Promise<void> {
    const stream = this.#session.request({ ":path": path, ":authority": "app.test" });
    stream.on("error", () => {});
    const over = Promise.withResolvers<void>();
    stream.on("response", () => stream.close(http2.constants.NGHTTP2_CANCEL));
    stream.on("close", () => over.resolve());
    return over.promise;
  }

  stop(): void {
    this.#session.destroy();
  }
}
