/** Makes the secrets of a stack whose parts are containers (infra/compose.yaml): one file each, kept when they exist. */
import { secretFile } from "./stack/secrets.ts";

const names = [
  "postgres-superuser",
  "postgres-mss_owner",
  "postgres-mss_api",
  "postgres-mss_worker",
  "postgres-mail_directory",
  "postgres-stalwart",
  "redis",
  "session-key",
  "pro-sante-connect-client",
  "edge-key",
  "edge-doveadm",
  "edge-front",
];

const directory = Deno.args[0];
if (directory === undefined) {
  console.error("The directory of the secrets is missing.");
  Deno.exit(1);
}
for (const name of names) await secretFile(directory, name);
