/**
 * Servers out of one name: `5*app.service:8080`, `app.service:8080,slots=5`, `srv://_http._tcp.app`. Each slot is a server of its own
 * to the rest of hadro; what its address is, names say while it runs (net/resolver.ts).
 *
 *     slots    5*, or slots=5, not both; 16 with srv:// when nothing is said
 *     names    the item's name=, or the first label of the name that has no underscore, and a number: app1, app2 …
 *     weight   with srv:// that of the records
 *
 * May import: base, config.
 *
 * @module
 */
import { isIpLiteral } from "../base/ip_address.ts";
import { ADDRESS_FAMILIES } from "./catalogue_names.ts";
import { ConfigError } from "./config_error.ts";
import { optionPlace, optionText } from "./item_options.ts";
import type { Item } from "./item_parser.ts";
import type { Endpoint } from "./model.ts";
import type { AddressFamily, TemplateConfig } from "./model_names.ts";
import { SLOTS_MAX, SRV_SLOTS } from "./name_values.ts";
import type { SettingText } from "./settings.ts";
import { readChoice, readCount } from "./values.ts";

const PORT_MAX = 65_535;
/** A server's name has 64 characters at most, and a slot's number 4 of them. */
const PREFIX_MAX = 60;

/** Which addresses of a name come first. @throws {ConfigError} */
export function readPrefer({ text, place }: SettingText): AddressFamily {
  return readChoice("resolve-prefer", text, ADDRESS_FAMILIES, place);
}

/** Null: the item is one server. @param findOwn What it says of a key, before the flag. @throws {ConfigError} */
export function buildTemplate(
  item: Item,
  endpoint: Endpoint,
  isRoute: boolean,
  findOwn: (key: string) => SettingText,
): TemplateConfig | null {
  const isSrv = item.scheme === "srv";
  const slotCount = readSlotCount(item, isSrv);
  if (slotCount === null) return null;
  rejectAddress(item, endpoint);
  if (isSrv && optionText(item, "weight") !== null) {
    throw new ConfigError(
      `Cannot use weight in ${item.source}: the SRV records have their own; leave it out`,
      optionPlace(item, "weight"),
    );
  }
  const checkPort = findOwn("check-port");
  const port = readCount("check-port", checkPort.text, checkPort.place, 0, PORT_MAX);
  const checkAddress = findOwn("check-addr");
  if (isSrv && checkAddress.text !== "server" && port === 0) {
    throw new ConfigError(
      "Cannot use check-addr with srv:// alone: each record has its own port; add check-port",
      checkAddress.place,
    );
  }
  return {
    kind: isSrv ? "srv" : "address",
    host: endpoint.host,
    port: endpoint.port,
    prefix: (isRoute ? null : optionText(item, "name")) ?? prefixOf(endpoint.host),
    slotCount,
    prefer: readPrefer(findOwn("resolve-prefer")),
    checkPort: port,
  };
}

/** The name of a slot. @throws {ConfigError} when it is too long. */
export function slotName(template: TemplateConfig, slot: number, item: Item): string {
  if (template.prefix.length <= PREFIX_MAX) return `${template.prefix}${slot + 1}`;
  throw new ConfigError(
    `Cannot use name "${template.prefix}" in ${item.source}: with slots it has ${PREFIX_MAX} characters at most`,
    optionPlace(item, "name"),
  );
}

function readSlotCount(item: Item, isSrv: boolean): number | null {
  const key = optionText(item, "slots");
  const { source, word, slotsText, slotsColumn } = item;
  const place = { source, word, column: slotsColumn };
  if (slotsText !== null && key !== null) {
    throw new ConfigError(
      `Cannot use ${slotsText}* beside slots=${key} in ${source}: they are the same`,
      place,
    );
  }
  if (slotsText !== null) return readCount("slots", slotsText, place, 1, SLOTS_MAX);
  if (key !== null) return readCount("slots", key, optionPlace(item, "slots"), 1, SLOTS_MAX);
  return isSrv ? SRV_SLOTS : null;
}

/** What is no name has one address for ever. */
function rejectAddress(item: Item, { kind, host }: Endpoint): void {
  if (kind === "tcp" && host !== "" && host !== "localhost" && !isIpLiteral(host)) return;
  throw new ConfigError(
    `Cannot use slots for "${item.address}" in ${item.source}: only a name has several addresses; leave them out`,
    { source: item.source, word: item.word, column: item.addressColumn },
  );
}

/** `app` of app.service, and of _http._tcp.app.service. */
function prefixOf(host: string): string {
  const labels = host.split(".").filter((label) => label !== "");
  return labels.find((label) => !label.startsWith("_")) ?? "srv";
}
