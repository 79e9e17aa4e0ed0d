/** Starts the door of software: nginx in front of tokens and JMAP, for clients with a structure's certificate. */
import type { RunningPart } from "../../../scripts/stack/part.ts";
import { launchNginx } from "../nginx.ts";
import type { EdgeLaunchOptions } from "../options.ts";

export const softwarePortNames = ["software"] as const;

export interface SoftwareLaunchOptions extends EdgeLaunchOptions {
  /** Where the platform itself answers. */
  readonly platform: { readonly host: string; readonly port: number };
  /** What the platform takes as a proof that the certificate was verified. */
  readonly frontKeyFile: string;
}

/** @throws StartFailure */
export async function launchSoftware(options: SoftwareLaunchOptions): Promise<RunningPart> {
  return await launchNginx(options, {
    ports: softwarePortNames,
    template: new URL("nginx.conf.in", import.meta.url),
    fields: async (_packages, listen) => ({
      LISTEN: listen("software", true),
      PLATFORM: `${options.platform.host}:${options.platform.port}`,
      FRONT_KEY: (await Deno.readTextFile(options.frontKeyFile)).trim(),
    }),
  });
}
