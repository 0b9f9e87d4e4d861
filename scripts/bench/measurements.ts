/**
 * What is measured besides CPU time per request: the names, for the flags and the help; each has a file measure_*.ts.
 *
 * @module
 */

export interface Measurement {
  readonly name:
    | "tcp-1g"
    | "http-1g"
    | "http-upload-1g"
    | "memory-idle"
    | "start"
    | "latency"
    | "mixed"
    | "syscalls";
  readonly about: string;
}

export const MEASUREMENTS: readonly Measurement[] = [
  { name: "tcp-1g", about: "one HTTP answer of 1 GiB through a TCP proxy" },
  { name: "http-1g", about: "one HTTP answer of 1 GiB" },
  {
    name: "http-upload-1g",
    about: "one HTTP request with a body of 1 GiB, which the backend reads before it answers",
  },
  {
    name: "memory-idle",
    about: "resident memory of an idle keep-alive HTTP connection, after one request on it",
  },
  {
    name: "start",
    about:
      "from the start of the program to the first connection and the first answer; resident memory after it",
  },
  {
    name: "latency",
    about: "at a fixed rate, counted from the moment at which a request should have been sent",
  },
  {
    name: "mixed",
    about:
      "latency of small requests on one listener while answers of 1 MiB keep another listener of the same process busy",
  },
  { name: "syscalls", about: "system calls of a proxy per request, counted by strace" },
];
