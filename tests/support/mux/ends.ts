/** Socket ends on the sim poller, each with the socket outside that it talks to. @module */
import { IoClass } from "../../../src/event/io_queue.ts";
import { SocketEnd } from "../../../src/mux/socket_end.ts";
import { EngineRig, ScriptedHandler } from "../event/engine_rig.ts";
import type { SimFlavour } from "../sim/sim_poller.ts";
import type { SimSocket } from "../sim/sim_socket.ts";
import type { SimWorldOptions } from "../sim/sim_world.ts";

/** An end that wants to receive, and whom it talks to. */
export interface OpenEnd {
  readonly end: SocketEnd;
  readonly outside: SimSocket;
}

/** An end on an engine of its own. */
export function openEnd(
  flavour: SimFlavour = "edge",
  options: Partial<SimWorldOptions> = {},
  ioClass: number = IoClass.NORMAL,
): OpenEnd & { readonly rig: EngineRig } {
  const rig = new EngineRig(flavour, options);
  return { rig, ...openEndOn(rig, ioClass) };
}

/** One more end on the same engine. Its handler does nothing: what it does is up to the test. */
export function openEndOn(rig: EngineRig, ioClass: number = IoClass.NORMAL): OpenEnd {
  const { fd, outside } = rig.open(new ScriptedHandler(), ioClass);
  const end = new SocketEnd(rig.world);
  end.open(fd, ioClass);
  end.setReceiving(true);
  return { end, outside };
}

/** What waits in an end's buffer. */
export function textOf(end: SocketEnd): string {
  return String.fromCharCode(...end.bytes.subarray(end.base + end.head, end.base + end.tail));
}
