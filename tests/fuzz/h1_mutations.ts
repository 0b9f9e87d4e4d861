/**
 * Seeds and mutations for the HTTP/1 fuzz tests: valid messages, and what attackers put into them.
 *
 * May import: nothing.
 *
 * @module
 */

const HOST = "Host: example.com\r\n";
const CHUNKS = "5;x=y\r\nhello\r\n3\r\nabc\r\n0\r\nX-Sum: 1\r\n\r\n";

/** Valid requests to begin with. */
export const REQUESTS: readonly string[] = [
  `GET / HTTP/1.1\r\n${HOST}\r\n`,
  `GET /a?b=c HTTP/1.1\r\n${HOST}User-Agent: x\r\nConnection: keep-alive, x-a\r\nX-A: 1\r\n\r\n`,
  `POST /p HTTP/1.1\r\n${HOST}Content-Length: 11\r\n\r\nhello world`,
  `POST /c HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n${CHUNKS}`,
  `POST /e HTTP/1.1\r\n${HOST}Expect: 100-continue\r\nContent-Length: 3\r\n\r\nabc`,
  `GET http://example.com/x HTTP/1.1\r\n${HOST}\r\n`,
  `GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n`,
];

/** Valid responses with a length or chunks. */
export const RESPONSES: readonly string[] = [
  "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nServer: x\r\n\r\nhello",
  `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${CHUNKS}`,
  "HTTP/1.0 404 Not Found\r\nContent-Length: 0\r\n\r\n",
  "HTTP/1.1 204 No Content\r\n\r\n",
];

const SNIPPETS: readonly string[] = [
  "\r\n",
  "\n",
  "\r",
  "\0",
  " ",
  "\t",
  ":",
  ",",
  ";",
  "\r\n ",
  "\n\n",
  "\x0b",
  "\xa0",
  "0",
  "1",
  "+",
  '"',
  "Content-Length: 0\r\n",
  "Content-Length: 4\r\n",
  "Content-Length : 4\r\n",
  "content-length:\t7\r\n",
  "Transfer-Encoding: chunked\r\n",
  "Transfer-Encoding: x, chunked\r\n",
  "Transfer-Encoding:\x0bchunked\r\n",
  " Transfer-Encoding: chunked\r\n",
  "X: y\nTransfer-Encoding: chunked\r\n",
  "X: y\rContent-Length: 9\r\n",
  "Connection: close, host, content-length\r\n",
  "Host: evil\r\n",
  "0\r\n\r\n",
  "GET /smuggled HTTP/1.1\r\nHost: evil\r\n\r\n",
  "chunked",
  "HTTP/1.0",
];

/** Returns `text` with one to four mutations: insert, delete, repeat a line, replace a character, change case. */
export function mutate(text: string, random: (below: number) => number): string {
  let mutated = text;
  for (let count = 1 + random(4); count > 0; count--) mutated = mutateOnce(mutated, random);
  return mutated;
}

function mutateOnce(text: string, random: (below: number) => number): string {
  const at = random(text.length + 1);
  const lineStart = text.lastIndexOf("\n", at - 1) + 1;
  const nextLine = text.indexOf("\n", at) + 1 || text.length;
  switch (random(7)) {
    case 0:
    case 1:
      return text.slice(0, at) + SNIPPETS[random(SNIPPETS.length)] + text.slice(at);
    case 2:
      return text.slice(0, nextLine) + SNIPPETS[random(SNIPPETS.length)] + text.slice(nextLine);
    case 3:
      return text.slice(0, at) + text.slice(at + 1 + random(3));
    case 4:
      return text.slice(0, nextLine) + text.slice(lineStart, nextLine) + text.slice(nextLine);
    case 5:
      return text.slice(0, at) + String.fromCharCode(random(256)) + text.slice(at + 1);
    default:
      return text.slice(0, at) + text.slice(at).toLowerCase();
  }
}
