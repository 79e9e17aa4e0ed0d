/**
 * The whole platform on this machine, until Ctrl-C: PostgreSQL, Redis, a mail server, the simulated outside world, API
 * and worker, each in a private directory under `.local`, with the demo world in it. Called by scripts/start.
 */
import { parseArgs } from "node:util";
import { appPasswordName } from "./stack/app-password-name.ts";
import { seedDemoWorld } from "./stack/demo-world.ts";
import { edgeAddresses } from "./stack/edge.ts";
import { StartFailure } from "./stack/failure.ts";
import { availableMemoryMebibytes, freeDiskMebibytes, requireRoom } from "./stack/machine.ts";
import { chooseMailServer } from "./stack/mail-server-choice.ts";
import { machineHints } from "./stack/machine-hints.ts";
import { claimDirectory } from "./stack/only-one.ts";
import { localDirectory } from "./stack/packages.ts";
import { Platform, portNames } from "./stack/platform.ts";
import { descendantsOf } from "./stack/proc.ts";
import { announced } from "./stack/simulated.ts";
import { summary } from "./stack/summary.ts";
import { type TerminalReporter, terminalReporter } from "./stack/terminal.ts";

const defaultPortBase = 8480;

interface Arguments {
  readonly mail: string | undefined;
  readonly portBase: number;
  /** Where data, secrets and logs are kept; by default `.local/platform`. */
  readonly directory: string | undefined;
  readonly isReset: boolean;
}

/** @throws StartFailure with the list of the options when one is unknown. */
function readArguments(given: string[]): Arguments {
  const usage = "The options are --mail=stalwart|cyrus, --port-base=N, --directory=PATH and --reset.";
  try {
    const { values } = parseArgs({
      args: given,
      options: {
        mail: { type: "string" },
        "port-base": { type: "string" },
        directory: { type: "string" },
        reset: { type: "boolean", default: false },
      },
    });
    const portBase = Number(values["port-base"] ?? defaultPortBase);
    if (!Number.isInteger(portBase) || portBase < 1024 || portBase > 65_000) {
      throw new StartFailure("--port-base must be a number from 1024 to 65000.");
    }
    return { mail: values.mail, portBase, directory: values.directory, isReset: values.reset };
  } catch (error) {
    if (error instanceof StartFailure) throw error;
    throw new StartFailure(`${error instanceof Error ? error.message : error} ${usage}`);
  }
}

/** Runs until a signal; returns the exit code. */
async function run(write: (text: string) => void): Promise<number> {
  const began = performance.now();
  const { mail: forced, portBase, directory: wanted, isReset } = readArguments(Deno.args);
  const local = localDirectory();
  const directory = wanted ?? `${local}/platform`;
  const release = claimDirectory(directory);
  let reporter: TerminalReporter | undefined;
  try {
    const mail = await chooseMailServer({ forced, ...machineHints() });
    requireRoom({
      directory: local,
      diskMebibytes: await freeDiskMebibytes(local),
      memoryMebibytes: availableMemoryMebibytes(await Deno.readTextFile("/proc/meminfo")),
    });
    const names = await portNames(mail.kind, true);
    const ports = Object.fromEntries(names.map((name, index) => [name, portBase + index]));
    reporter = terminalReporter(`${directory}/log`, write);
    const platform = new Platform({
      directory,
      packagesDirectory: `${local}/packages`,
      ports,
      mail,
      durable: true,
      hasEdge: true,
      restarts: true,
      reporter,
    });
    if (isReset) {
      await platform.endLeftovers();
      await reporter.step("Data of earlier starts removed", () => forget(directory));
    }
    let isAsked = false;
    const asked = askedToStop(() => {
      isAsked = true;
      platform.abort();
    });
    try {
      await platform.start();
      const people = await reporter.step("Demo world", () => seedDemoWorld(platform));
      const { kind, version } = platform.mailServer.current;
      write(summary({
        baseUrl: platform.baseUrl,
        mailServer: { kind, version, because: mail.because },
        edge: edgeAddresses(ports),
        hasImap: platform.edge.some(({ name }) => name === "edge-imap"),
        certificateFile: `${directory}/edge-certificate/server.crt`,
        people,
        appPasswordFile: (address) => `${platform.secretsDirectory}/${appPasswordName(address)}`,
        environmentFile: await noteEnvironment(platform, directory),
        otherOperatorControl: announced(platform.otherOperator.current, "control"),
        authorityDirectory: `${directory}/edge-authority`,
        proSanteConnectControl: announced(platform.proSanteConnect.current, "control"),
        seconds: (performance.now() - began) / 1000,
      }));
      reporter.showOutput();
      await asked;
    } catch (error) {
      // Ctrl-C reaches what was being run too: that it broke off is no failure to tell.
      if (!isAsked) throw error;
      throw new StartFailure("Stopped before it was ready; the next start goes on from here.");
    } finally {
      const wasStarted = platform.isComplete;
      write("\n  Stopping …\n");
      await platform.stop();
      if (wasStarted) write("  Everything has stopped. Data is kept for the next start.\n");
    }
    return 0;
  } finally {
    reporter?.close();
    release();
  }
}

/** Writes the worker's variables down, for commands that are run by hand; secrets are in it as paths alone. */
async function noteEnvironment(platform: Platform, directory: string): Promise<string> {
  const path = `${directory}/worker.env`;
  const lines = Object.entries(await platform.environment("worker")).map(([name, value]) =>
    `${name}=${value}`
  );
  await Deno.writeTextFile(path, `${lines.join("\n")}\n`, { mode: 0o600 });
  return path;
}

/** Settles at the first SIGINT, SIGTERM or SIGHUP; a second one ends everything at once. */
function askedToStop(onAsked: () => void): Promise<void> {
  return new Promise((resolve) => {
    let isAsked = false;
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
      Deno.addSignalListener(signal, () => {
        if (isAsked) {
          for (const pid of descendantsOf(Deno.pid)) {
            try {
              Deno.kill(pid, "SIGKILL");
            } catch {
              // It has ended meanwhile.
            }
          }
          Deno.exit(130);
        }
        isAsked = true;
        onAsked();
        resolve();
      });
    }
  });
}

/** Removes what the platform keeps, but not the note that this process owns the directory. */
async function forget(directory: string): Promise<void> {
  for await (const entry of Deno.readDir(directory)) {
    if (entry.name !== "owner" && entry.name !== "log") {
      await Deno.remove(`${directory}/${entry.name}`, { recursive: true });
    }
  }
}

const encoder = new TextEncoder();
const write = (text: string): void => {
  try {
    Deno.stdout.writeSync(encoder.encode(text));
  } catch {
    // The terminal has gone away; stopping in good order matters more.
  }
};

try {
  Deno.exit(await run(write));
} catch (error) {
  if (!(error instanceof StartFailure)) throw error;
  write(`\n  ${error.message}\n`);
  Deno.exit(1);
}
