/** The private Redis of a stack: loopback, a password, nothing kept on disk (what Redis holds may be lost). */
import { privateDirectory, requireProgram } from "./packages.ts";
import type { Address } from "./ports.ts";
import { type Account, type RunningPart, startProcess } from "./process.ts";
import { secretFile } from "./secrets.ts";

export interface RedisOptions {
  readonly directory: string;
  readonly secretsDirectory: string;
  readonly port: number;
  readonly runAs: Account | undefined;
  readonly log: (line: string) => void;
}

export interface RunningRedis extends RunningPart {
  readonly address: Address;
  /** With the password in it: never to be logged. */
  readonly url: string;
}

/** @throws StartFailure */
export async function startRedis(options: RedisOptions): Promise<RunningRedis> {
  const { port, runAs } = options;
  const directory = privateDirectory(options.directory, runAs);
  const { value: password } = await secretFile(options.secretsDirectory, "redis");
  const address = { host: "127.0.0.1", port };
  // A file, since arguments can be read by every account of the machine.
  const configuration = `${directory}/redis.conf`;
  const settings = [
    `bind ${address.host}`,
    `port ${port}`,
    `requirepass ${password}`,
    `dir ${directory}`,
    'save ""',
    "appendonly no",
    "maxmemory 128mb",
    "maxmemory-policy allkeys-lru",
    "daemonize no",
  ];
  await Deno.writeTextFile(configuration, settings.join("\n") + "\n", { mode: 0o600 });
  if (runAs !== undefined) await Deno.chown(configuration, runAs.uid, runAs.gid);
  const running = await startProcess({
    name: "redis",
    command: requireProgram("redis-server"),
    args: [configuration],
    workingDirectory: directory,
    directory,
    ...(runAs === undefined ? {} : { runAs }),
    ready: { check: () => answersPing(address, password) },
    log: options.log,
  });
  return { ...running, address, url: `redis://:${password}@${address.host}:${port}/0` };
}

async function answersPing(address: Address, password: string): Promise<boolean> {
  using connection = await Deno.connect({ hostname: address.host, port: address.port });
  await connection.write(new TextEncoder().encode(`AUTH ${password}\r\nPING\r\n`));
  const buffer = new Uint8Array(256);
  let said = "";
  for (let reads = 0; reads < 4 && !said.includes("PONG") && !said.includes("-"); reads++) {
    const count = await connection.read(buffer);
    if (count === null) break;
    said += new TextDecoder().decode(buffer.subarray(0, count));
  }
  return said.includes("PONG");
}
