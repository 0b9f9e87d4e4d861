/**
 * An engine on the sim poller without chance: everything under way arrives at once, every report comes, one turn at a time.
 *
 * @module
 */
import { Errno } from "../../../src/base/errno.ts";
import { Prng } from "../../../src/base/prng.ts";
import { Slab } from "../../../src/base/slab.ts";
import type { Engine } from "../../../src/event/engine.ts";
import type { FdHandler, FdTable } from "../../../src/event/fd_table.ts";
import { IoClass } from "../../../src/event/io_queue.ts";
import { SIM_HOST, SimNetwork } from "../sim/sim_network.ts";
import { latin1 } from "../sim/sim_peer.ts";
import type { SimFlavour, SimPoller } from "../sim/sim_poller.ts";
import type { SimSocket } from "../sim/sim_socket.ts";
import { SimWorld, type SimWorldOptions } from "../sim/sim_world.ts";

const PORT = 80;

/** Chance that never strikes: `chance` is false, `nextBelow` the highest. */
class CalmPrng extends Prng {
  constructor() {
    super(0);
  }

  override nextUint32(): number {
    return 0xffff_ffff;
  }
}

/** A connection of the engine, and the socket outside of it. */
export interface Connection {
  readonly fd: number;
  readonly outside: SimSocket;
}

/** A handler made of a function; it remembers its calls. */
export class ScriptedHandler implements FdHandler {
  readonly calls: { readonly fd: number; readonly ready: number }[] = [];
  readonly #script: (fd: number, ready: number) => void;

  constructor(script: (fd: number, ready: number) => void = () => {}) {
    this.#script = script;
  }

  onIo(fd: number, ready: number): void {
    this.calls.push({ fd, ready });
    this.#script(fd, ready);
  }
}

/** See the module's text. The first turn has run. */
export class EngineRig {
  readonly world: SimWorld;
  readonly engine: Engine;
  readonly table: FdTable;
  readonly poller: SimPoller;
  readonly network: SimNetwork;
  /** A listener of the poller's that nobody owns: connections are taken from it by hand. */
  readonly listenFd: number;
  readonly #slab = new Slab(65_536);

  constructor(flavour: SimFlavour = "edge", options: Partial<SimWorldOptions> = {}) {
    this.world = new SimWorld({ seed: 0, flavour, prng: new CalmPrng(), ...options });
    this.engine = this.world.engine;
    this.table = this.engine.fdTable;
    this.poller = this.world.poller;
    this.network = this.world.network;
    this.listenFd = this.poller.listen(this.address, 128);
    this.world.start();
  }

  get address(): { readonly kind: "tcp"; readonly host: string; readonly port: number } {
    return { kind: "tcp", host: SIM_HOST, port: PORT };
  }

  /** Owns the listener: accepts all that waits and gives each connection to `onAccepted`. */
  listen(onAccepted: (fd: number) => void): void {
    const handler = new ScriptedHandler((listenFd) => {
      for (;;) {
        const fd = this.poller.accept(listenFd);
        if (fd === -Errno.EAGAIN) return this.table.cantRecv(listenFd);
        onAccepted(fd);
      }
    });
    this.table.insert(this.listenFd, handler, IoClass.INTERACTIVE, false);
    this.table.wantRecv(this.listenFd);
  }

  /** Somebody outside connects; the connection is in the backlog when this returns. */
  dial(): SimSocket {
    const socket = this.network.connect(this.address);
    this.settle();
    return socket;
  }

  /** An accepted connection with its owner. */
  open(handler: FdHandler, ioClass: number = IoClass.NORMAL): Connection {
    const outside = this.dial();
    const fd = this.poller.accept(this.listenFd);
    this.engine.adopt(fd, handler, ioClass);
    return { fd, outside };
  }

  /** Says something from outside; it has arrived when this returns. */
  say(outside: SimSocket, text: string): void {
    outside.send(latin1(text), 0, text.length);
    this.settle();
  }

  /** What came outside. */
  hear(outside: SimSocket): string {
    this.settle();
    const bytes = new Uint8Array(65_536);
    const count = outside.receive(bytes, 0, bytes.length);
    return count <= 0 ? "" : String.fromCharCode(...bytes.subarray(0, count));
  }

  /** Everything under way arrives. */
  settle(): void {
    while (this.network.step());
  }

  /** Everything arrives, everything is reported, and the loop turns once. */
  turn(): void {
    this.settle();
    this.poller.look();
    this.poller.onWake();
    this.world.check();
  }

  /** For handlers: receives until EAGAIN or an end; returns what came. */
  receiveAll(fd: number): { readonly text: string; readonly end: number | null } {
    let text = "";
    for (;;) {
      const count = this.engine.recv(fd, this.#slab, 0, this.#slab.bytes.length);
      if (count <= 0) {
        if (count === -Errno.EAGAIN) this.table.cantRecv(fd);
        else this.table.stopRecv(fd);
        return { text, end: count === -Errno.EAGAIN ? null : count };
      }
      text += String.fromCharCode(...this.#slab.bytes.subarray(0, count));
    }
  }

  /** For handlers: sends; returns the count. */
  sendText(fd: number, text: string): number {
    this.#slab.bytes.set(latin1(text));
    return this.engine.send(fd, this.#slab, 0, text.length);
  }
}
