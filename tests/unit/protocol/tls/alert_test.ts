/** The alert that a refused client is sent. @module */
import { expect, it } from "vitest";
import { Alert, ALERT_BYTES, writeAlert } from "../../../../src/protocol/tls/alert.ts";

it("writeAlert writes a fatal alert in a record of its own, and nothing behind it", () => {
  const out = new Uint8Array(ALERT_BYTES + 1).fill(0xee);
  writeAlert(out, Alert.UNRECOGNIZED_NAME);
  expect([...out]).toEqual([21, 3, 3, 0, 2, 2, 112, 0xee]);
});
