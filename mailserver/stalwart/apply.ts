/**
 * Applies a plan by JMAP management calls, idempotently, and reads back what it wrote.
 *
 * A step that finds what it wants changes nothing; the number of changes of a second run is 0. A value that
 * the server answers `updated` and does not keep (it happens with defaults) is written once more by `create`,
 * and when it is still not there applying fails: a setting that only seems to be in force is worse than none.
 */
import {
  asObject,
  callOnce,
  type JmapEndpoint,
  listOf,
  setError,
} from "../../api/mail-server/stalwart/management.ts";
import { differing, resolveReferences } from "./compare.ts";
import type { Json, JsonRecord, Plan, Step } from "./plan.ts";

export interface ApplyOptions {
  /**
   * Write `createSingleton` steps although the server shows the wanted value: on a server whose settings were
   * never applied it shows a default that it will replace at its first normal start.
   */
  readonly firstTime: boolean;
}

/**
 * Applies the plan's steps in order.
 *
 * @returns the number of objects created, changed or destroyed
 * @throws Error naming the step that the server refused or did not keep; MailServerUnavailable
 */
export async function applyPlan(
  endpoint: JmapEndpoint,
  plan: Plan,
  options: ApplyOptions,
): Promise<number> {
  const ids = new Map<string, string>();
  let changes = 0;
  for (const [index, step] of plan.steps.entries()) {
    try {
      changes += await applyStep(new Registry(endpoint, step.object), step, ids, options);
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new Error(`Setting ${index + 1} of ${plan.steps.length} (${step.object}) failed: ${why}`, {
        cause,
      });
    }
  }
  return changes;
}

async function applyStep(
  registry: Registry,
  step: Step,
  ids: Map<string, string>,
  { firstTime }: ApplyOptions,
): Promise<number> {
  if (step.kind === "keepOnly") return await keepOnly(registry, step.by, step.values);
  const value = resolveReferences(step.value, ids) as JsonRecord;
  switch (step.kind) {
    case "singleton":
      return await bringSingleton(registry, value);
    case "createSingleton":
      if (firstTime || Object.keys(differing(value, await registry.singleton())).length > 0) {
        await registry.create(value);
        await registry.expectSingleton(value);
        return 1;
      }
      return 0;
    case "each": {
      let changes = 0;
      for (const object of await registry.all()) changes += await bring(registry, object, value, []);
      return changes;
    }
    case "match": {
      const found = (await registry.all()).find((object) =>
        Object.keys(differing(pick(value, step.match), object)).length === 0
      );
      const id = found === undefined ? await registry.create(value) : String(found["id"]);
      const changes = found === undefined ? 1 : await bring(registry, found, value, step.immutable);
      if (found === undefined) await registry.expect(id, value);
      if (step.as !== undefined) ids.set(step.as, id);
      return changes;
    }
  }
}

async function bringSingleton(registry: Registry, value: JsonRecord): Promise<number> {
  const patch = differing(value, await registry.singleton());
  if (Object.keys(patch).length === 0) return 0;
  await registry.update("singleton", patch);
  if (Object.keys(differing(value, await registry.singleton())).length > 0) await registry.create(value);
  await registry.expectSingleton(value);
  return 1;
}

async function bring(
  registry: Registry,
  observed: JsonRecord,
  value: JsonRecord,
  immutable: readonly string[],
): Promise<number> {
  const patch = differing(value, observed, immutable);
  if (Object.keys(patch).length === 0) return 0;
  const id = String(observed["id"]);
  await registry.update(id, patch);
  await registry.expect(id, value);
  return 1;
}

async function keepOnly(registry: Registry, by: string, values: readonly string[]): Promise<number> {
  const strangers = (await registry.all()).filter((object) => !values.includes(String(object[by])));
  for (const stranger of strangers) await registry.destroy(String(stranger["id"]));
  return strangers.length;
}

function pick(value: JsonRecord, keys: readonly string[]): JsonRecord {
  return Object.fromEntries(keys.map((key) => [key, value[key] ?? null]));
}

/** The objects of one type in the server's registry. */
class Registry {
  constructor(private readonly endpoint: JmapEndpoint, private readonly object: string) {}

  async all(): Promise<JsonRecord[]> {
    return listOf(await callOnce(this.endpoint, `${this.object}/get`, { ids: null })) as JsonRecord[];
  }

  async singleton(): Promise<JsonRecord> {
    const [object] = listOf(await callOnce(this.endpoint, `${this.object}/get`, { ids: ["singleton"] }));
    return (object ?? {}) as JsonRecord;
  }

  async create(value: JsonRecord): Promise<string> {
    const response = await callOnce(this.endpoint, `${this.object}/set`, { create: { new: value } });
    const refused = setError(response, "new");
    if (refused !== undefined) throw refused;
    return String(asObject(asObject(response["created"])["new"])["id"]);
  }

  async update(id: string, patch: JsonRecord): Promise<void> {
    const response = await callOnce(this.endpoint, `${this.object}/set`, { update: { [id]: patch } });
    const refused = setError(response, id);
    if (refused !== undefined) throw refused;
  }

  async destroy(id: string): Promise<void> {
    const response = await callOnce(this.endpoint, `${this.object}/set`, { destroy: [id] });
    const refused = setError(response, id);
    if (refused !== undefined) throw refused;
  }

  async expect(id: string, value: JsonRecord): Promise<void> {
    const [observed] = listOf(await callOnce(this.endpoint, `${this.object}/get`, { ids: [id] }));
    this.#compare(value, (observed ?? {}) as JsonRecord);
  }

  async expectSingleton(value: JsonRecord): Promise<void> {
    this.#compare(value, await this.singleton());
  }

  #compare(value: JsonRecord, observed: JsonRecord): void {
    const lost: Record<string, Json> = differing(value, observed);
    const names = Object.keys(lost);
    if (names.length > 0) {
      throw new Error(
        `the server did not keep ${names.join(", ")}`,
      );
    }
  }
}
