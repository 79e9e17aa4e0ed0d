/** `scripts/start` as a person meets it: the supervisor run for real, on Cyrus, in a directory and on ports of its own. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import pg from "pg";
import { findFreePorts, listeners } from "../../../scripts/stack/ports.ts";
import { descendantsOf, startTimeOf, stillRuns } from "../../../scripts/stack/proc.ts";
import { removeTestDirectory, testDirectory } from "../../support/directory.ts";
import { openBox } from "../../support/mail-program.ts";

let directory: string;
let portBase: number;

beforeAll(async () => {
  directory = await testDirectory("start");
  portBase = findFreePorts(["base"], 32_000, 32_700).base;
});
afterAll(async () => {
  await removeTestDirectory(directory);
});

interface Start {
  readonly pid: number;
  /** Everything printed so far. */
  said(): string;
  /** Resolves with the text printed until the sentence appears. @throws when it ends before. */
  until(pattern: RegExp): Promise<string>;
  readonly ended: Promise<number>;
}

function start(...args: string[]): Start {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      "--quiet",
      "scripts/dev.ts",
      "--mail=cyrus",
      `--port-base=${portBase}`,
      `--directory=${directory}/p`,
      ...args,
    ],
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  let said = "";
  let isOver = false;
  const reading = (async () => {
    const decoder = new TextDecoder();
    for await (const bytes of child.stdout) said += decoder.decode(bytes, { stream: true });
  })();
  const ended = child.status.then(async ({ code }) => {
    await reading;
    isOver = true;
    return code;
  });
  const until = async (pattern: RegExp): Promise<string> => {
    while (!pattern.test(said)) {
      if (isOver) throw new Error(`It ended before it said ${pattern}:\n${said}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return said;
  };
  return { pid: child.pid, said: () => said, until, ended };
}

/** Asks it to stop as Ctrl-C does; returns its exit code and the processes that are left of it. */
async function interrupt(running: Start): Promise<{ code: number; left: number[] }> {
  const family = descendantsOf(running.pid).map((pid) => ({ pid, since: startTimeOf(pid) ?? "" }));
  expect(family.length).toBeGreaterThan(8);
  Deno.kill(running.pid, "SIGINT");
  const code = await running.ended;
  return { code, left: family.filter(({ pid, since }) => stillRuns(pid, since)).map(({ pid }) => pid) };
}

async function database<Result>(use: (client: pg.Client) => Promise<Result>): Promise<Result> {
  const client = new pg.Client({
    host: "127.0.0.1",
    port: portBase + 1,
    user: "postgres",
    database: "platform",
    password: await Deno.readTextFile(`${directory}/p/secrets/postgres-superuser`),
  });
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}

const boxes = () =>
  database(async (client) =>
    Number((await client.query("select count(*) from app.mailboxes")).rows[0].count)
  );

// Several start the platform twice, on a machine that may do other things.
describe("scripts/start", { timeout: 120_000 }, () => {
  test("starts everything, says where to go as whom, and stops without leaving a process", async () => {
    const running = start();
    const said = await running.until(/Ctrl-C stops everything/);
    expect(said).toMatch(/PostgreSQL +\d+\.\d s/);
    expect(said).toContain(`http://localhost:${portBase}`);
    expect(said).toMatch(/Anne ALLARD .*anne\.allard@alpha\.mssante\.test/);
    const [, imapPort] = /IMAP +127\.0\.0\.1, port (\d+)/.exec(said) ?? [];
    const [, login, file] = /Login +(\S+@\S+) +password: cat (\S+)/.exec(said) ?? [];
    const door = { host: "127.0.0.1", port: Number(imapPort), isImplicit: false };
    const secret = await Deno.readTextFile(file ?? "");
    const program = await openBox(door, login ?? "", { kind: "plain", secret });
    expect((await program.list()).map(({ path }) => path)).toContain("INBOX");
    await program.logout();
    expect(said).toContain("Cyrus stands in for Stalwart");
    const home = await fetch(`http://localhost:${portBase}/health/ready`);
    expect(home.status, await home.text()).toBe(200);
    expect(await interrupt(running)).toEqual({ code: 0, left: [] });
  });

  test("keeps the data between starts, and the second start takes less than 15 s", async () => {
    const running = start();
    await running.until(/Ready after/);
    const before = await boxes();
    await database((client) => client.query("create table if not exists public.mark (x int)"));
    expect(await interrupt(running)).toEqual({ code: 0, left: [] });

    const began = performance.now();
    const again = start();
    await again.until(/Ready after/);
    expect(performance.now() - began).toBeLessThan(15_000);
    expect(await boxes()).toBe(before);
    await database((client) => client.query("select from public.mark"));
    await interrupt(again);
  });

  test("clears away what a start that was killed left running", async () => {
    const killed = start();
    await killed.until(/Ready after/);
    const family = descendantsOf(killed.pid).map((pid) => ({ pid, since: startTimeOf(pid) ?? "" }));
    Deno.kill(killed.pid, "SIGKILL");
    await killed.ended;
    const next = start();
    expect(await next.until(/Ready after/)).toContain("still ran from a start that was killed: ended.");
    expect(family.filter(({ pid, since }) => stillRuns(pid, since))).toEqual([]);
    expect(await interrupt(next)).toEqual({ code: 0, left: [] });
  });

  test("starts a part again that dies, and says so", async () => {
    const running = start();
    await running.until(/Ctrl-C stops everything/);
    const [pid] = (await Deno.readTextFile(`${directory}/p/api/api.pid`)).split(" ");
    Deno.kill(Number(pid), "SIGKILL");
    const said = await running.until(/api is back\./);
    expect(said).toMatch(/api has ended by itself \(code \d+\): it is started again in 0\.5 s\./);
    expect((await fetch(`http://localhost:${portBase}/health/live`)).status).toBe(200);
    await interrupt(running);
  });

  test("refuses a second start beside the first, in one sentence", async () => {
    const running = start();
    await running.until(/Ready after/);
    const second = start();
    expect(await second.ended).toBe(1);
    expect(second.said().trim()).toMatch(
      /^The platform of this clone already runs \(process \d+\): stop it there with Ctrl-C first\.$/,
    );
    await interrupt(running);
  });

  test("says which port is taken, what wants it and who holds it, and starts nothing", async () => {
    using _holder = Deno.listen({ hostname: "127.0.0.1", port: portBase + 2 });
    const refused = start();
    expect(await refused.ended).toBe(1);
    expect(refused.said()).toMatch(
      new RegExp(`Port ${portBase + 2}, wanted for redis, is taken by .+ \\(process ${Deno.pid}\\)\\.`),
    );
    expect(refused.said()).not.toContain("PostgreSQL");
  });

  test("Ctrl-C before it is ready stops it, leaves no process and says so", async () => {
    const platform = start();
    await platform.until(/PostgreSQL/);
    // As the terminal does: to what is being run as well.
    const family = descendantsOf(platform.pid).map((pid) => ({ pid, since: startTimeOf(pid) ?? "" }));
    for (const pid of [...family.map(({ pid }) => pid), platform.pid]) {
      try {
        Deno.kill(pid, "SIGINT");
      } catch {
        // It has ended meanwhile.
      }
    }
    expect(await platform.ended).toBe(1);
    expect(platform.said()).toContain("Stopped before it was ready");
    expect(family.filter(({ pid, since }) => stillRuns(pid, since))).toEqual([]);
    expect(listeners().filter(({ port }) => port >= portBase && port < portBase + 30)).toEqual([]);
  });

  test("begins again with --reset", async () => {
    const running = start("--reset");
    await running.until(/Ready after/);
    await expect(database((client) => client.query("select from public.mark"))).rejects.toThrow(
      /does not exist/,
    );
    await interrupt(running);
  });

  test("names its options when one is unknown", async () => {
    const refused = start("--mial=cyrus");
    expect(await refused.ended).toBe(1);
    expect(refused.said()).toContain("The options are --mail=stalwart|cyrus");
  });
});
