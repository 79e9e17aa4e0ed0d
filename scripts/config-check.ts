/** Says what of the MSS_* settings is missing or wrong, or prints them all: `deno task config:check [--table]`. */
import { parseArgs } from "node:util";
import { ConfigRefused, describeConfig, readConfig } from "../api/config.ts";

const { values } = parseArgs({ options: { table: { type: "boolean" } } });
if (values.table) {
  console.log("| variable | meaning | default |\n|---|---|---|");
  for (const { name, about, default: byDefault } of describeConfig()) {
    console.log(`| \`${name}\` | ${about} | ${byDefault === null ? "" : `\`${byDefault}\``} |`);
  }
} else {
  try {
    readConfig();
    console.log("The configuration is complete.");
  } catch (error) {
    if (!(error instanceof ConfigRefused)) throw error;
    console.error(error.message);
    Deno.exit(1);
  }
}
