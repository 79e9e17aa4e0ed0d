/**
 * Runs `deno task ok` and all vitest projects, says on which mail servers and what was left out, and ends with one line
 * `N passed, N failed, N skipped` summed over everything. Called by scripts/test, which fetches what is missing.
 */
import { parseArgs } from "node:util";
import { clearDeadRuns } from "../tests/support/directory.ts";
import { machineHints } from "./stack/machine-hints.ts";
import { chooseMailServer, type MailServerKind } from "./stack/mail-server-choice.ts";
import { localDirectory, repositoryDirectory, requireProgram } from "./stack/packages.ts";
import { addTallies, noTally, readVitestReport, type Tally } from "./stack/tally.ts";

const projects = ["unit", "api", "mailserver", "journeys"] as const;

/** Runs a command with its output shown; returns its exit code. */
async function show(args: string[], environment: Record<string, string> = {}): Promise<number> {
  const child = new Deno.Command(Deno.execPath(), {
    args,
    cwd: repositoryDirectory,
    env: { NO_COLOR: "1", ...environment },
    stdin: "null",
  }).spawn();
  return (await child.status).code;
}

async function runOk(): Promise<Tally> {
  const code = await show(["task", "ok"]);
  return code === 0 ? { ...noTally, passed: 1 } : { ...noTally, failed: 1, failedNames: ["deno task ok"] };
}

async function runVitest(names: readonly string[], mailServers: readonly MailServerKind[]): Promise<Tally> {
  const browser = requireProgram("chromium");
  const report = `${localDirectory()}/vitest-report.json`;
  await Deno.remove(report).catch(() => undefined); // The first run: there is none.
  const code = await show(
    [
      "task",
      "vitest",
      ...names.flatMap((name) => ["--project", name]),
      "--passWithNoTests",
      "--reporter=default",
      "--reporter=json",
      `--outputFile.json=${report}`,
    ],
    { TEST_MAIL_SERVERS: mailServers.join(","), CHROMIUM: browser, CHROMIUM_BIN: browser },
  );
  return readVitestReport(await Deno.readTextFile(report).catch(() => undefined), code);
}

async function mailServersFor(only: string | undefined): Promise<Map<MailServerKind, string>> {
  const found = new Map<MailServerKind, string>();
  for (const kind of ["cyrus", "stalwart"] as const) {
    if (only !== undefined && only !== kind) continue;
    try {
      const choice = await chooseMailServer({ forced: kind, ...machineHints() });
      found.set(kind, choice.because);
    } catch (error) {
      if (only === kind) throw error;
    }
  }
  return found;
}

const { values: { only } } = parseArgs({ options: { only: { type: "string" } } });
if (only !== undefined && !["unit", "cyrus", "stalwart"].includes(only)) {
  console.error(`--only=${only} is unknown: it is --only=unit, --only=cyrus or --only=stalwart.`);
  Deno.exit(1);
}
const began = performance.now();
await clearDeadRuns();
const mailServers = await mailServersFor(only);
const names = only === "unit" ? ["unit"] : projects;
const tallies = [await runOk(), await runVitest(names, [...mailServers.keys()])];
await clearDeadRuns();

const total = tallies.reduce(addTallies, noTally);
console.log(`\nAfter ${Math.round((performance.now() - began) / 1000)} s.`);
for (const kind of ["cyrus", "stalwart"] as const) {
  const because = mailServers.get(kind);
  const name = kind === "cyrus" ? "Cyrus, from Debian's packages" : "Stalwart";
  if (because !== undefined) console.log(`Ran on ${name}${kind === "cyrus" ? "" : ` (${because})`}.`);
  else if (only === undefined) {
    console.log(
      `Left out: ${name}: set STALWART_BIN, put stalwart on the PATH, or start a container engine.`,
    );
  } else console.log(`Left out: ${name}: --only=${only}.`);
}
if (total.skippedNames.length > 0) {
  console.log(`Skipped (${total.skipped}):`);
  for (const name of total.skippedNames) console.log(`  ${name}`);
}
if (total.failedNames.length > 0) {
  console.log(`Failed (${total.failed}):`);
  for (const name of total.failedNames) console.log(`  ${name}`);
}
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
Deno.exit(total.failed === 0 && total.passed > 0 ? 0 : 1);
