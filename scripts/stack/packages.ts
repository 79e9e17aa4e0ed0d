/**
 * Programs that the stack runs: the machine's own, or those that scripts/packages.sh unpacked under `.local/packages`
 * (then a small script in `.local/bin` gives them their libraries).
 */
import { StartFailure } from "./failure.ts";
import type { Account } from "./process.ts";

/** Root of this clone, absolute, without trailing slash. */
export const repositoryDirectory = new URL("../..", import.meta.url).pathname.replace(/\/$/, "");

/** The clone's private directory, `.local`, made when absent; its real path, since root may keep it elsewhere. */
export function localDirectory(): string {
  const path = `${repositoryDirectory}/.local`;
  Deno.mkdirSync(path, { recursive: true, mode: 0o755 });
  return Deno.realPathSync(path);
}

/** Path of the program, or undefined when neither the machine nor `.local` has it. */
export function findProgram(name: string): string | undefined {
  const path = (Deno.env.get("PATH") ?? "").split(":").filter((directory) => directory !== "");
  const directories = [`${localDirectory()}/bin`, ...postgresDirectories(), ...path, "/usr/sbin", "/sbin"];
  return directories.map((directory) => `${directory}/${name}`).find(isExecutable);
}

/** Path of the program. @throws StartFailure that says how it gets here. */
export function requireProgram(name: string): string {
  const path = findProgram(name);
  if (path === undefined) {
    throw new StartFailure(
      `${name} is not on this machine: scripts/start and scripts/test fetch it, run one of them first.`,
    );
  }
  return path;
}

/**
 * The account that servers are given when the stack itself runs as root (PostgreSQL and Cyrus refuse root), or undefined
 * when it runs as a plain user.
 */
export function unprivilegedAccount(): Account | undefined {
  if (Deno.uid() !== 0) return undefined;
  const line = Deno.readTextFileSync("/etc/passwd").split("\n").find((each) => each.startsWith("nobody:"));
  const [user, , uid, gid] = (line ?? "nobody:x:65534:65534").split(":");
  const group = Deno.readTextFileSync("/etc/group").split("\n").find((each) => each.split(":")[2] === gid);
  return {
    user: user ?? "nobody",
    group: group?.split(":")[0] ?? "nogroup",
    uid: Number(uid),
    gid: Number(gid),
  };
}

/** Makes a private directory (mode 0700) that belongs to the account, if one is given. */
export function privateDirectory(path: string, owner: Account | undefined): string {
  Deno.mkdirSync(path, { recursive: true, mode: 0o755 });
  Deno.chmodSync(path, 0o700);
  if (owner !== undefined) Deno.chownSync(path, owner.uid, owner.gid);
  return path;
}

/** Runs a program to its end. @throws StartFailure with the last lines it printed when it fails. */
export async function runToEnd(
  name: string,
  command: string,
  args: readonly string[],
  options: {
    runAs?: Account;
    environment?: Record<string, string>;
    input?: string;
    workingDirectory?: string;
  } = {},
): Promise<string> {
  const drop = options.runAs === undefined
    ? []
    : [`--reuid=${options.runAs.uid}`, `--regid=${options.runAs.gid}`, "--clear-groups", "--", command];
  const child = new Deno.Command(drop.length === 0 ? command : "setpriv", {
    args: [...drop, ...args],
    env: options.environment ?? {},
    cwd: options.workingDirectory ?? repositoryDirectory,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(options.input ?? "")).catch(() => undefined); // It may end without reading.
  await writer.close().catch(() => undefined);
  const { success, code, stdout, stderr } = await child.output();
  const said = new TextDecoder().decode(stdout);
  if (success) return said;
  const lines = (new TextDecoder().decode(stderr).trim() || said.trim()).split("\n").slice(-8);
  throw new StartFailure(`${name} failed with code ${code}. It said last:\n  ${lines.join("\n  ")}`);
}

function postgresDirectories(): string[] {
  try {
    const versions = [...Deno.readDirSync("/usr/lib/postgresql")].map((entry) => Number(entry.name));
    return versions.filter((version) => version >= 15).sort((a, b) => b - a).map((version) =>
      `/usr/lib/postgresql/${version}/bin`
    );
  } catch {
    return []; // The machine has no PostgreSQL of its own.
  }
}

/** Whether the path is a file that may be run. */
export function isExecutable(path: string): boolean {
  try {
    const { isFile, mode } = Deno.statSync(path);
    return isFile && ((mode ?? 0) & 0o111) !== 0;
  } catch {
    return false;
  }
}
