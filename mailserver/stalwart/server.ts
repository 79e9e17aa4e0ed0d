/**
 * The server's process: a recovery start that applies the plan, and a normal start that is believed only after its
 * sockets, a real call and a reload of its settings were seen.
 */
import {
  basicAuthorization,
  callJmap,
  callOnce,
  type JmapEndpoint,
  setError,
} from "../../api/mail-server/stalwart/management.ts";
import { StartFailure } from "../../scripts/stack/failure.ts";
import { findFreePorts } from "../../scripts/stack/ports.ts";
import { type Account, type StartedProcess, startProcess } from "../../scripts/stack/process.ts";
import { randomSecret } from "../../scripts/stack/secrets.ts";
import { applyPlan } from "./apply.ts";
import { recoveryEnvironment } from "./environment.ts";
import type { Plan } from "./plan.ts";
import { listeningAddresses } from "./sockets.ts";

/** How the program is run. */
export interface ServerProgram {
  readonly binary: string;
  readonly configFile: string;
  readonly directory: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly runAs?: Account;
  readonly log: (line: string) => void;
}

/** What a normal start must show. */
export interface Expected {
  /** Exactly these addresses are listened on, as `127.0.0.1:18201`. */
  readonly addresses: readonly string[];
  readonly jmapUrl: string;
  /** Authorization of the provisioner. */
  readonly authorization: string;
}

const startTimeoutMilliseconds = 60_000;

/**
 * The program's version, when it is of the line the plan is written for.
 *
 * @throws StartFailure
 */
export async function requireVersion(binary: string, wanted: string): Promise<string> {
  let text: string;
  try {
    const { stdout, stderr } = await new Deno.Command(binary, { args: ["--version"] }).output();
    text = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  } catch (cause) {
    throw new StartFailure(`Stalwart could not be run: ${binary} is missing or may not be run.`, { cause });
  }
  const version = /(\d+\.\d+)\.\d+/.exec(text);
  const line = wanted.split(".").slice(0, 2).join(".");
  if (version?.[1] !== line) {
    throw new StartFailure(`Stalwart is version ${version?.[0] ?? "unknown"}; the settings are for ${line}.`);
  }
  return version[0];
}

/**
 * Starts in recovery mode, applies the plan, stops in good order. In that mode the server listens on a port of all
 * interfaces and there is no setting against it: the port is random, its secret is made for this one start, and it is
 * open only while the plan is applied.
 *
 * @param choosePort below the range from which the kernel takes the ports of outgoing connections
 * @returns number of changes
 */
export async function applyInRecovery(
  program: ServerProgram,
  plan: Plan,
  firstTime: boolean,
  choosePort: () => number = () => findFreePorts(["recovery"]).recovery,
): Promise<number> {
  for (let attempt = 1;; attempt++) {
    const recovery = await startRecovery(program, choosePort());
    try {
      if (recovery === undefined) {
        // Somebody took the port between the check and the bind, or the server listens and stays mute.
        if (attempt === recoveryAttempts) {
          throw new StartFailure("The mail server found no port for its recovery start.");
        }
        continue;
      }
      return await applyPlan(recovery.endpoint, plan, { firstTime });
    } finally {
      await recovery?.server.stop();
    }
  }
}

const recoveryAttempts = 3;
const recoveryPatienceMilliseconds = 15_000;

/** `undefined` when the server could not bind the port and sat on another one, or stays mute: it is killed. */
async function startRecovery(
  program: ServerProgram,
  port: number,
): Promise<{ server: StartedProcess; endpoint: JmapEndpoint } | undefined> {
  const login = "recovery";
  const secret = randomSecret();
  const environment = recoveryEnvironment(program.environment, { port, login, secret });
  const endpoint: JmapEndpoint = {
    url: `http://127.0.0.1:${port}/jmap/`,
    authorization: basicAuthorization(login, secret),
    timeoutMilliseconds: 5_000,
  };
  const server = await start({ ...program, environment });
  try {
    const wanted = [`[::]:${port}`, `0.0.0.0:${port}`];
    let found: string[] = [];
    await waitUntil(
      server,
      () => (found = listeningAddresses(server.pid)).length > 0,
      "did not listen in recovery mode",
    );
    if (found.some((address) => !wanted.includes(address))) {
      await server.kill();
      return undefined;
    }
    // It answers within a second or, seen on a loaded machine, not at all: then another start on another port does.
    if (await becomesTrue(server, answering(endpoint, program.log), recoveryPatienceMilliseconds)) {
      return { server, endpoint: { ...endpoint, timeoutMilliseconds: 15_000 } };
    }
    program.log("the recovery start listens and does not answer: killed, and begun again");
    await server.kill();
    return undefined;
  } catch (error) {
    await server.kill();
    throw error;
  }
}

