/**
 * Runs Stalwart by its launcher in the foreground, for the container of infra/compose.yaml: settings applied and proved,
 * stale locks freed, each way of starting that fails open refused. Ends with the server.
 *
 *   deno run -A scripts/serve-stalwart.ts <secrets directory> <state directory>
 */
import { launch, portNames } from "../mailserver/stalwart/launch.ts";
import { StartFailure } from "./stack/failure.ts";
import { databaseName } from "./stack/postgres.ts";
import { operatorDomain, portNames as allPortNames } from "./stack/platform.ts";

const [secretsDirectory, directory] = Deno.args;
const host = "127.0.0.1";
/** Ports are those that scripts/start would choose. */
const firstPort = 8480;

async function run(): Promise<number> {
  if (secretsDirectory === undefined || directory === undefined) {
    throw new StartFailure("Two directories are needed: that of the secrets and that of the server's state.");
  }
  const names = await allPortNames("stalwart", true);
  const port = (name: string) => firstPort + names.indexOf(name);
  const server = await launch({
    directory,
    secretsDirectory,
    packagesDirectory: directory,
    ports: Object.fromEntries(portNames.map((name) => [name, port(`mail-${name}`)])),
    postgres: { host, port: port("postgres"), database: databaseName },
    operatorDomain,
    apiUrl: `http://${host}:${port("web")}`,
    nextHop: { host, port: port("other-operator-smtp") },
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
