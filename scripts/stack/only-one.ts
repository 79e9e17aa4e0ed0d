/** One stack per private directory: two would start on the same data. */
import { StartFailure } from "./failure.ts";
import { startTimeOf, stillRuns } from "./proc.ts";

/**
 * Notes that this process runs the stack of the directory, which is made when absent.
 *
 * @returns a function that takes the note back.
 * @throws StartFailure when another process that still lives has noted itself there.
 */
export function claimDirectory(directory: string): () => void {
  Deno.mkdirSync(directory, { recursive: true, mode: 0o755 });
  const path = `${directory}/owner`;
  const [pid, startTime] = readOrEmpty(path).split(" ");
  if (startTime !== undefined && stillRuns(Number(pid), startTime)) {
    throw new StartFailure(
      `The platform of this clone already runs (process ${pid}): stop it there with Ctrl-C first.`,
    );
  }
  Deno.writeTextFileSync(path, `${Deno.pid} ${startTimeOf(Deno.pid) ?? ""}`);
  return () => Deno.removeSync(path);
}

function readOrEmpty(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return "";
  }
}
