/**
 * Runs Stalwart by its launcher in the foreground, for the container of infra/compose.yaml: settings applied and proved,
 * stale locks freed, each way of starting that fails open refused. Ends with the server.
 *
 *   deno run -A scripts/serve-stalwart.ts <secrets directory> <state directory>
 */
import { launch, portNames } from "../mailserver/stalwart/launch.ts";
import { StartFailure } from "./stack/failure.ts";
import { databaseName } from "./stack/postgres.ts";
import { operatorDomain } from "./stack/platform.ts";

const [secretsDirectory, directory] = Deno.args;
const host = "127.0.0.1";
/** Those that scripts/start would choose. */
const firstPort = 8489;

async function run(): Promise<number> {
  if (secretsDirectory === undefined || directory === undefined) {
    throw new StartFailure("Two directories are needed: that of the secrets and that of the server's state.");
  }
  const server = await launch({
    directory,
    secretsDirectory,
    packagesDirectory: directory,
    ports: Object.fromEntries(portNames.map((name, index) => [name, firstPort + index])),
    postgres: { host, port: 8481, database: databaseName },
    operatorDomain,
    apiUrl: `http://${host}:8480`,
    nextHop: { host, port: 8486 },
    durable: true,
    log: (line) => console.log(line),
    progress: (sentence) => console.log(sentence),
  });
  console.log(`mail server ready: ${server.addresses.jmapUrl}`);
  await Deno.writeTextFile(`${directory}/ready`, "");
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    Deno.addSignalListener(signal, () => void server.stop());
  }
  return (await server.exited).code;
}

try {
  Deno.exit(await run());
} catch (error) {
  console.error(error instanceof StartFailure ? error.message : error);
  Deno.exit(1);
}
