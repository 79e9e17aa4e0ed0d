/** The job against the simulated « Espace de Confiance », a process of its own that misbehaves on demand. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Behaviour } from "../../../infra/simulated/white-list/behaviours.ts";
import { checkRecipients } from "../../../api/trust-space/match.ts";
import { createWhiteListRefresh, type RefreshSettings } from "../../../api/trust-space/refresh.ts";
import { readTrustSpace } from "../../../api/trust-space/state.ts";
import { openTestDatabase, type TestDatabase } from "./test-database.ts";

interface Announced {
  readonly control: string;
  readonly url: string;
  readonly crlUrl: string;
  readonly trustFile: string;
}

let database: TestDatabase;
let directory: string;
let server: ChildProcess;
let announced: Announced;
let settings: RefreshSettings;

beforeAll(async () => {
  database = await openTestDatabase();
  directory = await mkdtemp(join(tmpdir(), "white-list-"));
  const main = fileURLToPath(new URL("../../../infra/simulated/white-list/main.ts", import.meta.url));
  server = spawn(process.execPath, ["run", "-A", main], {
    env: { ...process.env, SIM_DIRECTORY: directory, SIM_PORT: "0", SIM_CONTROL_PORT: "0" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (server.stdout === null) throw new Error("the simulated server has no output");
  const lines = createInterface({ input: server.stdout });
  announced = JSON.parse(await new Promise<string>((resolve) => lines.once("line", resolve))) as Announced;
  settings = {
    url: announced.url,
    crlUrl: announced.crlUrl,
    trustPem: await readFile(announced.trustFile, "utf8"),
    signerName: "alb.mssante.fr",
  };
});
afterAll(async () => {
  server?.kill();
  await database?.close();
  await rm(directory, { recursive: true, force: true });
});

const post = async (path: string, body: object) => {
  const response = await fetch(`${announced.control}${path}`, { method: "POST", body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`${response.status}`);
  await response.body?.cancel();
};
const behave = (behaviour: Behaviour) => post("/behaviour", { behaviour });
const publish = (...domains: string[]) => post("/list", { domains });
const requests = async () =>
  (await (await fetch(`${announced.control}/state`)).json() as { requests: number }).requests;
const context = () => database.contextAt(new Date());
const refresh = (changes: Partial<RefreshSettings> = {}) =>
  createWhiteListRefresh({ ...settings, ...changes })(context());
const statusOf = async (domain: string) => (await checkRecipients(context(), [`x@${domain}`]))[0]?.status;

beforeEach(async () => {
  await behave("good");
  await publish("alpha.mssante.test", "gamma.mssante.test");
  expect((await refresh()).outcome.kind).toBe("imported");
});

describe("the refresh of the white list", () => {
  it("takes what is new, and asks only for what has changed since", async () => {
    const job = createWhiteListRefresh(settings);
    expect((await job(context())).outcome).toEqual({ kind: "unchanged" }); // known by its hash
    const before = await requests();
    expect((await job(context())).outcome).toEqual({ kind: "unchanged" }); // answered 304
    expect(await requests()).toBe(before + 1);
    await publish("alpha.mssante.test", "delta.mssante.test");
    expect((await job(context())).outcome).toMatchObject({ kind: "imported", domainCount: 2 });
    expect([await statusOf("delta.mssante.test"), await statusOf("gamma.mssante.test")])
      .toEqual(["listed", "not-in-trust-space"]);
  });

  it.each<[Behaviour, string, boolean]>([
    ["tampered", "content-altered", false],
    ["second-signature", "several-signatures", false],
    ["external-entity", "forbidden-markup", false],
    ["truncated", "list-truncated", true],
    ["unsigned", "signature-missing", false],
    ["expired-signer", "signer-expired", false],
    ["revoked-signer", "signer-revoked", false],
    ["foreign-signer", "signer-unchained", false],
    ["other-range-signer", "signer-unchained", false],
    ["older", "list-older", false],
    ["empty", "list-empty", false],
    ["error", "server-error", true],
    ["slow", "server-unreachable", true],
    ["crl-expired", "revocation-unknown", true],
    ["crl-missing", "revocation-unknown", true],
  ])("meets %s, says %s, and keeps the last good list", async (behaviour, reason, isTransient) => {
    const before = (await readTrustSpace(context())).list;
    await behave(behaviour);
    expect(await refresh({ timeoutMilliseconds: 1500 })).toEqual({
      outcome: { kind: "refused", reason },
      isTransient,
    });
    const state = await readTrustSpace(context());
    expect(state.list).toEqual(before);
    expect(state.lastRefusal?.reason).toBe(reason);
    expect(await statusOf("gamma.mssante.test")).toBe("listed");
  });

  it("recovers by itself when the server behaves again, though it was told nothing new meanwhile", async () => {
    const job = createWhiteListRefresh(settings);
    await job(context());
    await behave("crl-missing");
    expect((await job(context())).outcome).toMatchObject({ reason: "revocation-unknown" });
    await behave("good");
    expect((await job(context())).outcome.kind).toBe("imported");
    expect((await job(context())).outcome.kind).toBe("unchanged");
  });

  it("says that the server is away when nothing listens", async () => {
    const url = announced.url.replace(/:\d+/, ":1");
    expect(await refresh({ url })).toEqual({
      outcome: { kind: "refused", reason: "server-unreachable" },
      isTransient: true,
    });
  });

  it("does not start with a trust file that trusts nobody", () => {
    expect(() => createWhiteListRefresh({ ...settings, trustPem: "" })).toThrow("no certificate");
  });

  it("says in the log when the list has not changed for long", async () => {
    const events: string[] = [];
    const log = { info: () => {}, warn: (event: string) => void events.push(event), error: () => {} };
    const inTwoMonths = new Date(Date.now() + 60 * 86_400_000);
    await createWhiteListRefresh(settings)({ ...context(), now: () => inTwoMonths, log });
    expect(events).toContain("white-list.stale");
  });
});
