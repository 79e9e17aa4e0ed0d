/** What of this machine decides on the mail server. */
import type { MailServerHints } from "./mail-server-choice.ts";
import { findProgram, isExecutable, localDirectory } from "./packages.ts";
import { stalwartFromImage } from "./stalwart-image.ts";

/** The machine's own answers for `chooseMailServer`. */
export function machineHints(): Omit<MailServerHints, "forced"> {
  return {
    stalwartBinary: Deno.env.get("STALWART_BIN"),
    findProgram: (nameOrPath) => {
      if (!nameOrPath.includes("/")) return findProgram(nameOrPath);
      return isExecutable(nameOrPath) ? Deno.realPathSync(nameOrPath) : undefined;
    },
    stalwartFromImage: (engine) => stalwartFromImage(engine, `${localDirectory()}/packages`),
  };
}
