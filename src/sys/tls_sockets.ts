/**
 * TLS on the kernel's sockets, by fd (SSL). From `begin` on all that the socket carries are TLS records.
 *
 *     begin --> handshake() again and again, when the direction it waits for is ready --DONE--> receive, send --> end, close
 *                                                  |
 *                                               FAILED, with the reason
 *
 * - A receive goes on until the room is full or nothing is left, so a short count proves that nothing is left, as with a plain socket.
 *   OpenSSL reads ahead, as much as its buffer has room for. Where that was empty before (CLEAN), is empty again, and less was read than it
 *   holds, then the last read of the socket was a short one, and need not be followed by one that brings nothing. What ended or failed behind bytes is told by the next receive: {@linkcode TlsSockets.endsBehind} says that there is one to make.
 * - A send that would block has taken the record: it must be repeated with the same bytes, as senders here do.
 * - TLS 1.3 may want to receive while it sends and the reverse only in a handshake; a peer's key update is answered with the next send.
 *
 * May import: base, sys.
 *
 * @module
 */
import { Errno } from "../base/errno.ts";
import { addressBytes } from "../base/ip_address.ts";
import type { Slab } from "../base/slab.ts";
import type { Libc } from "./libc.ts";
import { piecePointer, slabAddress } from "./memory.ts";
import { cText, type OpenSsl, SslCtrl, SslError, SslState, textAt } from "./openssl.ts";
import type { TlsContext } from "./tls_context.ts";
import { readFacts } from "./tls_facts.ts";

/** As event/poller.ts has it. */
const Handshake = { DONE: 0, AWAITS_RECV: 1, AWAITS_SEND: 2, FAILED: 3 } as const;

const HOST_NAME = 0;
/** OpenSSL reads ahead into a buffer that holds a record of this size and more. */
const READ_AHEAD_BYTES = 16_384;

/** See the module's text. */
export class TlsSockets {
  /** Why the last handshake failed, in words. */
  failure = "";
  /** X509_V_ERR_* of that handshake. */
  verdict = 0;
  /** Of that handshake, on our side as a server: the client had said hello. */
  hadHello = false;
  readonly #library: OpenSsl;
  readonly #libc: Libc;
  readonly #connections: (Deno.PointerObject | null)[];
  readonly #endsBehind: Uint8Array;
  /** Contexts of handshakes under way. */
  readonly #contexts: (TlsContext | null)[];
  /** Contexts of connections that are clients; they keep sessions. */
  readonly #clients: (TlsContext | null)[];
  /** What the sockets are read through, and how much was by the end of the last receive; the lower 32 bits. */
  readonly #readers: (Deno.PointerObject | null)[];
  readonly #readBytes: Uint32Array;
  /** The last receive left nothing in OpenSSL's buffer. */
  readonly #isClean: Uint8Array;

  constructor(library: OpenSsl, libc: Libc, fdCount: number) {
    this.#library = library;
    this.#libc = libc;
    this.#connections = new Array(fdCount).fill(null);
    this.#contexts = new Array(fdCount).fill(null);
    this.#clients = new Array(fdCount).fill(null);
    this.#readers = new Array(fdCount).fill(null);
    this.#endsBehind = new Uint8Array(fdCount);
    this.#isClean = new Uint8Array(fdCount);
    this.#readBytes = new Uint32Array(fdCount);
  }

  isOn(fd: number): boolean {
    return fd < this.#connections.length && this.#connections[fd] !== null;
  }

  /** Puts TLS on a socket. `serverName`: whom a client asks for and expects; "" for nobody. Returns 0 or -ENOMEM. */
  begin(fd: number, context: TlsContext, serverName: string): number {
    const { ssl } = this.#library;
    const connection = ssl.SSL_new(context.first);
    if (connection === null || ssl.SSL_set_fd(connection, fd) !== 1) {
      this.#library.takeError();
      if (connection !== null) ssl.SSL_free(connection);
      return -Errno.ENOMEM;
    }
    if (context.isServer) ssl.SSL_set_accept_state(connection);
    else {
      ssl.SSL_set_connect_state(connection);
      if (serverName !== "") this.#expect(connection, serverName);
      context.useSession(connection);
    }
    this.#connections[fd] = connection;
    this.#readers[fd] = ssl.SSL_get_rbio(connection);
    this.#endsBehind[fd] = this.#isClean[fd] = 0;
    this.#contexts[fd] = context;
    this.#clients[fd] = context.isServer ? null : context;
    context.hold();
    return 0;
  }

