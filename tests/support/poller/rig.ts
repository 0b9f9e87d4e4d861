/**
 * What the poller contract needs of a subject: an engine on it, and peers outside of the engine.
 *
 * @module
 */
import { Errno } from "../../../src/base/errno.ts";
import { Slab } from "../../../src/base/slab.ts";
import type { Engine } from "../../../src/event/engine.ts";
import { Direction } from "../../../src/event/fd_state.ts";
import type { FdHandler } from "../../../src/event/fd_table.ts";
import { IoClass } from "../../../src/event/io_queue.ts";
import type { SocketAddress } from "../../../src/event/poller.ts";

/** Slots of a rig's fd table. */
export const RIG_FD_CAPACITY = 80;

/** Somebody outside. Texts are latin1. */
export interface RigPeer {
  readonly received: string;
  /** The other side ended in order. */
  readonly isEnded: boolean;
  /** The connection broke. */
  readonly isBroken: boolean;
  send(text: string): void;
  /** Begins to take what comes; until then nothing is received. */
  startReading(): void;
  closeWrite(): void;
  reset(): void;
  close(): void;
}

/** A server outside. */
export interface RigServer {
  readonly address: SocketAddress;
  readonly peers: readonly RigPeer[];
}

export interface Rig {
  readonly engine: Engine;
  /** Where a listener of the engine may be bound: any free port. */
  readonly anyAddress: SocketAddress;
  /** An address at which nobody listens. */
  readonly refusingAddress: SocketAddress;
  dial(address: SocketAddress): RigPeer;
  serve(): RigServer;
  /** Lets everything run until it is so. @throws when it never is. */
  until(isSo: () => boolean): Promise<void>;
  /** Lets everything that is under way happen. */
  settle(): Promise<void>;
  close(): Promise<void>;
}

/** A poller under test. */
export interface PollerSubject {
  readonly name: string;
  /** Each report must be paid with a registration (completion): more updates than an edge-triggered one. */
  readonly isOneShot: boolean;
  open(): Promise<Rig>;
}

/** An owner that receives all it can and sends what it has; it asserts that no handler runs inside of the poller. */
export class Probe implements FdHandler {
  readonly engine: Engine;
  fd = -1;
  received = "";
  calls = 0;
  /** Result of the receive that ended it: 0 or a negated error number; null while it goes on. */
  receiveEnd: number | null = null;
  sendError = 0;
  sentBytes = 0;
  /** Does not receive though wanted: for tests of readiness that is kept. */
  isIdle = false;
  #outbox: Uint8Array = new Uint8Array(0);
  readonly #slab = new Slab(4_096);
  readonly #sendSlab = new Slab(65_536);

  constructor(engine: Engine) {
    this.engine = engine;
  }

  /** Owns an accepted fd. */
  adopt(fd: number): void {
    this.fd = fd;
    this.engine.adopt(fd, this, IoClass.NORMAL);
    this.engine.fdTable.wantRecv(fd);
  }

  send(text: string): void {
    const joined = new Uint8Array(this.#outbox.length + text.length);
    joined.set(this.#outbox);
    for (let i = 0; i < text.length; i++) joined[this.#outbox.length + i] = text.charCodeAt(i);
    this.#outbox = joined;
    this.#pump();
    this.engine.poller.wake();
  }

  get isFlushed(): boolean {
    return this.#outbox.length === 0;
  }

  close(isReset = false): void {
    this.engine.close(this.fd, isReset);
    this.fd = -1;
  }

  onIo(fd: number, ready: number): void {
    this.calls++;
    if ((ready & Direction.SEND) !== 0) this.#pump();
    if (this.fd === fd && (ready & Direction.RECV) !== 0 && !this.isIdle) this.#receive();
  }

  #receive(): void {
    const table = this.engine.fdTable;
    for (;;) {
      const count = this.engine.recv(this.fd, this.#slab, 0, this.#slab.bytes.length);
      if (count > 0) {
        for (let i = 0; i < count; i++) this.received += String.fromCharCode(this.#slab.bytes[i]);
        continue;
      }
      if (count === -Errno.EAGAIN) table.cantRecv(this.fd);
      else {
        this.receiveEnd = count;
        table.stopRecv(this.fd);
      }
      return;
    }
  }

  #pump(): void {
    const table = this.engine.fdTable;
    while (this.#outbox.length > 0) {
      const size = Math.min(this.#outbox.length, this.#sendSlab.bytes.length);
      this.#sendSlab.bytes.set(this.#outbox.subarray(0, size));
      const count = this.engine.send(this.fd, this.#sendSlab, 0, size);
      if (count === -Errno.EAGAIN) {
        table.cantSend(this.fd);
        table.wantSend(this.fd);
        return;
      }
      if (count < 0) {
        this.sendError = count;
        this.#outbox = new Uint8Array(0);
        break;
      }
      this.sentBytes += count;
      this.#outbox = this.#outbox.subarray(count);
    }
    table.stopSend(this.fd);
  }
}

/** Accepts into probes. */
export class ProbeListener implements FdHandler {
  readonly engine: Engine;
  readonly fd: number;
  readonly probes: Probe[] = [];
  /** Error numbers that accepting met. */
  readonly errors: number[] = [];

  constructor(engine: Engine, address: SocketAddress) {
    this.engine = engine;
    this.fd = engine.poller.listen(address, 128);
    engine.fdTable.insert(this.fd, this, IoClass.INTERACTIVE, false);
    engine.fdTable.wantRecv(this.fd);
    // Made outside of a turn: the update must not wait for the next one.
    engine.poller.wake();
  }

  get address(): SocketAddress {
    return this.engine.poller.localAddress(this.fd);
  }

  onIo(fd: number): void {
    for (;;) {
      const accepted = this.engine.poller.accept(fd);
      if (accepted === -Errno.EAGAIN) {
        this.engine.fdTable.cantRecv(fd);
        return;
      }
      if (accepted < 0) {
        this.errors.push(accepted);
        this.engine.fdTable.stopRecv(fd);
        return;
      }
      const probe = new Probe(this.engine);
      this.probes.push(probe);
      probe.adopt(accepted);
    }
  }
}

/** Connects, and is a probe once that worked. */
export class ProbeConnector implements FdHandler {
  readonly engine: Engine;
  readonly fd: number;
  /** Every answer of `connectResult`. */
  readonly results: number[] = [];
  readonly probe: Probe;

  constructor(engine: Engine, address: SocketAddress) {
    this.engine = engine;
    this.probe = new Probe(engine);
    this.fd = engine.connect(address, this, IoClass.NORMAL);
    engine.poller.wake();
  }

  get result(): number | undefined {
    return this.results.at(-1);
  }

  onIo(fd: number): void {
    const result = this.engine.poller.connectResult(fd);
    this.results.push(result);
    if (result === -Errno.EINPROGRESS) {
      this.engine.fdTable.cantSend(fd);
      return;
    }
    this.engine.fdTable.stopSend(fd);
    if (result < 0) {
      this.engine.close(fd);
      return;
    }
    this.probe.fd = fd;
    this.engine.fdTable.setHandler(fd, this.probe);
    this.engine.fdTable.wantRecv(fd);
  }
}
