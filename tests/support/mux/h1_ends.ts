/** HTTP/1 ends with owners that write down what they are told. @module */
import { Slab } from "../../../src/base/slab.ts";
import { IoClass } from "../../../src/event/io_queue.ts";
import { H1Back, PROBE_BYTES } from "../../../src/mux/h1_back.ts";
import type { ParserPool } from "../../../src/mux/h1_end.ts";
import { H1Front } from "../../../src/mux/h1_front.ts";
import { HeadParser } from "../../../src/protocol/h1/head_parser.ts";
import { EngineRig } from "../event/engine_rig.ts";
import type { SimFlavour } from "../sim/sim_poller.ts";
import type { SimSocket } from "../sim/sim_socket.ts";
import type { SimWorldOptions } from "../sim/sim_world.ts";

/** Lends parsers and counts those that are out. */
export class CountingParsers implements ParserPool {
  lent = 0;
  readonly #kind: "request" | "response";

  constructor(kind: "request" | "response") {
    this.#kind = kind;
  }

  take(): HeadParser {
    this.lent++;
    return new HeadParser(this.#kind);
  }

  give(_parser: HeadParser): void {
    this.lent--;
  }
}

/** A client's end on an engine of its own. `told` is what its owner heard; the hooks do something about it. */
export class FrontRig {
  readonly rig: EngineRig;
  readonly parsers = new CountingParsers("request");
  readonly told: string[] = [];
  readonly front: H1Front;
  readonly outside: SimSocket;
  onHead: () => void = () => {};
  onEnd: () => void = () => {};
  onSendable: () => void = () => {};

  constructor(flavour: SimFlavour = "edge", options: Partial<SimWorldOptions> = {}) {
    this.rig = new EngineRig(flavour, options);
    const tell = (what: string) => this.told.push(what);
    this.front = new H1Front(this.rig.world, this.parsers, {
      onPreface: () => tell("preface"),
      onRequestBegin: () => tell("begin"),
      onRequestHead: () => {
        tell("head");
        this.onHead();
      },
      onRequestBad: (error) => tell(`bad ${error}`),
      onRequestData: () => tell("data"),
      onRequestBodyBad: (error) => tell(`bad body ${error}`),
      onClientEnd: () => {
        tell("end");
        this.onEnd();
      },
      onClientSendable: () => {
        tell("sendable");
        this.onSendable();
      },
    });
    const { fd, outside } = this.rig.open(this.front);
    this.outside = outside;
    this.front.open(fd, IoClass.NORMAL);
    this.front.setReceiving(true);
    this.rig.turn();
  }

  /** Says something, lets the engine turn, and returns what the owner was told. */
  hears(text: string): string[] {
    if (text !== "") this.rig.say(this.outside, text);
    this.rig.turn();
    return this.told.splice(0);
  }
}

/** A server's end on an engine of its own; its owners write down what they are told. */
export class BackRig {
  readonly rig: EngineRig;
  readonly parsers = new CountingParsers("response");
  readonly told: string[] = [];
  readonly back: H1Back;
  readonly outside: SimSocket;
  onHead: () => void = () => {};

  constructor(flavour: SimFlavour = "edge") {
    this.rig = new EngineRig(flavour);
    this.back = new H1Back(this.rig.world, this.parsers, new Slab(PROBE_BYTES));
    const { fd, outside } = this.rig.open(this.back);
    this.outside = outside;
    this.back.open(fd, IoClass.NORMAL);
  }

  attach(): void {
    const tell = (what: string) => this.told.push(what);
    this.back.attach({
      onResponseHead: () => {
        tell("head");
        this.onHead();
      },
      onResponseBad: (error) => tell(`bad ${error}`),
      onResponseData: () => tell("data"),
      onResponseBodyBad: (error) => tell(`bad body ${error}`),
      onServerEnd: () => tell("end"),
      onServerSendable: () => tell("sendable"),
    });
  }

  /** Into an idle pool that closes what it is told of. */
  rest(): void {
    this.back.rest({
      onIdleEvent: (back) => {
        this.told.push("idle event");
        back.closeSocket(false);
      },
    });
  }

  hears(text: string): string[] {
    if (text !== "") this.rig.say(this.outside, text);
    this.rig.turn();
    return this.told.splice(0);
  }
}
