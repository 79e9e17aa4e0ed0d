/** Says what of the MSS_* settings of this environment is missing or wrong, and with --list what all of them mean. */
import { ConfigRefused, describeConfig, readConfig } from "../api/config.ts";

if (Deno.args.includes("--list")) {
  for (const { name, about, default: fallback } of describeConfig()) {
    console.log(`${name.padEnd(36)} ${about}${fallback === null ? "" : ` (${fallback})`}`);
  }
  Deno.exit(0);
}
try {
  readConfig();
  console.log("The configuration is complete.");
} catch (error) {
  if (!(error instanceof ConfigRefused)) throw error;
  console.error(error.message);
  Deno.exit(1);
}
