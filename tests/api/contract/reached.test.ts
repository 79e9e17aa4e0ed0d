/**
 * What is declared is true: every problem that an operation of the document names is provoked here, and so is every status
 * that is no problem (by its example). What nobody can provoke does not stand in the document.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { catalogue } from "../../../api/problems.ts";
import { baseUrl, type Harness, openHarness } from "../../support/harness.ts";
import { commonProvocations, missingProvocation, openBrokenApps } from "./common-problems.ts";
import type { BrokenApps, Provoke, World } from "./example.ts";
import { listOperations, type Operation } from "./operations.ts";
import { newWorld, sceneOf, send } from "./scenes.ts";
import { byOperation, byProblem } from "./state-problems.ts";

let harness: Harness;
let world: World;
let apps: BrokenApps;

beforeAll(async () => {
  harness = await openHarness();
  world = await newWorld(harness);
  apps = await openBrokenApps(harness, world);
});
afterAll(async () => {
  await apps.close();
  await harness.close();
});

const operations = listOperations();
/** A case of the operation's own comes first. */
function provocationOf(operation: Operation, slug: Operation["problems"][number]) {
  const special = byOperation[operation.id]?.[slug] ?? byProblem[slug];
  if (special !== undefined) return { provoke: special, isOfState: true };
  const common: Provoke | undefined = commonProvocations[slug] ?? missingProvocation(slug, operation);
  return common && { provoke: common, isOfState: false };
}

describe.each(operations.filter((one) => one.problems.length > 0))("$id", (operation) => {
  it.each(operation.problems)("answers %s", async (slug) => {
    const provocation = provocationOf(operation, slug);
    if (provocation === undefined) throw new Error(`nothing here provokes ${slug}: does it ever happen?`);
    const scene = sceneOf(harness, provocation.isOfState ? await newWorld(harness) : world, operation);
    const attempt = await provocation.provoke(scene, apps);
    const answer = await send(scene, attempt);
    await attempt.undo?.();
    expect(answer.headers.get("content-type"), answer.text).toBe("application/problem+json");
    expect(JSON.parse(answer.text).type, answer.text).toBe(`${baseUrl}/problems/${slug}`);
    expect(answer.status).toBe(catalogue[slug].status);
    // Who is told to come back is told when.
    if (answer.status === 429 || answer.status === 503) {
      expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
    }
  });
});

it("each status is that of a problem, or the one of success", () => {
  const others = operations.map((operation) => {
    const ofProblems = new Set<number>(operation.problems.map((slug) => catalogue[slug].status));
    return [operation.id, [...operation.statuses].filter((status) => !ofProblems.has(status))];
  });
  const success = (status: number) => [200, 201, 202, 204].includes(status);
  expect(others.filter(([, left]) => (left as number[]).length !== 1 || !success((left as number[])[0]!)))
    // It says what it sees in a body of its own, see below.
    .toEqual([["readReadiness", [200, 503]]]);
});

it("readiness is 503 without the database", async () => {
  const answer = await apps.withoutDatabase.request("/health/ready");
  expect([answer.status, (await answer.json()).checks.database]).toEqual([503, "unavailable"]);
});

it("no case is left of what is no longer declared", () => {
  const declared = new Set(operations.flatMap((one) => one.problems.map((slug) => `${one.id} ${slug}`)));
  const cases = Object.entries(byOperation).flatMap(([id, some]) =>
    Object.keys(some).map((slug) => `${id} ${slug}`)
  );
  expect(cases.filter((one) => !declared.has(one))).toEqual([]);
});
