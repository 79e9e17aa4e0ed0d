/** The browser of the machine, for tests that only a real one can answer. */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { spawnSync } from "node:child_process";
import { type Browser, chromium } from "playwright-core";

const root = fileURLToPath(new URL("../../", import.meta.url));
const sandboxOff = ["--no-sandbox", "--disable-background-networking"]; // tests also run as root and in containers

export const buildDirectory = `${root}web/build`;

let running: Promise<Browser> | undefined;

/**
 * Debian's Chromium, or the one that CHROMIUM names: one for all files that this process serves, since a start costs as much as
 * a screen's tests. It ends with the process; who opens a context closes it.
 */
export function sharedBrowser(): Promise<Browser> {
  const executablePath = process.env["CHROMIUM"] ?? "/usr/bin/chromium";
  return running ??= chromium.launch({ executablePath, args: sandboxOff });
}

/** Builds the web when nobody has: `deno task build` comes first in a whole run. */
export function needBuild(): void {
  if (existsSync(`${buildDirectory}/200.html`)) return;
  const done = spawnSync("deno", ["task", "build"], { cwd: root, encoding: "utf8" });
  if (done.status !== 0) throw new Error(`The web does not build: ${done.stderr}`);
}

/** A module of the web and what it imports, as one script that the browser can import. */
export function bundleModule(path: string): string {
  const done = spawnSync("deno", ["bundle", "--platform", "browser", "--quiet", `${root}${path}`], {
    cwd: `${root}web`,
    encoding: "utf8",
  });
  if (done.status !== 0) throw new Error(`deno bundle failed: ${done.stderr}`);
  return done.stdout;
}
