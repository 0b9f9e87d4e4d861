/**
 * What is measured besides CPU time per request: the names, for the flags and the help; each has a file measure_*.ts.
 *
 * @module
 */

export interface Measurement {
  readonly name: "memory-idle" | "start" | "latency" | "syscalls";
  readonly about: string;
}

export const MEASUREMENTS: readonly Measurement[] = [
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
  { name: "syscalls", about: "system calls of a proxy per request, counted by strace" },
];
