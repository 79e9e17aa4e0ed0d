import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { endLeftovers, type ProcessSpec, startProcess } from "../../scripts/stack/process.ts";
import { descendantsOf, isAlive } from "../../scripts/stack/proc.ts";

let directory: string;
const running: number[] = [];

beforeEach(async () => {
  directory = await Deno.makeTempDir();
});

afterEach(async () => {
  for (const pid of running.splice(0)) if (isAlive(pid)) Deno.kill(pid, "SIGKILL");
  await Deno.remove(directory, { recursive: true });
});

function shell(script: string, more: Partial<ProcessSpec> = {}): ProcessSpec {
  return { name: "part", command: "bash", args: ["-c", script], directory, log: () => undefined, ...more };
}

/** The process and one child that left its process group, as PostgreSQL's and Cyrus' children do. */
async function startFamily(more: Partial<ProcessSpec> = {}) {
  const script = "setsid sleep 600 & trap 'exit 0' TERM; echo ready; while :; do sleep 0.05; done";
  const part = await startProcess(shell(script, { ready: { line: /^ready$/ }, ...more }));
  const family = [part.pid, ...descendantsOf(part.pid)];
  running.push(...family);
  expect(family.length).toBeGreaterThan(1);
  return { part, family };
}

describe("a process of the stack", () => {
  test("stop leaves no process, not even one that left the group", async () => {
    const { part, family } = await startFamily();
    await part.stop();
    expect(family.filter(isAlive)).toEqual([]);
    expect([...Deno.readDirSync(directory)]).toEqual([]);
  });

  test("kill leaves no process", async () => {
    const { part, family } = await startFamily();
    await part.kill();
    expect(family.filter(isAlive)).toEqual([]);
  });

  test("stop kills what does not listen to SIGTERM", async () => {
    const part = await startProcess(
      shell("trap '' TERM; echo ready; while :; do sleep 0.05; done", {
        ready: { line: /ready/ },
        stopTimeoutSeconds: 0.2,
      }),
    );
    await part.stop();
    expect(isAlive(part.pid)).toBe(false);
  });

  test("a process that ends before it is ready is told with its last words", async () => {
    const starting = startProcess(
      shell("echo the disk is on fire >&2; exit 3", { ready: { line: /never/ } }),
    );
    await expect(starting).rejects.toThrow(
      /part ended with code 3 before it was ready.*the disk is on fire/s,
    );
  });

  test("a process that is never ready is ended and told", async () => {
    const starting = startProcess(shell("sleep 600", { ready: { line: /never/ }, readyTimeoutSeconds: 0.2 }));
    await expect(starting).rejects.toThrow("part was not ready after 0.2 s");
    expect([...Deno.readDirSync(directory)]).toEqual([]);
  });

  test("a missing program is named", async () => {
    const starting = startProcess(shell("", { command: "/no/such/program" }));
    await expect(starting).rejects.toThrow("/no/such/program is missing");
  });

  test("what a killed stack left is ended by its pid file, a later process with its number is not", async () => {
    const { family } = await startFamily();
    expect(await endLeftovers(directory)).toEqual(["part"]);
    expect(family.filter(isAlive)).toEqual([]);

    Deno.writeTextFileSync(`${directory}/other.pid`, `${Deno.pid} 1\n`);
    expect(await endLeftovers(directory)).toEqual([]);
    expect([...Deno.readDirSync(directory)]).toEqual([]);
  });
});
