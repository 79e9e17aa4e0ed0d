/** Directories and files that belong to the mail server's account and to nobody else. */
import type { Account } from "../../scripts/stack/part.ts";

/** Makes the directories (mode 0700) with their parents; those that exist are left as they are. */
export async function makePrivateDirectories(
  paths: readonly string[],
  runAs: Account | undefined,
): Promise<void> {
  for (const path of paths) {
    await Deno.mkdir(path, { recursive: true, mode: 0o700 });
    if (runAs !== undefined) await Deno.chown(path, runAs.uid, runAs.gid);
  }
}

/** Writes a file that only the account reads (mode 0600); an older one is replaced at once, never half written. */
export async function writePrivateFile(
  path: string,
  content: string,
  runAs: Account | undefined,
): Promise<void> {
  const next = `${path}.new`;
  await Deno.writeTextFile(next, content, { mode: 0o600 });
  await Deno.chmod(next, 0o600);
  if (runAs !== undefined) await Deno.chown(next, runAs.uid, runAs.gid);
  await Deno.rename(next, path);
}
