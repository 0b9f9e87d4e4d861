/**
 * Where memory lies, for calls that the kernel reads or writes it in.
 *
 * What is pointed to must be kept alive by its owner, and lie outside of V8's heap: over an ArrayBuffer of its own.
 *
 * May import: base.
 *
 * @module
 */
import type { Slab } from "../base/slab.ts";

/** Returns a pointer to the first byte. */
export function pointerTo(bytes: Uint8Array<ArrayBuffer>): Deno.PointerObject {
  return Deno.UnsafePointer.of(bytes)!;
}

/** Returns a pointer to `offset`, made once for each piece of the slab; null inside of a piece. */
export function piecePointer(slab: Slab, offset: number): Deno.PointerObject | null {
  const index = Math.floor(offset / slab.pieceBytes);
  if (index * slab.pieceBytes !== offset) return null;
  const known = slab.pointers[index] as Deno.PointerObject | undefined;
  if (known !== undefined) return known;
  const made = Deno.UnsafePointer.create(BigInt(slabAddress(slab) + offset))!;
  slab.pointers[index] = made;
  return made;
}

/** Returns the address of the first byte of a slab. */
export function slabAddress(slab: Slab): number {
  if (slab.address === 0) slab.address = Number(Deno.UnsafePointer.value(pointerTo(slab.bytes)));
  return slab.address;
}
