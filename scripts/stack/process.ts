/** `startProcess`: the one way in which a process of the stack is started, watched and ended. */
import { StartFailure } from "./failure.ts";
import { type Address, isListening } from "./ports.ts";
import { descendantsOf, startTimeOf, stillRuns } from "./proc.ts";

/** Something that runs, made of one process or several. */
export interface RunningPart {
  readonly name: string;
  /** Process ids of the leaders of the part's process groups. */
  readonly pids: readonly number[];
  /** Settles when one of the part's processes ends, whether it was asked to or not. Never rejects. */
  readonly exited: Promise<{ name: string; code: number }>;
  /** Ends the part in good order; resolves when no process is left. Harmless when it has already ended. */
  stop(): Promise<void>;
  /** SIGKILL to every process at once, for crash tests. Resolves when no process is left. */
  kill(): Promise<void>;
}

/** An account of the machine that a process is given instead of root. */
export interface Account {
  readonly user: string;
  readonly group: string;
  readonly uid: number;
  readonly gid: number;
}

/** When a process counts as ready. */
export type ReadyCondition =
  | { readonly listening: readonly Address[] }
  | { readonly line: RegExp }
  | { readonly check: () => Promise<boolean> };

export interface ProcessSpec {
  /** Name in logs and of the pid file. */
  readonly name: string;
  readonly command: string;
  readonly args?: readonly string[];
  /** Added to the environment; with `clearEnvironment` it is the whole environment. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly clearEnvironment?: boolean;
  readonly workingDirectory?: string;
  /** The pid file `<directory>/<name>.pid` is written there by the stack itself (not by the account). */
  readonly directory: string;
  readonly runAs?: Account;
  /** Without it the process counts as ready once started. */
  readonly ready?: ReadyCondition;
  readonly readyTimeoutSeconds?: number;
  /** SIGTERM, or what ends the program faster in good order (PostgreSQL: SIGINT). */
  readonly stopSignal?: Deno.Signal;
  /** After this time the whole group gets SIGKILL. */
  readonly stopTimeoutSeconds?: number;
  readonly log: (line: string) => void;
}

/** A process with its first line that matched `ready.line`, if that was the condition. */
export interface StartedProcess extends RunningPart {
  readonly pid: number;
  readonly readyLine: string;
}

const tailLines = 8;

/**
 * Starts a process in its own process group and waits until it is ready.
 *
 * @throws StartFailure when the program is missing, ends before it is ready, or is not ready in time; the sentence ends
 * with the last lines it printed. No process is left behind.
 */
export async function startProcess(spec: ProcessSpec): Promise<StartedProcess> {
  const { command, args, environment } = asAccount(spec);
  const tail: string[] = [];
  let readyLine: string | undefined;
  const take = (line: string): void => {
    tail.push(line);
    if (tail.length > tailLines) tail.shift();
    if (spec.ready !== undefined && "line" in spec.ready && spec.ready.line.test(line)) readyLine ??= line;
    spec.log(line);
  };

  let child: Deno.ChildProcess;
  try {
    child = new Deno.Command(command, {
      args,
      env: environment,
      clearEnv: spec.clearEnvironment ?? false,
      ...(spec.workingDirectory === undefined ? {} : { cwd: spec.workingDirectory }),
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
      detached: true,
    }).spawn();
  } catch (error) {
    throw new StartFailure(`${spec.name} could not be started: ${command} is missing or may not be run.`, {
      cause: error,
    });
  }
  const pidFile = `${spec.directory}/${spec.name}.pid`;
  await Deno.writeTextFile(pidFile, `${child.pid} ${startTimeOf(child.pid) ?? ""}\n`);

  void readLines(child.stdout, take);
  void readLines(child.stderr, take);

  let endCode: number | undefined;
  const exited = child.status.then(async ({ code }) => {
    endCode = code;
    await Deno.remove(pidFile).catch(() => undefined); // Already gone when the whole directory was reset.
    return { name: spec.name, code };
  });

  const stop = async (): Promise<void> => {
    const family = familyOf(child.pid);
    if (endCode === undefined) signal(-child.pid, spec.stopSignal ?? "SIGTERM");
    if (!(await settledWithin(exited, spec.stopTimeoutSeconds ?? 10))) {
      spec.log("did not stop in time: killed");
    }
    await killFamily(child.pid, family, exited);
  };
  const kill = (): Promise<void> => killFamily(child.pid, familyOf(child.pid), exited);
  const process = { name: spec.name, pid: child.pid, pids: [child.pid], exited, stop, kill };

  const timeoutSeconds = spec.readyTimeoutSeconds ?? 30;
  const deadline = Date.now() + timeoutSeconds * 1000;
  while (endCode === undefined && Date.now() < deadline) {
    if (spec.ready === undefined) return { ...process, readyLine: "" };
    if ("line" in spec.ready) {
      if (readyLine !== undefined) return { ...process, readyLine };
    } else if (await holds(spec.ready)) return { ...process, readyLine: "" };
    await later(25);
  }
  const why = endCode === undefined
    ? `${spec.name} was not ready after ${timeoutSeconds} s`
    : `${spec.name} ended with code ${endCode} before it was ready`;
  await kill();
  throw new StartFailure(tail.length === 0 ? `${why}.` : `${why}. It said last:\n  ${tail.join("\n  ")}`);
}