  /** An address is not asked for, but the certificate must be for it. */
  #expect(connection: Deno.PointerObject, serverName: string): void {
    const { ssl, crypto } = this.#library;
    const name = cText(serverName);
    if (addressBytes(serverName) !== null) {
      crypto.X509_VERIFY_PARAM_set1_ip_asc(ssl.SSL_get0_param(connection), name);
      return;
    }
    ssl.SSL_set1_host(connection, name);
    ssl.SSL_ctrl(connection, SslCtrl.SET_TLSEXT_HOSTNAME, BigInt(HOST_NAME), name);
  }

  /** Goes on with the handshake; returns a value of Handshake. */
  handshake(fd: number): number {
    const { ssl } = this.#library;
    const connection = this.#connections[fd]!;
    const result = ssl.SSL_do_handshake(connection);
    if (result === 1) {
      this.#release(fd);
      return Handshake.DONE;
    }
    const errno = this.#libc.errno;
    switch (ssl.SSL_get_error(connection, result)) {
      case SslError.WANT_READ:
        return Handshake.AWAITS_RECV;
      case SslError.WANT_WRITE:
        return Handshake.AWAITS_SEND;
    }
    const state = ssl.SSL_get_state(connection);
    this.hadHello = state !== SslState.BEFORE && state !== SslState.READS_CLIENT_HELLO;
    this.failure = this.#describeFailure(connection, errno);
    this.#release(fd);
    return Handshake.FAILED;
  }

  /** After the handshake. */
  facts(fd: number): ReturnType<typeof readFacts> {
    return readFacts(this.#library, this.#connections[fd]!);
  }

  /** Receives as Poller.recv does. */
  recv(fd: number, slab: Slab, offset: number, sizeBytes: number): number {
    const { ssl } = this.#library;
    const connection = this.#connections[fd]!;
    this.#endsBehind[fd] = 0;
    let count = 0;
    while (count < sizeBytes) {
      const at = offset + count;
      const piece = piecePointer(slab, at);
      const room = sizeBytes - count;
      const result = piece !== null
        ? ssl.SSL_read(connection, piece, room)
        : ssl.SSL_read_at(connection, BigInt(slabAddress(slab) + at), room);
      if (result > 0) {
        count += result;
        if (count < sizeBytes && this.#isDrained(fd, connection)) return count;
        continue;
      }
      const error = this.#errorOf(connection, result);
      if (error === -Errno.EAGAIN) this.#noteClean(fd, connection);
      else if (count > 0) this.#endsBehind[fd] = 1;
      return count > 0 ? count : error;
    }
    this.#isClean[fd] = 0;
    return count;
  }

  /** Nothing is left in OpenSSL's buffer, and its last read of the socket was a short one. */
  #isDrained(fd: number, connection: Deno.PointerObject): boolean {
    if (this.#isClean[fd] === 0 || this.#library.ssl.SSL_has_pending(connection) !== 0) return false;
    const readBytes = this.#library.crypto.BIO_number_read(this.#readers[fd]!);
    if (((readBytes - this.#readBytes[fd]!) >>> 0) >= READ_AHEAD_BYTES) return false;
    this.#readBytes[fd] = readBytes;
    return true;
  }

  /** The socket is empty; OpenSSL may have a part of a record. */
  #noteClean(fd: number, connection: Deno.PointerObject): void {
    this.#isClean[fd] = this.#library.ssl.SSL_has_pending(connection) === 0 ? 1 : 0;
    this.#readBytes[fd] = this.#library.crypto.BIO_number_read(this.#readers[fd]!);
  }

  /** Sends as Poller.send does. */
  send(fd: number, slab: Slab, offset: number, sizeBytes: number): number {
    const { ssl } = this.#library;
    const connection = this.#connections[fd]!;
    let count = 0;
    while (count < sizeBytes) {
      const at = offset + count;
      const piece = piecePointer(slab, at);
      const rest = sizeBytes - count;
      const result = piece !== null
        ? ssl.SSL_write(connection, piece, rest)
        : ssl.SSL_write_at(connection, BigInt(slabAddress(slab) + at), rest);
      if (result > 0) {
        count += result;
        continue;
      }
      const error = this.#errorOf(connection, result);
      return count > 0 ? count : error === 0 ? -Errno.EPIPE : error;
    }
    return count;
  }

  /** Whether the last receive met an end or an error behind the bytes that it brought. */
  endsBehind(fd: number): boolean {
    return this.#endsBehind[fd] === 1;
  }

  /** Tells the peer that nothing more comes (close_notify); as far as the socket takes it. */
  end(fd: number): void {
    if (this.#library.ssl.SSL_shutdown(this.#connections[fd]!) < 0) this.#library.crypto.ERR_clear_error();
  }

  /** Before the socket is closed. */
  forget(fd: number): void {
    const connection = this.#connections[fd];
    if (connection === null || connection === undefined) return;
    this.#connections[fd] = this.#readers[fd] = null;
    const client = this.#clients[fd];
    if (client !== null && client !== undefined) {
      client.keepSession(connection);
      this.#clients[fd] = null;
    }
    this.#library.ssl.SSL_free(connection);
    this.#release(fd);
  }

  /** The handshake is over, one way or another. */
  #release(fd: number): void {
    const context = this.#contexts[fd];
    if (context === null || context === undefined) return;
    this.#contexts[fd] = null;
    context.release();
  }

  /** What a call that brought nothing said: 0 for the end, or a negated error number. */
  #errorOf(connection: Deno.PointerObject, result: number): number {
    // Asked first: what follows may change it.
    const errno = this.#libc.errno;
    switch (this.#library.ssl.SSL_get_error(connection, result)) {
      case SslError.WANT_READ:
      case SslError.WANT_WRITE:
        return -Errno.EAGAIN;
      case SslError.ZERO_RETURN:
        return 0;
      case SslError.SYSCALL:
        this.#library.crypto.ERR_clear_error();
        return errno === 0 ? 0 : -errno;
      default:
        this.#library.crypto.ERR_clear_error();
        return -Errno.EPROTO;
    }
  }

  #describeFailure(connection: Deno.PointerObject, errno: number): string {
    const { ssl, crypto } = this.#library;
    const verdict = ssl.SSL_get_verify_result(connection);
    const reason = this.#library.takeError();
    this.verdict = Number(verdict);
    if (verdict !== 0n) return textAt(crypto.X509_verify_cert_error_string(verdict));
    // The only callback that refuses is the one for names.
    if (reason === "callback failed") return "no certificate for the name that the client asked for";
    if (reason !== "") return reason;
    if (errno === Errno.ECONNRESET) return "reset by the peer";
    return "closed by the peer";
  }
}
