/** What of this machine decides on the mail server. */
import type { MailServerHints } from "./mail-server-choice.ts";
import { findProgram } from "./packages.ts";

const engineSeconds = 3;

/** The machine's own answers for `chooseMailServer`. */
export function machineHints(): Omit<MailServerHints, "forced"> {
  return {
    stalwartBinary: Deno.env.get("STALWART_BIN"),
    findProgram: (nameOrPath) => nameOrPath.includes("/") ? executable(nameOrPath) : findProgram(nameOrPath),
    engineAnswers: async (engine) => {
      try {
        const { success } = await new Deno.Command(engine, {
          args: ["info"],
          stdin: "null",
          stdout: "null",
          stderr: "null",
          signal: AbortSignal.timeout(engineSeconds * 1000),
        }).output();
        return success;
      } catch {
        return false; // It cannot be run, or its service hangs: neither can start a container.
      }
    },
  };
}

function executable(path: string): string | undefined {
  try {
    const { isFile, mode } = Deno.statSync(path);
    return isFile && ((mode ?? 0) & 0o111) !== 0 ? Deno.realPathSync(path) : undefined;
  } catch {
    return undefined;
  }
}
