/**
 * What every Exim of the platform has in common: run from unpacked packages, as a plain user, without installation.
 *
 * Exim's user `Debian-exim` is compiled in and looked up at every start, so a private passwd is shown to it (nss_wrapper).
 * Its queue is files that survive any kill; at the next start it takes them up by itself.
 */
import { repositoryDirectory, runToEnd } from "../../scripts/stack/packages.ts";
import {
  type Account,
  type RunningPart,
  type StartedProcess,
  startProcess,
} from "../../scripts/stack/part.ts";
import type { PackageSet } from "./packages.ts";
import { makePrivateDirectories, writePrivateFile } from "./private-file.ts";

export const eximPackages: PackageSet = {
  name: "exim",
  script: new URL("packages.sh", import.meta.url).pathname,
  announcement: "Exim is being fetched from the machine's Debian mirror (about 30 MB)",
};

/** Files of one Exim under its directory. */
export interface EximLayout {
  readonly directory: string;
  readonly configuration: string;
  /** As it may be kept: without the address of anybody (log-lines.ts). */
  readonly mainLog: string;
  /** Where Exim itself writes its log: named pipes. */
  readonly pipes: string;
  readonly spool: string;
  /** Under which addresses get their names in the log. */
  readonly logKeyFile: string;
}

export function eximLayout(directory: string): EximLayout {
  return {
    directory,
    configuration: `${directory}/exim.conf`,
    mainLog: `${directory}/log/mainlog`,
    pipes: `${directory}/pipes`,
    spool: `${directory}/spool`,
    logKeyFile: `${directory}/log-key`,
  };
}

export interface EximProgram {
  /** Name in logs and of the pid file. */
  readonly name: string;
  /** Where pid files are written (see ProcessSpec). */
  readonly pidDirectory: string;
  /** Unpacked packages (packages.sh). */
  readonly packages: string;
  /** Seconds between two looks at the queue. */
  readonly queueSeconds: number;
  readonly runAs?: Account;
  readonly log: (line: string) => void;
}

/** Makes the directories and the account that Exim wants to see. @returns the account's numbers, for the configuration. */
export async function prepareExim(
  layout: EximLayout,
  runAs: Account | undefined,
): Promise<{ uid: number; gid: number }> {
  const { uid, gid } = runAs ?? { uid: Deno.uid() ?? 0, gid: Deno.gid() ?? 0 };
  await makePrivateDirectories(
    [layout.directory, layout.spool, layout.pipes, `${layout.directory}/log`],
    runAs,
  );
  await removeTornReceptions(`${layout.spool}/input`);
  await writePrivateFile(`${layout.directory}/passwd`, await withEximUser(uid, gid), runAs);
  await writePrivateFile(`${layout.directory}/group`, await withEximGroup(gid), runAs);
  for (const notice of ["failed.txt", "delayed.txt"]) {
    const text = await Deno.readTextFile(new URL(`notices/${notice}`, import.meta.url));
    await writePrivateFile(`${layout.directory}/${notice}`, text, runAs);
  }
  return { uid, gid };
}

/**
 * Each pipe is held open here too: what Exim said while nobody read waits in it for the next keeper. When it is full (64 kB) Exim
 * waits with its answer, and takes nothing that it could not write down.
 */
const heldPipes = new Map<string, Deno.FsFile>();

async function holdPipe(path: string, runAs: Account | undefined): Promise<void> {
  const isThere = await Deno.stat(path).then(({ isFifo }) => isFifo === true, () => false);
  if (!isThere) await runToEnd("mkfifo", "mkfifo", ["-m", "600", path], runAs === undefined ? {} : { runAs });
  const before = heldPipes.get(path);
  heldPipes.set(path, await Deno.open(path, { read: true, write: true }));
  before?.close();
}

/**
 * Starts what keeps the log (log-keeper.ts). It comes before Exim and before each of its commands, which do nothing without a
 * log, and goes after it: also a kill lets it write what Exim had said.
 */
