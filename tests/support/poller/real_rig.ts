/** Pollers on real sockets as subjects of the contract; the peers are Deno's own connections. @module */
import { Engine, type PollerFactory } from "../../../src/event/engine.ts";
import { systemClock } from "../../../src/event/clock.ts";
import type { SocketAddress } from "../../../src/event/poller.ts";
import { SocketReset } from "../../../src/sys/socket_reset.ts";
import { type PollerSubject, type Rig, RIG_FD_CAPACITY, type RigPeer, type RigServer } from "./rig.ts";

const WAIT_MS_MAX = 10_000;
const LOOK_MS = 2;
/** Looks without a turn after which nothing is under way any more. */
const STILL_LOOKS = 5;

const latin1 = new TextDecoder("latin1");

class RealRigPeer implements RigPeer {
  received = "";
  isEnded = false;
  isBroken = false;
  #conn: Deno.TcpConn | null = null;
  #isClosed = false;
  #isReading = false;
  #sending: Promise<void> = Promise.resolve();
  readonly #socketReset: SocketReset;

  constructor(opening: Promise<Deno.TcpConn>, socketReset: SocketReset) {
    this.#socketReset = socketReset;
    this.#sending = opening.then((conn) => {
      this.#conn = conn;
      if (this.#isReading) this.#read();
    }, () => {
      this.isBroken = true;
    });
  }

  send(text: string): void {
    const bytes = Uint8Array.from(text, (letter) => letter.charCodeAt(0));
    this.#then(async (conn) => {
      for (let at = 0; at < bytes.length;) at += await conn.write(bytes.subarray(at));
    });
  }

  startReading(): void {
    this.#isReading = true;
    if (this.#conn !== null) this.#read();
  }

  closeWrite(): void {
    this.#then((conn) => conn.closeWrite());
  }

  reset(): void {
    this.#then((conn) => {
      this.#socketReset.reset(conn.localAddr.port, conn.remoteAddr.port);
      this.close();
    });
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#then((conn) => conn.close());
  }

  /** Everything that was begun has ended. */
  async finish(): Promise<void> {
    this.close();
    await this.#sending;
  }

  #then(action: (conn: Deno.TcpConn) => void | Promise<void>): void {
    this.#sending = this.#sending.then(async () => {
      if (this.#conn === null) return;
      try {
        await action(this.#conn);
      } catch {
        this.isBroken = true;
      }
    });
  }

  async #read(): Promise<void> {
    const buffer = new Uint8Array(65_536);
    while (!this.isEnded && !this.isBroken && !this.#isClosed) {
      try {
        const count = await this.#conn!.read(buffer);
        if (count === null) this.isEnded = true;
        else this.received += latin1.decode(buffer.subarray(0, count));
      } catch {
        this.isBroken = true;
      }
    }
  }
}

class RealRig implements Rig {
  readonly engine: Engine;
  readonly anyAddress: SocketAddress = { kind: "tcp", host: "127.0.0.1", port: 0 };
  readonly refusingAddress: SocketAddress;
  readonly #socketReset = SocketReset.open()!;
  readonly #peers: RealRigPeer[] = [];
  readonly #servers: { readonly listener: Deno.TcpListener; readonly done: Promise<void> }[] = [];

  constructor(newPoller: PollerFactory, fdCapacity: number) {
    this.engine = new Engine(fdCapacity, newPoller, systemClock);
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.refusingAddress = { kind: "tcp", host: "127.0.0.1", port: listener.addr.port };
    listener.close();
    this.engine.start();
  }

  dial(address: SocketAddress): RigPeer {
    if (address.kind !== "tcp") throw new Error("rigs dial tcp");
    return this.#add(Deno.connect({ hostname: address.host, port: address.port }));
  }

  serve(): RigServer {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const peers: RigPeer[] = [];
    const accept = async () => {
      for await (const conn of listener) peers.push(this.#add(Promise.resolve(conn)));
    };
    this.#servers.push({ listener, done: accept().catch(() => {}) });
    return { address: { kind: "tcp", host: "127.0.0.1", port: listener.addr.port }, peers };
  }

  async until(isSo: () => boolean): Promise<void> {
    const untilMs = performance.now() + WAIT_MS_MAX;
    while (!isSo()) {
      if (performance.now() > untilMs) throw new Error("it never came to be so");
      await look();
    }
  }

  async settle(): Promise<void> {
    for (let still = 0; still < STILL_LOOKS;) {
      const before = this.engine.activity.turns;
      await look();
      still = this.engine.activity.turns === before ? still + 1 : 0;
    }
  }

  async close(): Promise<void> {
    this.engine.stop();
    for (const peer of this.#peers) await peer.finish();
    for (const { listener, done } of this.#servers) {
      listener.close();
      await done;
    }
    this.#socketReset.close();
  }

  #add(opening: Promise<Deno.TcpConn>): RealRigPeer {
    const peer = new RealRigPeer(opening, this.#socketReset);
    this.#peers.push(peer);
    return peer;
  }
}

/** Lets the runtime do what it has to. */
function look(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, LOOK_MS));
}

/** @param newPoller What makes a poller, and the slots of its table. @default {RIG_FD_CAPACITY} */
export function realSubject(
  name: string,
  isOneShot: boolean,
  newPoller: () => PollerFactory,
  fdCapacity = RIG_FD_CAPACITY,
): PollerSubject {
  return { name, isOneShot, open: () => Promise.resolve(new RealRig(newPoller(), fdCapacity)) };
}
