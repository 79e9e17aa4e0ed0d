/** Private directories of test runs, in short paths (Unix sockets lie below them), cleared away even after a kill. */
import { endLeftovers } from "../../scripts/stack/process.ts";
import { startTimeOf, stillRuns } from "../../scripts/stack/proc.ts";

const parent = Deno.env.get("TMPDIR")?.replace(/\/$/, "") ?? "/tmp";
const prefix = "mssante-";
const ownerFile = "owner";

/**
 * A new directory that other accounts may pass through but not read, owned by this process for as long as it lives.
 * Before, whatever directories and processes dead test runs of this account left are removed.
 *
 * @param purpose a short word that ends up in the path.
 */
export async function testDirectory(purpose: string): Promise<string> {
  await clearDeadRuns();
  const directory = await Deno.makeTempDir({ dir: parent, prefix: `${prefix}${purpose}-` });
  await Deno.writeTextFile(`${directory}/${ownerFile}`, `${Deno.pid} ${startTimeOf(Deno.pid) ?? ""}`);
  await Deno.chmod(directory, 0o711);
  return directory;
}

export async function removeTestDirectory(directory: string): Promise<void> {
  await Deno.remove(directory, { recursive: true });
}

/** Ends the processes and removes the directories of test runs of this account that were killed. */
export async function clearDeadRuns(): Promise<void> {
  for await (const entry of Deno.readDir(parent)) {
    const directory = `${parent}/${entry.name}`;
    if (!entry.isDirectory || !entry.name.startsWith(prefix)) continue;
    const owner = await Deno.readTextFile(`${directory}/${ownerFile}`).catch(() => undefined); // Another account's, or just made.
    if (owner === undefined) continue;
    const [pid, startTime] = owner.split(" ");
    if (startTime !== undefined && stillRuns(Number(pid), startTime)) continue;
    for await (const part of Deno.readDir(directory)) {
      if (part.isDirectory) await endLeftovers(`${directory}/${part.name}`);
    }
    await Deno.remove(directory, { recursive: true }).catch(() => undefined); // Two runs may clear the same one.
  }
}
