/** The log line of a connection that was reset as soon as it was accepted. @module */
import { expect, it } from "vitest";
import { ClientIdentity } from "../../../../src/proxy/client_identity.ts";
import { logRefusedConnection } from "../../../../src/proxy/limit/refused_connection.ts";
import type { LogRecord } from "../../../../src/proxy/log_record.ts";
import { configOf } from "../../../support/config/written.ts";

function logged(enabled: boolean): LogRecord[] {
  const records: LogRecord[] = [];
  logRefusedConnection({ enabled, logStream: (record) => records.push(record) }, {
    listener: configOf("hadro -l tcp://:80,name=db -b :1").listeners[0]!,
    client: new ClientIdentity({ kind: "tcp", host: "10.0.0.1", port: 4_000 }, []),
    wallMs: 1_000,
    processConns: 7,
    frontendConns: 3,
    why: "because",
  });
  return records;
}

it("says who, where, PR and why", () => {
  expect(logged(true)).toMatchObject([{
    scheme: "tcp",
    clientAddress: "10.0.0.1",
    clientPort: 4_000,
    acceptWallMs: 1_000,
    frontendName: "db",
    backendName: "",
    status: -1,
    endCause: "P".charCodeAt(0),
    endPhase: "R".charCodeAt(0),
    why: "because",
    processConns: 7,
    frontendConns: 3,
  }]);
});
it("is not made when the log is off", () => expect(logged(false)).toEqual([]));