export async function startEximLog(
  layout: EximLayout,
  program: Omit<EximProgram, "packages" | "queueSeconds">,
): Promise<RunningPart> {
  const { runAs } = program;
  for (const name of ["mainlog", "paniclog"]) await holdPipe(`${layout.pipes}/${name}`, runAs);
  const files = `${layout.directory}/log`;
  const keeper = await startProcess({
    name: `${program.name}-log`,
    command: Deno.execPath(),
    args: [
      ...["run", "--quiet", "--cached-only", "--no-prompt", "--no-config", "--no-lock"],
      `--allow-read=${layout.pipes},${layout.logKeyFile}`,
      `--allow-write=${layout.pipes},${files}`,
      new URL("log-keeper.ts", import.meta.url).pathname,
      ...[layout.pipes, files, layout.logKeyFile],
    ],
    // The account may have no home, and may not write in that of root.
    environment: { DENO_DIR: `${layout.directory}/deno`, DENO_NO_UPDATE_CHECK: "1" },
    workingDirectory: repositoryDirectory,
    directory: program.pidDirectory,
    ...(runAs === undefined ? {} : { runAs }),
    ready: { line: /^log ready$/ },
    log: program.log,
  });
  return { ...keeper, kill: keeper.stop };
}

/**
 * Starts the daemon as configured; it begins with its queue at once.
 *
 * @throws StartFailure when Exim refuses its configuration or a port.
 */
export async function startExim(
  layout: EximLayout,
  program: EximProgram,
  ports: readonly number[],
): Promise<StartedProcess> {
  return await startProcess({
    name: program.name,
    command: eximOf(program.packages),
    args: ["-C", layout.configuration, "-bdf", `-q${program.queueSeconds}s`],
    clearEnvironment: true,
    environment: eximEnvironment(program.packages, layout),
    workingDirectory: layout.directory,
    directory: program.pidDirectory,
    ...(program.runAs === undefined ? {} : { runAs: program.runAs }),
    ready: { listening: ports.map((port) => ({ host: "127.0.0.1", port })) },
    log: program.log,
  });
}

/** Runs one of Exim's commands (`-bp`, `-Mmd` …) on this queue and returns what it prints. @throws StartFailure */
export async function runExim(
  layout: EximLayout,
  program: Pick<EximProgram, "packages" | "runAs">,
  args: readonly string[],
): Promise<string> {
  return await runToEnd("exim", eximOf(program.packages), ["-C", layout.configuration, ...args], {
    environment: eximEnvironment(program.packages, layout),
    workingDirectory: layout.directory,
    ...(program.runAs === undefined ? {} : { runAs: program.runAs }),
  });
}

export function eximOf(packages: string): string {
  return `${packages}/sbin/exim`;
}

/** Environment in which this Exim, or one of its commands (`-bp`, `-Mrm` …), runs. */
function eximEnvironment(packages: string, layout: EximLayout): Record<string, string> {
  return {
    PATH: "/usr/bin:/bin",
    LD_LIBRARY_PATH: `${packages}/lib`,
    LD_PRELOAD: `${packages}/lib/libnss_wrapper.so`,
    NSS_WRAPPER_PASSWD: `${layout.directory}/passwd`,
    NSS_WRAPPER_GROUP: `${layout.directory}/group`,
  };
}

const eximUser = "Debian-exim";

async function withEximUser(uid: number, gid: number): Promise<string> {
  const lines = (await Deno.readTextFile("/etc/passwd")).trimEnd().split("\n");
  if (!lines.some((line) => line.split(":")[2] === String(uid))) {
    lines.push(`mail-server:x:${uid}:${gid}::/nonexistent:/usr/sbin/nologin`);
  }
  const others = lines.filter((line) => !line.startsWith(`${eximUser}:`));
  return [...others, `${eximUser}:x:${uid}:${gid}::/nonexistent:/usr/sbin/nologin`, ""].join("\n");
}

async function withEximGroup(gid: number): Promise<string> {
  const lines = (await Deno.readTextFile("/etc/group")).trimEnd().split("\n");
  return [...lines.filter((line) => !line.startsWith(`${eximUser}:`)), `${eximUser}:x:${gid}:`, ""].join(
    "\n",
  );
}

const tornAfterMilliseconds = 24 * 60 * 60 * 1000;

/**
 * A kill in the middle of a reception leaves its body (`…-D`) without a header file (`…-H`): nobody was told that it was
 * accepted, nothing else removes it, and it holds health data.
 */
async function removeTornReceptions(directory: string): Promise<void> {
  const entries = await Array.fromAsync(Deno.readDir(directory)).catch(() => []); // No spool yet.
  const names = new Set(entries.map((entry) => entry.name));
  for (const name of names) {
    if (!name.endsWith("-D") || names.has(`${name.slice(0, -1)}H`)) continue;
    const path = `${directory}/${name}`;
    const { mtime } = await Deno.stat(path);
    if (mtime !== null && Date.now() - mtime.getTime() > tornAfterMilliseconds) await Deno.remove(path);
  }
}
