/**
 * The help texts, made from the catalogue.
 *
 * May import: config, cli.
 *
 * @module
 */
import { environmentName, type Flag, FLAGS, SECTIONS } from "../config/catalogue.ts";
import { VERSION } from "./version.ts";

const EXAMPLES: readonly string[] = [
  "hadro 8080 localhost:3000",
  "hadro -l http://:8080 -b 10.0.0.1:9000,weight=2 10.0.0.2:9000,backup --lb leastconn",
  "hadro -l tcp://:5432 -b db1:5432 db2:5432 -l http://:8080 -b :9000 --log haproxy",
  "hadro -l http://:8080 -r /api/=:9001 -r .example.com=:9002 -b :3000",
  "hadro 8080 :9000 --trust 10.0.0.0/8 --timeout-server 30s --max-mem 64m",
  "hadro explain http://app.test/api/x -l http://:8080 -r /api/=:9001 -b :3000",
  "hadro demo",
];

/** `-l, --listen <listen>` */
export function flagUsage(flag: Flag): string {
  const short = flag.short === undefined ? "    " : `-${flag.short}, `;
  return `${short}--${flag.name}${flag.value === "" ? "" : ` <${flag.value}>`}`;
}

/** What `hadro` without a word prints. */
export function shortHelp(): string {
  return [
    "Usage: hadro <listen> <backend>…          hadro 8080 localhost:3000",
    "       hadro -l <listen> -b <backend>… [-r <match=backend>…] [flags]",
    "       hadro demo                         see it work, without a backend of your own",
    "       hadro explain 'GET http://h/x' <words>   who would serve this request; -H for a header",
    "       hadro --help",
    "",
  ].join("\n");
}

/** What `hadro --help` prints. */
export function fullHelp(): string {
  const lines = [
    `hadro ${VERSION}: TCP and HTTP load balancer. The access log goes to standard output, all else to standard error.`,
    "",
    ...shortHelp().trimEnd().split("\n"),
  ];
  for (const section of SECTIONS) {
    lines.push("", `${section}:`);
    for (const flag of FLAGS.filter((other) => other.section === section)) {
      const hint = flag.default === undefined ? "" : ` (default ${flag.default})`;
      const choices = flag.choices === undefined ? "" : ` ${flag.choices.join(", ")}.`;
      lines.push(`  ${flagUsage(flag).padEnd(34)} ${flag.text}${choices}${hint}`);
    }
  }
  lines.push(
    "",
    "Environment:",
    `  every flag, as ${environmentName(FLAGS[0])} …; a flag beats its variable`,
  );
  lines.push("", "Examples:", ...EXAMPLES.map((example) => `  ${example}`), "");
  return lines.join("\n");
}
