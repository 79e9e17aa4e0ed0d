/**
 * Stands between Exim and its log: reads Exim's two logs from named pipes and writes the files that are kept, line by line as
 * `keptLine` lets them be. What Exim writes itself touches no disk. The pipes stay open here while Exim comes and goes.
 *
 * Arguments: directory of the pipes, directory of the files, file of the key. On SIGTERM it writes what is left and ends.
 */
import { nameInLog } from "../../api/mail-server/cyrus/log-name.ts";
import { keptLine } from "./log-lines.ts";

const [pipes = "", files = "", keyFile = ""] = Deno.args;
const key = Deno.readTextFileSync(keyFile);
const end = "\x04";

async function keep(name: string): Promise<void> {
  // Open for both: reading does not end when the last writer goes, and Exim always finds a reader.
  const pipe = await Deno.open(`${pipes}/${name}`, { read: true, write: true });
  Deno.addSignalListener("SIGTERM", () => {
    // Exim has just been ended: a moment for its last words, which stand in the pipe before this mark.
    setTimeout(() => pipe.writeSync(new TextEncoder().encode(`${end}\n`)), 100);
  });
  const decoder = new TextDecoder("latin1");
  const buffer = new Uint8Array(65_536);
  let rest = "";
  while (true) {
    const size = await pipe.read(buffer) ?? 0;
    const lines = (rest + decoder.decode(buffer.subarray(0, size))).split("\n");
    rest = lines.pop() ?? "";
    const kept = lines.flatMap((line) => keptLine(line, (address) => nameInLog(key, address)) ?? []);
    if (kept.length > 0) append(name, kept);
    if (lines.includes(end)) return;
  }
}

/** Opened anew each time: a file that was put aside (logrotate) is not written to again. */
function append(name: string, lines: readonly string[]): void {
  try {
    Deno.writeTextFileSync(`${files}/${name}`, `${lines.join("\n")}\n`, { append: true, mode: 0o640 });
  } catch (error) {
    // A full disk costs log lines, never mail.
    console.log(`${lines.length} lines of ${name} lost: ${error instanceof Error ? error.name : "?"}`);
  }
}

const keeping = ["mainlog", "paniclog"].map(keep);
console.log("log ready");
await Promise.all(keeping);
Deno.exit(0);
