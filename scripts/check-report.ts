/**
 * What the checks of the house share: the shape of a fault, the list of the files they look at, and how faults
 * are shown. A check is a function `root → faults`, so its test plants a fault in a directory of its own.
 */

import { execFile } from "node:child_process";
import { readdir, stat } from "node:fs/promises";
import { join, relative } from "node:path";
import process from "node:process";

export interface Fault {
  /** Path from the repository's root, with forward slashes. */
  readonly file: string;
  /** First line is 1. */
  readonly line: number;
  readonly sentence: string;
}

export type Check = (root: string) => Promise<readonly Fault[]>;

/** Directories that hold nothing written by us. */
const foreign = new Set(["node_modules", ".git", ".local", ".svelte-kit", "build", "generated", "vendor"]);

/**
 * Files of the repository, relative to `root`, sorted. Git answers when `root` is a repository (tracked files and
 * new ones that are not ignored); elsewhere (the tests' own trees) the directory is walked.
 */
export async function listFiles(root: string): Promise<string[]> {
  const tracked = await runText("git", ["-C", root, "ls-files", "-z", "-c", "-o", "--exclude-standard"]);
  const isRepository = tracked !== undefined &&
    (await runText("git", ["-C", root, "rev-parse", "--show-prefix"]))?.trim() === "";
  const files = isRepository ? tracked.split("\0").filter((path) => path !== "") : await walk(root, root);
  const present = await Promise.all(files.map(async (path) => {
    const entry = await stat(join(root, path)).catch(() => undefined); // deleted but still in git's index
    return entry?.isFile() ? path : undefined;
  }));
  return present.filter((path) => path !== undefined).sort();
}

async function walk(root: string, directory: string): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) {
      if (!foreign.has(entry.name)) found.push(...await walk(root, path));
    } else found.push(relative(root, path).replaceAll("\\", "/"));
  }
  return found;
}

/** Output of a program, or undefined when it is absent or fails. */
export function runText(program: string, args: readonly string[]): Promise<string | undefined> {
  return new Promise((resolve) => {
    execFile(program, [...args], { maxBuffer: 256 * 1024 * 1024 }, (error, stdout) => {
      resolve(error === null ? stdout : undefined);
    });
  });
}

/** Line number (from 1) of a position in a text. */
export function lineAt(text: string, position: number): number {
  let line = 1;
  for (let at = text.indexOf("\n"); at !== -1 && at < position; at = text.indexOf("\n", at + 1)) line += 1;
  return line;
}

/** Runs a check on the current directory, prints `file:line sentence` for each fault and sets the exit code. */
export async function report(name: string, check: Check): Promise<void> {
  const faults = await check(process.cwd());
  for (const fault of faults) console.log(`${fault.file}:${fault.line} ${fault.sentence}`);
  if (faults.length > 0) {
    console.log(`${name}: ${faults.length} fault${faults.length > 1 ? "s" : ""}`);
    process.exitCode = 1;
  } else console.log(`${name}: ok`);
}
