import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readAnchors, verifyTrail } from "../../../api/audit/mod.ts";
import type { WorkerDeps } from "../../../api/workers/mod.ts";
import { createAnchorAudit } from "../../../api/workers/anchor-audit.ts";
import { type Harness, openHarness } from "../../support/harness.ts";
import { newMailbox, newTenant } from "../../support/tenants.ts";

describe("the job that anchors the chains", () => {
  let harness: Harness;
  let directory: string;
  const jobOf = (auditAnchorDirectory: string | null) =>
    createAnchorAudit({ contextOf: () => harness.system, auditAnchorDirectory } as unknown as WorkerDeps);

  beforeAll(async () => {
    harness = await openHarness();
    directory = join(await mkdtemp(join(tmpdir(), "mss-anchors-")), "made-by-the-job");
  });
  afterAll(async () => {
    await harness.close();
    await rm(join(directory, ".."), { recursive: true });
  });

  it("notes each end once, again when it has moved, and all of them after a restart", async () => {
    const [one, two] = [await newTenant(harness), await newTenant(harness)];
    const anchor = jobOf(directory);
    const count = async (chain: string) => (await readAnchors(directory)).byChain.get(chain)?.length;
    const counts = async () => [await count(one.structureId), await count(two.structureId)];
    await anchor();
    await anchor();
    expect(await counts()).toEqual([1, 1]);
    await newMailbox(harness, two);
    await anchor();
    expect(await counts()).toEqual([1, 2]);
    await jobOf(directory)();
    expect(await counts()).toEqual([2, 3]);
    const { byChain } = await readAnchors(directory);
    expect((await verifyTrail(harness.system, { anchors: byChain })).faults).toEqual([]);
    const file = join(directory, `anchors-${harness.clock.now().toISOString().slice(0, 10)}.jsonl`);
    expect((await stat(file)).mode & 0o007).toBe(0);
    expect(await readFile(file, "utf8")).toMatch(
      /^(\{"at":"[^"]+","chain":"[^"]+","seq":\d+,"hash":"[0-9a-f]{64}"\}\n)+$/,
    );
  });

  it("says so when there is nowhere to note them", async () => {
    await jobOf(null)();
    expect(harness.logLines.join("\n")).toContain("anchor-audit.nowhere");
  });
});
