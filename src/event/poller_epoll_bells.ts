/**
 * The bells of the `epoll` poller: an eventfd for each thread, which the others write to.
 *
 * A descriptor that another thread may write to must never become a connection's: so it is not among those that a poller closes at
 * its end, and who closes what a dead thread left does not know it. It costs a descriptor for each thread that ended, no more.
 *
 * May import: sys.
 *
 * @module
 */
import type { TcpSockets } from "../sys/tcp_socket.ts";
import type { Bells } from "./poller.ts";

const NO_BELL = -1;

/** See the module's text. */
export class EpollBells implements Bells {
  readonly #sockets: TcpSockets;
  readonly #slotCount: number;

  /** @param slotCount Of the fd table. */
  constructor(sockets: TcpSockets, slotCount: number) {
    this.#sockets = sockets;
    this.#slotCount = slotCount;
  }

  open(): number {
    const fd = this.#sockets.openWakeup();
    if (fd < this.#slotCount) return Math.max(fd, NO_BELL);
    this.#sockets.close(fd);
    return NO_BELL;
  }

  ring(bell: number): void {
    this.#sockets.wake(bell);
  }

  answer(bell: number): void {
    this.#sockets.takeWakeups(bell);
  }
}
