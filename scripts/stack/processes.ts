/** The platform's own processes, API and worker: Deno with the narrowest rights that its environment implies. */
import { localDirectory, repositoryDirectory } from "./packages.ts";
import { type RunningPart, startProcess } from "./process.ts";

export interface OwnProcessOptions {
  readonly name: "api" | "worker";
  readonly directory: string;
  /** The `MSS_*` variables: what they name is what the process may reach and read. */
  readonly environment: Readonly<Record<string, string>>;
  readonly log: (line: string) => void;
}

/** @throws StartFailure */
export async function startOwnProcess(options: OwnProcessOptions): Promise<RunningPart> {
  const { name, directory, environment } = options;
  const listen = environment["MSS_LISTEN"] ?? "";
  const running = await startProcess({
    name,
    command: Deno.execPath(),
    args: [
      "run",
      "--no-prompt",
      "--quiet",
      "--cached-only",
      ...permissions(name, environment, directory),
      `${repositoryDirectory}/api/${name === "api" ? "main" : "worker"}.ts`,
    ],
    // graphile-worker looks for a configuration from the working directory up to the home directory: there is none.
    environment: { NO_COLOR: "1", DENO_DIR: moduleCache(), HOME: directory, ...environment },
    workingDirectory: directory,
    directory,
    ready: name === "api"
      ? { check: () => isLive(`http://${listen}/health/live`) }
      : { line: /worker ready/ },
    readyTimeoutSeconds: 60,
    log: options.log,
  });
  return running;
}

/**
 * Deno's flags for a process with this environment: it may reach the hosts that the variables name, read the files that
 * they name beside the program itself and its own empty directory, and write nothing but, in the worker, what jobs leave in files.
 * The worker may reach any host, since webhooks lead anywhere (api/webhooks/public-address.ts says what is refused). Everything else
 * of the environment reads as absent (`--ignore-env`: a library of ours enumerates it).
 */
export function permissions(
  name: "api" | "worker",
  environment: Readonly<Record<string, string>>,
  directory: string,
): string[] {
  const values = Object.entries(environment).filter(([name]) => name.startsWith("MSS_"));
  const hosts = new Set(values.flatMap(([, value]) => hostOf(value) ?? []));
  const files = values.filter(([name]) => /_(FILE|DIRECTORY)$/.test(name)).map(([, value]) => value);
  const program = ["api", "migrations", "node_modules", "web/node_modules", "deno.json"].map((path) =>
    `${repositoryDirectory}/${path}`
  );
  const written = name === "worker" ? workerWrites.flatMap((one) => environment[one] ?? []) : [];
  return [
    ...(written.length === 0 ? [] : [`--allow-write=${written.join(",")}`]),
    name === "worker" ? "--allow-net" : `--allow-net=${[...hosts].join(",")}`,
    `--allow-read=${[...program, ...files, directory].join(",")}`,
    `--allow-env=${["HOME", ...values.map(([name]) => name)].join(",")}`,
    "--ignore-env",
    "--allow-sys=hostname,osRelease,uid,homedir,networkInterfaces,cpus",
    "--allow-ffi", // argon2 is a native module.
  ];
}

/** Directories in which jobs write. */
const workerWrites = ["MSS_EXPORT_DIRECTORY", "MSS_AUDIT_ANCHOR_DIRECTORY"];

/** Where Deno keeps what it has compiled; it would otherwise follow HOME. */
function moduleCache(): string {
  const cache = Deno.env.get("XDG_CACHE_HOME") ?? `${Deno.env.get("HOME") ?? localDirectory()}/.cache`;
  return Deno.env.get("DENO_DIR") ?? `${cache}/deno`;
}

/** `host:port` of an address or URL, or undefined for any other value. */
function hostOf(value: string): string | undefined {
  if (/^[\w.-]+:\d+$/.test(value)) return value;
  if (!/^[a-z]+:\/\//.test(value)) return undefined;
  const { hostname, port, protocol } = new URL(value);
  return `${hostname}:${port || (protocol === "https:" ? "443" : "80")}`;
}

async function isLive(url: string): Promise<boolean> {
  const response = await fetch(url, { signal: AbortSignal.timeout(2000) });
  await response.body?.cancel();
  return response.ok;
}
