/**
 * HAProxy's httplog and tcplog, to the letter (manual 8.2.2 and 8.2.3), so that halog and dashboards read them.
 *
 *     tcplog   %ci:%cp [%t] %ft %b/%s %Tw/%Tc/%Tt %B %ts %ac/%fc/%bc/%sc/%rc %sq/%bq
 *     httplog  %ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc %ac/%fc/%bc/%sc/%rc %sq/%bq "%r"
 *
 * Nothing is captured, so %CC and %CS are "-" and the blocks of captured headers are absent, as in HAProxy.
 *
 * May import: base, proxy, observe/access_log.
 *
 * @module
 */
import type { ByteWriter } from "../../base/byte_writer.ts";
import type { LogRecord } from "../../proxy/log_record.ts";
import { type LogFormat, writeDroppedWords } from "./format.ts";
import { compileLogFormat } from "./compile.ts";

const HTTP =
  "%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc %ac/%fc/%bc/%sc/%rc %sq/%bq %{+Q}r";
const TCP = "%ci:%cp [%t] %ft %b/%s %Tw/%Tc/%Tt %B %ts %ac/%fc/%bc/%sc/%rc %sq/%bq";

/** See the module's text. */
export class FormatHaproxy implements LogFormat {
  readonly #http = compileLogFormat(HTTP);
  readonly #tcp = compileLogFormat(TCP);

  write(out: ByteWriter, record: LogRecord): void {
    (record.scheme === "http" ? this.#http : this.#tcp).write(out, record);
  }

  writeDropped(out: ByteWriter, lines: number): void {
    writeDroppedWords(out, lines);
  }
}
