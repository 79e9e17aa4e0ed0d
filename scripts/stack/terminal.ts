/** What a person sees of a stack: a line per step with its duration, then the parts' output with a prefix. */
import type { PartName } from "./supervised.ts";
import type { Reporter } from "./platform.ts";

const nameWidth = 44;
const prefixWidth = 18;
/** Their chatter tells nothing to whoever works on the platform; it stands in their log files. */
const quiet: ReadonlySet<PartName> = new Set(["postgres", "redis"]);

export interface TerminalReporter extends Reporter {
  /** From now on the parts' output is shown too, each line with its part's name. */
  showOutput(): void;
  close(): void;
}

/**
 * @param logDirectory gets one file per part; the file of the start before is kept as `<part>.log.1`.
 * @param write prints text as it is.
 */
export function terminalReporter(logDirectory: string, write: (text: string) => void): TerminalReporter {
  Deno.mkdirSync(logDirectory, { recursive: true, mode: 0o700 });
  const files = new Map<PartName, Deno.FsFile>();
  const encoder = new TextEncoder();
  let isOutputShown = false;
  /** Whether a step's name stands on the current line without its duration. */
  let isLineOpen = false;

  const fileOf = (part: PartName): Deno.FsFile => {
    const known = files.get(part);
    if (known !== undefined) return known;
    const path = `${logDirectory}/${part}.log`;
    try {
      Deno.renameSync(path, `${path}.1`);
    } catch {
      // The first start: there is no earlier log.
    }
    const file = Deno.openSync(path, { create: true, write: true, truncate: true, mode: 0o600 });
    files.set(part, file);
    return file;
  };
  const endLine = (): void => {
    if (isLineOpen) write("\n");
    isLineOpen = false;
  };

  return {
    async step(name, run) {
      const began = performance.now();
      endLine();
      write(`  ${name.padEnd(nameWidth)} `);
      isLineOpen = true;
      try {
        const result = await run();
        const seconds = `${((performance.now() - began) / 1000).toFixed(1).padStart(6)} s\n`;
        write(isLineOpen ? seconds : `  ${"".padEnd(nameWidth)} ${seconds}`);
        isLineOpen = false;
        return result;
      } catch (error) {
        write(isLineOpen ? "failed\n" : `  ${name.padEnd(nameWidth)} failed\n`);
        isLineOpen = false;
        throw error;
      }
    },
    say(sentence) {
      endLine();
      write(`  · ${sentence}\n`);
    },
    log(part, line) {
      fileOf(part).writeSync(encoder.encode(`${line}\n`));
      if (isOutputShown && !quiet.has(part)) write(`${part.padEnd(prefixWidth)}| ${line}\n`);
    },
    showOutput() {
      isOutputShown = true;
    },
    close() {
      for (const file of files.values()) file.close();
      files.clear();
    },
  };
}
