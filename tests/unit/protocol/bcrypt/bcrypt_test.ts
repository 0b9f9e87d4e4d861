/** bcrypt against the vectors of jBCrypt and crypt_blowfish. @module */
import { describe, expect, it } from "vitest";
import { Bcrypt, parseBcryptHash } from "../../../../src/protocol/bcrypt/bcrypt.ts";
import { latin1 } from "../../../support/sim/sim_peer.ts";

const bcrypt = new Bcrypt();

function matches(password: string, hash: string, slice = 1_000): boolean {
  bcrypt.begin(latin1(password), parseBcryptHash(hash));
  while (!bcrypt.run(slice));
  return bcrypt.isMatch;
}

const VECTORS = [
  ["a", "$2a$06$m0CrhHm10qJ3lXRY.5zDGO3rS2KdeeWLuGmsfGlMfOxih58VYVfxe"],
  ["abc", "$2a$06$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i"],
  ["abcdefghijklmnopqrstuvwxyz", "$2a$06$.rCVZVOThsIa97pEDOxvGuRRgzG64bvtJ0938xuqzv18d3ZpQhstC"],
  ["~!@#$%^&*()      ~!@#$%^&*()PNBFRD", "$2a$06$fPIsBO8qRqkjj273rfaOI.HtSV9jLDpTbZn782DC6/t7qT67P6FfO"],
  ["U*U", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"],
  ["U*U*", "$2b$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK"],
  [
    "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789chars after 72 are ignored",
    "$2a$05$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui",
  ],
] as const;

describe("Bcrypt", () => {
  it.each(VECTORS)("knows %j", (password, hash) => {
    expect(matches(password, hash)).toBe(true);
    expect(matches(password, hash.replace("$2a$", "$2y$"), 1)).toBe(true);
    expect(matches(`${password.slice(0, 60)}x`, hash)).toBe(false);
  });
  it("is not fooled by a hash that differs in its last bits", () => {
    const [password, hash] = VECTORS[1];
    expect(matches(password, `${hash.slice(0, -1)}.`)).toBe(false);
  });
  it("does as many rounds as it is told", () => {
    bcrypt.begin(latin1("abc"), parseBcryptHash(VECTORS[1][1]));
    let slices = 0;
    do slices++; while (!bcrypt.run(10));
    expect(slices).toBe(7);
  });
});