/** Starts normally and returns when the server is proved to serve as configured; otherwise it is stopped. */
export async function startServing(program: ServerProgram, expected: Expected): Promise<StartedProcess> {
  const server = await start(program);
  const endpoint: JmapEndpoint = {
    url: expected.jmapUrl,
    authorization: expected.authorization,
    timeoutMilliseconds: 10_000,
  };
  try {
    await waitUntil(
      server,
      () => listensAsConfigured(server.pid, expected.addresses),
      "did not open its ports",
    );
    await waitUntil(server, answering(endpoint, program.log), "did not answer a JMAP call");
    await requireNoBuildError(endpoint);
    // Listeners may come late: what counts is the state in which it is handed over.
    listensAsConfigured(server.pid, expected.addresses);
    return server;
  } catch (error) {
    await server.kill();
    throw error;
  }
}

async function start(program: ServerProgram): Promise<StartedProcess> {
  return await startProcess({
    name: "stalwart",
    command: program.binary,
    args: ["--config", program.configFile],
    environment: program.environment,
    clearEnvironment: true,
    workingDirectory: program.directory,
    directory: program.directory,
    ...(program.runAs === undefined ? {} : { runAs: program.runAs }),
    stopTimeoutSeconds: 15,
    log: program.log,
  });
}

/**
 * Whether the process listens on all configured addresses.
 *
 * @throws StartFailure as soon as it listens anywhere else: a listener that cannot bind sits on a random port of all
 * interfaces, with the whole protocol, in clear.
 */
function listensAsConfigured(pid: number, wanted: readonly string[]): boolean {
  const found = listeningAddresses(pid);
  const strange = found.filter((address) => !wanted.includes(address));
  if (strange.length > 0) {
    throw new StartFailure(
      `The mail server listened on ${strange.join(", ")}, which nobody configured: stopped.`,
    );
  }
  return wanted.every((address) => found.includes(address));
}

/** Whether it answers a call. While it does not, each new reason is logged once: the last says why a start was given up. */
function answering(endpoint: JmapEndpoint, log: (line: string) => void): () => Promise<boolean> {
  let said = "";
  return async () => {
    try {
      await callJmap(endpoint, [["x:Domain/query", { limit: 1 }]]);
      return true;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (reason !== said) log(`does not answer yet: ${reason}`);
      said = reason;
      return false;
    }
  };
}

/** A setting that could not be built (a secret's variable that is missing …) is dropped in silence at start; a reload tells. */
async function requireNoBuildError(endpoint: JmapEndpoint): Promise<void> {
  const response = await callOnce(endpoint, "x:Action/set", { create: { r: { "@type": "ReloadSettings" } } });
  const refused = setError(response, "r");
  if (refused !== undefined) {
    throw new StartFailure(`The mail server could not build its settings: ${refused.message}`);
  }
}

/** @throws StartFailure when the server ends, or the condition is not met within a minute */
async function waitUntil(
  server: StartedProcess,
  condition: () => boolean | Promise<boolean>,
  otherwise: string,
): Promise<void> {
  if (await becomesTrue(server, condition, startTimeoutMilliseconds)) return;
  throw new StartFailure(`Stalwart ${otherwise} within ${startTimeoutMilliseconds / 1000} s.`);
}

/**
 * Whether the condition is met before the patience ends.
 *
 * @throws StartFailure when the server ends
 */
async function becomesTrue(
  server: StartedProcess,
  condition: () => boolean | Promise<boolean>,
  patienceMilliseconds: number,
): Promise<boolean> {
  let ended: number | undefined;
  void server.exited.then(({ code }) => ended = code);
  const deadline = Date.now() + patienceMilliseconds;
  while (!(await condition())) {
    if (ended !== undefined) {
      throw new StartFailure(`Stalwart ended with code ${ended} before it served: its log says why.`);
    }
    if (Date.now() > deadline) return false;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return true;
}
