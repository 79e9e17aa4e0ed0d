/**
 * Runs the edge of mail clients in the foreground, for the container of infra/compose.yaml: Dovecot, nginx and Exim, by their
 * launchers and on the ports that scripts/start would choose. Ends with the first of them.
 *
 *   deno run -A scripts/serve-edge.ts <directory of the stack> <directory of unpacked packages>
 */
import { edgePartNames, launchEdge } from "./stack/edge.ts";
import { StartFailure } from "./stack/failure.ts";
import { privateDirectory } from "./stack/packages.ts";
import { joinParts, type RunningMailServer, type RunningPart } from "./stack/part.ts";
import { operatorDomain, portNames } from "./stack/platform.ts";

const [directory, packagesDirectory] = Deno.args;
const host = "127.0.0.1";
const portBase = 8480;

async function run(): Promise<number> {
  if (directory === undefined || packagesDirectory === undefined) {
    throw new StartFailure("Two directories are needed: that of the stack and that of the packages.");
  }
  const names = await portNames("stalwart", true);
  const ports = Object.fromEntries(names.map((name, index) => [name, portBase + index]));
  const at = (name: string) => ({ host, port: ports[`mail-${name}`] ?? 0 });
  const mailServer: Pick<RunningMailServer, "kind" | "edge"> = {
    kind: "stalwart",
    edge: {
      imap: at("imap"),
      submission: at("submission"),
      receipts: at("receipts"),
      relay: at("relay"),
      login: `edge@${operatorDomain}`,
      secretFile: `${directory}/secrets/stalwart-edge`,
    },
  };
  const place = { directory, packagesDirectory, ports, operatorDomain };
  const parts: RunningPart[] = [];
  const endAll = async (): Promise<void> => {
    for (const part of parts.reverse()) await part.stop();
  };
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    Deno.addSignalListener(signal, () => void endAll().finally(() => Deno.exit(0)));
  }
  try {
    for (const name of edgePartNames) {
      parts.push(
        await launchEdge(name, place, {
          directory: privateDirectory(`${directory}/${name}`, undefined),
          mailServer,
          log: (line) => console.log(`${name}: ${line}`),
          progress: (sentence) => console.log(sentence),
        }),
      );
    }
  } catch (error) {
    await endAll();
    throw error;
  }
  const { code } = await joinParts("edge", parts).exited;
  await endAll();
  return code;
}

try {
  Deno.exit(await run());
} catch (error) {
  console.error(error instanceof StartFailure ? error.message : error);
  Deno.exit(1);
}
