/**
 * Values of headers, with HAProxy's names for what is known of a request:
 *
 *     %ci    the client's address        %f   the listener      %ID     the request's id; needs --unique-id
 *     %cp    its port                    %b   the backend       %host   its Host; towards servers only
 *     %%     a percent sign              %s   the server
 *
 *     %sslv  TLS version of the client   %sslc  its cipher   %[ssl_fc_sni]  the name that it asked for   %[ssl_fc_alpn]  its protocol
 *     %[ssl_c_s_dn]  the subject of its certificate; these are empty without TLS
 *
 * A name ends where its letters do.
 *
 * May import: config.
 *
 * @module
 */
import { suggest } from "./config_error.ts";

/** Names, without the percent sign. */
export const HEADER_VARIABLES = [
  "ci",
  "cp",
  "f",
  "b",
  "s",
  "ID",
  "host",
  "sslv",
  "sslc",
  "[ssl_fc_sni]",
  "[ssl_fc_alpn]",
  "[ssl_c_s_dn]",
] as const;
export type HeaderVariable = typeof HEADER_VARIABLES[number];

/** A piece of a value: a text, or a variable. */
export type ValuePart = { readonly text: string } | { readonly variable: HeaderVariable };

/** Takes a value apart; `fail` is told what is wrong, and does not return. */
export function parseHeaderValue(value: string, fail: (state: string) => never): ValuePart[] {
  const parts: ValuePart[] = [];
  for (const [, sign, name, text] of value.matchAll(/(%)(%|\[[a-z_]*\]|[A-Za-z]*)|([^%]+)/g)) {
    if (sign === undefined) parts.push({ text });
    else if (name === "%") parts.push({ text: "%" });
    else {
      const variable = HEADER_VARIABLES.find((other) => other === name);
      if (variable === undefined) return fail(describeUnknown(name));
      parts.push({ variable });
    }
  }
  return parts;
}

function describeUnknown(name: string): string {
  if (name === "") return "a percent sign is written %%";
  const known = HEADER_VARIABLES.map((other) => `%${other}`);
  return `there is no variable %${name}, and a percent sign is written %%${suggest(`%${name}`, known)}`;
}
