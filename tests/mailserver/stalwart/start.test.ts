import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { rename } from "node:fs/promises";
import net from "node:net";
import { applyInRecovery, startServing } from "../../../mailserver/stalwart/server.ts";
import { configure } from "../../../mailserver/stalwart/configure.ts";
import { launch, portNames } from "../../../mailserver/stalwart/launch.ts";
import { listeningAddresses } from "../../../mailserver/stalwart/sockets.ts";
import { findFreePorts } from "../../../scripts/stack/ports.ts";
import { isAlive } from "../../../scripts/stack/proc.ts";
import { prepareWorld, stalwartProgram, titled } from "./world.ts";

type Prepared = Awaited<ReturnType<typeof prepareWorld>>;

describe.skipIf(stalwartProgram === undefined)(titled("starting Stalwart"), () => {
  let world: Prepared;
  let firstListeners: string[];
  beforeAll(async () => {
    world = await prepareWorld();
    const server = await launch(world.options);
    firstListeners = listeningAddresses(server.pids[0]!);
    await server.stop();
  });
  afterAll(async () => {
    await world.stop();
  });

  const addresses = () => portNames.map((name) => `127.0.0.1:${world.options.ports[name]}`).sort();

  it("goes from an empty database to serving on exactly the configured addresses", () => {
    expect(firstListeners).toEqual(addresses());
  });

  it("applies its settings once: the same plan again changes nothing", async () => {
    const { program, plan } = await configure(world.options);
    expect(await applyInRecovery(program, plan, false)).toBe(0);
  });

  it("takes up a plan that was interrupted on an empty database", async () => {
    const empty = await prepareWorld();
    try {
      const { program, plan } = await configure(empty.options);
      await applyInRecovery(program, { ...plan, steps: plan.steps.slice(0, 20) }, true);
      await launch(empty.options).then((server) => server.stop());
      expect(await applyInRecovery(program, plan, false)).toBe(0);
    } finally {
      await empty.stop();
    }
  });

  it("puts right what somebody changed by hand, and removes a listener nobody planned", async () => {
    const { program, plan } = await configure(world.options);
    const strange = {
      ...plan,
      steps: [
        { object: "x:Jmap", kind: "singleton" as const, value: { maxMethodCalls: 7 } },
        {
          object: "x:NetworkListener",
          kind: "match" as const,
          match: ["name"],
          immutable: ["name"],
          value: { name: "strange", protocol: "pop3", bind: { "127.0.0.1:18399": true }, useTls: false },
        },
      ],
    };
    expect(await applyInRecovery(program, strange, false)).toBe(2);
    expect(await applyInRecovery(program, plan, false)).toBe(2);
    expect(await applyInRecovery(program, plan, false)).toBe(0);
  });

  it("refuses to start when a port is taken, and nothing runs", async () => {
    const port = world.options.ports["imap"]!;
    const holder = net.createServer().listen(port, "127.0.0.1");
    try {
      await expect(launch(world.options)).rejects.toThrow(`Port ${port}`);
      expect(await serversIn(world.options.directory)).toEqual([]);
    } finally {
      holder.close();
    }
  });

  it("kills a server that could not bind and sat on a random port of all interfaces instead", async () => {
    const port = world.options.ports["imap"]!;
    const holder = net.createServer().listen(port, "127.0.0.1");
    try {
      // The check before the start is left out: the port is taken between check and start.
      const { program, expected } = await configure(world.options);
      await expect(startServing(program, expected)).rejects.toThrow(
        /listened on 0\.0\.0\.0:\d+, which nobody configured/,
      );
      expect(await serversIn(world.options.directory)).toEqual([]);
    } finally {
      holder.close();
    }
  });

  it("takes another port for the recovery start when its own was taken meanwhile", async () => {
    const { program, plan } = await configure(world.options);
    const ports = findFreePorts(["taken", "free"], 18_210, 18_399);
    const holder = net.createServer().listen(ports.taken, "::");
    const chosen: number[] = [];
    try {
      const choose = () => [ports.taken, ports.free][chosen.push(0) - 1]!;
      expect(await applyInRecovery(program, plan, false, choose)).toBe(0);
      expect(chosen).toHaveLength(2);
      expect(await serversIn(world.options.directory)).toEqual([]);
    } finally {
      holder.close();
    }
  });

  it("refuses to start without the directory's password", async () => {
    const file = `${world.options.secretsDirectory}/postgres-mail_directory`;
    await rename(file, `${file}.away`);
    try {
      await expect(launch(world.options)).rejects.toThrow("DIRECTORY_DB_PASSWORD");
      expect(await serversIn(world.options.directory)).toEqual([]);
    } finally {
      await rename(`${file}.away`, file);
    }
  });

  it.each(["DIRECTORY_DB_PASSWORD", "STALWART_HOOK_SECRET", "STALWART_OAUTH_SIGNATURE_KEY"])(
    "stops a server that was started without %s all the same",
    async (name) => {
      const { program, expected } = await configure(world.options);
      const environment = Object.fromEntries(
        Object.entries(program.environment).filter(([each]) => each !== name),
      );
      await expect(startServing({ ...program, environment }, expected)).rejects.toThrow(
        "could not build its settings",
      );
      expect(await serversIn(world.options.directory)).toEqual([]);
    },
  );

  it("refuses a second server on the same database", async () => {
    const server = await launch(world.options);
    try {
      const others = findFreePorts([...portNames], 18_210, 18_399);
      await expect(launch({ ...world.options, ports: others })).rejects.toThrow("Another mail server");
      expect(isAlive(server.pids[0]!)).toBe(true);
    } finally {
      await server.stop();
    }
  });

  it("refuses a server of another line than the plan's", async () => {
    await expect(launch({ ...world.options, stalwart: { binary: "/bin/true" } })).rejects.toThrow(
      "version unknown",
    );
    await expect(launch({ ...world.options, stalwart: { binary: "/nowhere/stalwart" } })).rejects.toThrow(
      "missing",
    );
  });

  it("says in one sentence that PostgreSQL does not answer", async () => {
    const options = { ...world.options, postgres: { ...world.options.postgres, port: 9 } };
    await expect(launch(options)).rejects.toThrow("could not be written to the platform's database");
  });

  it("carries no secret in its configuration file, its arguments or its log", async () => {
    const server = await launch(world.options);
    try {
      const config = await Deno.readTextFile(`${world.options.directory}/config.json`);
      const commandLine = await Deno.readTextFile(`/proc/${server.pids[0]}/cmdline`);
      const text = [config, commandLine, ...world.log].join("\n");
      for await (const { name } of Deno.readDir(world.options.secretsDirectory)) {
        const secret = await Deno.readTextFile(`${world.options.secretsDirectory}/${name}`);
        expect(text.includes(secret), name).toBe(false);
      }
    } finally {
      await server.stop();
    }
  });
});

/** Processes of the server that run in this directory. */
async function serversIn(directory: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name } of Deno.readDir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const commandLine = await Deno.readTextFile(`/proc/${name}/cmdline`).catch(() => "");
    if (commandLine.includes(`${directory}/config.json`)) found.push(name);
  }
  return found;
}