/**
 * Ends what a stack that was itself killed left running, by the pid files of a directory. A process that merely got the
 * same number since is left alone: its start time differs.
 *
 * @returns the names of the processes that were ended.
 */
export async function endLeftovers(directory: string): Promise<string[]> {
  const names: string[] = [];
  const entries = await Array.fromAsync(Deno.readDir(directory)).catch(() => []); // No directory: nothing was started.
  for (const entry of entries) {
    if (!entry.name.endsWith(".pid")) continue;
    const path = `${directory}/${entry.name}`;
    const [pidText, startedText] = (await Deno.readTextFile(path)).trim().split(" ");
    const pid = Number(pidText);
    if (Number.isInteger(pid) && pid > 1 && startedText !== undefined && stillRuns(pid, startedText)) {
      names.push(entry.name.slice(0, -".pid".length));
      const family = familyOf(pid);
      signal(-pid, "SIGTERM");
      for (let waited = 0; waited < 50 && stillRuns(pid, startedText); waited++) await later(100);
      await killMembers(family);
    }
    await Deno.remove(path).catch(() => undefined); // Whoever started it may still live and have removed it.
  }
  return names;
}

/** Joins several processes into one part: it has exited when the first of them has. */
export function joinParts(name: string, parts: readonly RunningPart[]): RunningPart {
  const reversed = [...parts].reverse();
  return {
    name,
    get pids() {
      return parts.flatMap((part) => part.pids);
    },
    exited: Promise.race(parts.map((part) => part.exited)),
    stop: async () => {
      for (const part of reversed) await part.stop();
    },
    kill: async () => {
      await Promise.all(parts.map((part) => part.kill()));
    },
  };
}

function asAccount(
  spec: ProcessSpec,
): { command: string; args: string[]; environment: Record<string, string> } {
  const environment = { ...spec.environment };
  const args = [...(spec.args ?? [])];
  if (spec.runAs === undefined) return { command: spec.command, args, environment };
  const { uid, gid, user } = spec.runAs;
  return {
    command: "setpriv",
    args: [
      `--reuid=${uid}`,
      `--regid=${gid}`,
      "--clear-groups",
      "--inh-caps=-all",
      "--",
      spec.command,
      ...args,
    ],
    environment: { HOME: spec.directory, USER: user, LOGNAME: user, ...environment },
  };
}

async function readLines(stream: ReadableStream<Uint8Array>, take: (line: string) => void): Promise<void> {
  let rest = "";
  // @ts-ignore TextDecoderStream's types differ between lib.dom and Deno on the writable side only.
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) take(line.trimEnd());
  }
  if (rest !== "") take(rest);
}

async function holds(condition: Exclude<ReadyCondition, { line: RegExp }>): Promise<boolean> {
  if ("listening" in condition) {
    return (await Promise.all(condition.listening.map(isListening))).every(Boolean);
  }
  return await condition.check().catch(() => false); // Not answering yet is what is being waited for.
}

/** A process that cannot be taken for a later one with the same number. */
interface Member {
  readonly pid: number;
  readonly startTime: string | undefined;
}

function familyOf(leader: number): Member[] {
  return [leader, ...descendantsOf(leader)].map((pid) => ({ pid, startTime: startTimeOf(pid) }));
}

/** Returns when none is left, or after 5 s when the kernel does not let go of one (a disk that hangs). */
async function killMembers(members: readonly Member[]): Promise<void> {
  const left = () =>
    members.filter(({ pid, startTime }) => startTime !== undefined && stillRuns(pid, startTime));
  for (const member of left()) signal(member.pid, "SIGKILL");
  for (let waited = 0; waited < 500 && left().length > 0; waited++) await later(10);
}

/** Descendants are named one by one too: PostgreSQL and Cyrus put theirs in groups of their own. */
async function killFamily(
  leader: number,
  family: readonly Member[],
  exited: Promise<unknown>,
): Promise<void> {
  signal(-leader, "SIGKILL");
  await killMembers([...family, ...familyOf(leader)]);
  await exited;
}

function signal(pid: number, name: Deno.Signal): void {
  try {
    Deno.kill(pid, name);
  } catch {
    // It has ended meanwhile, which is what was wanted.
  }
}

async function settledWithin(promise: Promise<unknown>, seconds: number): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeout = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), seconds * 1000);
  });
  const settled = await Promise.race([promise.then(() => true), timeout]);
  clearTimeout(timer);
  return settled;
}

function later(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, milliseconds)));
}
