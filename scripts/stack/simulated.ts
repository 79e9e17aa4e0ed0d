/** Starts the simulated outside world: servers of infra/simulated, each a Deno process of its own with narrow rights. */
import { StartFailure } from "./failure.ts";
import { repositoryDirectory } from "./packages.ts";
import { type RunningPart, startProcess } from "./process.ts";

export type SimulatedName = "pro-sante-connect" | "other-operator" | "white-list";

export interface SimulatedOptions {
  readonly name: SimulatedName;
  /** Private directory, made by the caller. */
  readonly directory: string;
  /** `SIM_*` */
  readonly environment: Readonly<Record<string, string>>;
  readonly log: (line: string) => void;
}

export interface RunningSimulated extends RunningPart {
  /** What the server said of itself in its first line: `listening` and whatever else it announces. */
  readonly announcement: Readonly<Record<string, unknown>>;
}

/** @throws StartFailure */
export async function startSimulated(options: SimulatedOptions): Promise<RunningSimulated> {
  const { name, directory, environment } = options;
  const namedFiles = Object.entries(environment).filter(([key]) => key.endsWith("_FILE")).map(([, path]) =>
    path
  );
  const running = await startProcess({
    name,
    command: Deno.execPath(),
    args: [
      "run",
      "--no-prompt",
      "--quiet",
      "--cached-only",
      `--allow-read=${[repositoryDirectory, directory, ...namedFiles].join(",")}`,
      `--allow-write=${directory}`,
      "--allow-net=127.0.0.1,localhost",
      "--allow-env",
      "--allow-sys",
      "--allow-ffi",
      `${repositoryDirectory}/infra/simulated/${name}/main.ts`,
    ],
    environment: { NO_COLOR: "1", ...environment },
    workingDirectory: directory,
    directory,
    ready: { line: /^\{.*"listening"/ },
    log: options.log,
  });
  try {
    return { ...running, announcement: JSON.parse(running.readyLine) as Record<string, unknown> };
  } catch (error) {
    await running.stop();
    throw new StartFailure(`${name} announced itself with a line that is no JSON.`, { cause: error });
  }
}

/** A text that the server announced under this name. @throws StartFailure when it did not. */
export function announced(running: RunningSimulated, key: string): string {
  const value = running.announcement[key];
  if (typeof value !== "string") throw new StartFailure(`${running.name} did not announce its "${key}".`);
  return value;
}
