/** Fills the platform with the demo world, by scripts/seed.ts in a process of its own. Repeating it changes nothing. */
import { z } from "zod";
import { StartFailure } from "./failure.ts";
import { repositoryDirectory, runToEnd } from "./packages.ts";
import type { Platform } from "./platform.ts";
import type { DemoPerson } from "./summary.ts";

const answer = z.object({
  people: z.array(z.object({ name: z.string(), role: z.string(), mailboxes: z.array(z.string()) })),
});

/**
 * @returns the people of the demo world, with the boxes that are theirs.
 * @throws StartFailure
 */
export async function seedDemoWorld(platform: Platform): Promise<DemoPerson[]> {
  const said = await runToEnd(
    "The demo world",
    Deno.execPath(),
    [
      "run",
      "-A",
      "--quiet",
      "--cached-only",
      `${repositoryDirectory}/scripts/seed.ts`,
      `--app-password-directory=${platform.secretsDirectory}`,
    ],
    { environment: await platform.environment("worker") },
  );
  const line = said.trim().split("\n").at(-1) ?? "";
  try {
    return answer.parse(JSON.parse(line)).people;
  } catch (error) {
    throw new StartFailure("scripts/seed.ts did not say whom it made.", { cause: error });
  }
}
