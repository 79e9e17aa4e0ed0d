import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** Runs `act` on a directory of its own that holds the given files, then removes it. */
export async function withTree<T>(
  files: Record<string, string>,
  act: (root: string) => Promise<T>,
): Promise<T> {
  const root = await mkdtemp(join(tmpdir(), "planted-"));
  try {
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(root, path)), { recursive: true });
      await writeFile(join(root, path), text);
    }
    return await act(root);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}
