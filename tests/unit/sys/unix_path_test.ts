/** Files of unix sockets: stale ones go, those of others stay. @module */
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { removeSocket, removeStaleSocket } from "../../../src/sys/unix_path.ts";
import { TcpSockets } from "../../../src/sys/tcp_socket.ts";
import { openLibc } from "../../support/sys/kernel.ts";

let path: string;

beforeEach(async () => {
  const folder = await Deno.makeTempDir();
  onTestFinished(() => Deno.remove(folder, { recursive: true }));
  path = `${folder}/a socket`;
});

/** A socket's file; the socket itself may be closed. */
function bind(): { sockets: TcpSockets; fd: number } {
  const sockets = new TcpSockets(openLibc());
  const fd = sockets.listen({ kind: "unix", path }, 1, false);
  expect(fd).toBeGreaterThan(0);
  return { sockets, fd };
}

function exists(): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch {
    return false;
  }
}

describe("a stale file", () => {
  it("of a socket that nobody listens on is removed", () => {
    const { sockets, fd } = bind();
    sockets.close(fd);
    expect(exists()).toBe(true);
    expect(removeStaleSocket(path)).toBe(true);
    expect(exists()).toBe(false);
  });

  it("is not what somebody listens on, by whatever descriptor", () => {
    const { sockets, fd } = bind();
    expect(removeStaleSocket(path)).toBe(false);
    const other = sockets.duplicate(fd);
    sockets.close(fd);
    expect(removeStaleSocket(path)).toBe(false);
    expect(exists()).toBe(true);
    sockets.close(other);
    expect(removeStaleSocket(path)).toBe(true);
  });

  it("is no other file, folder or link, and nothing that is not there", () => {
    expect(removeStaleSocket(path)).toBe(false);
    Deno.writeTextFileSync(path, "precious");
    expect(removeStaleSocket(path)).toBe(false);
    expect(Deno.readTextFileSync(path)).toBe("precious");
    Deno.removeSync(path);
    Deno.mkdirSync(path);
    expect(removeStaleSocket(path)).toBe(false);
    Deno.removeSync(path);
    Deno.symlinkSync("/nowhere", path);
    expect(removeStaleSocket(path)).toBe(false);
    expect(exists()).toBe(true);
  });
});

describe("our own file", () => {
  it("is removed; that somebody was faster is no error", () => {
    const { sockets, fd } = bind();
    sockets.close(fd);
    removeSocket(path);
    expect(exists()).toBe(false);
    expect(() => removeSocket(path)).not.toThrow();
  });
});
