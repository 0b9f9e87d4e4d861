/**
 * The version, from deno.json: bundled in by the build.
 *
 * May import: nothing.
 *
 * @module
 */
import project from "../../deno.json" with { type: "json" };

/** As `hadro --version` prints it. */
export const VERSION: string = project.version;
