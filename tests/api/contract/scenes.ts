/** What a case of the contract needs: somebody, in a structure, with a request of an operation, and a way to send it. */
import type { OperatorRole, StructureRole } from "../../../api/context.ts";
import { may, policy, type Role, roles } from "../../../api/identity/mod.ts";
import type { Action } from "../../../api/actions.ts";
import { baseUrl, type Harness } from "../../support/harness.ts";
import { newTenant } from "../../support/tenants.ts";
import type { Operation } from "./document.ts";
import type { Attempt, Request, Scene, World } from "./example.ts";
import { examples, pathOf } from "./operations.ts";

/** A structure of its own, and who may do everything in it. */
export async function newWorld(harness: Harness): Promise<World> {
  const tenant = await newTenant(harness);
  return {
    tenant,
    operator: await harness.signIn({
      operatorRoles: ["operator_administrator"],
      // A box's content is its structure's, never the operator's: some acts are open to this role alone.
      memberships: [{ structureId: tenant.structureId, role: "structure_administrator" }],
    }),
  };
}

export function sceneOf(harness: Harness, world: World, operation: Operation): Scene {
  const example = examples[operation.id];
  if (example === undefined) throw new Error(`${operation.id} needs an example in operations.ts`);
  return { harness, world, operation, example: async () => await example(harness, world) };
}

export async function send({ harness, world, operation, example }: Scene, attempt: Attempt) {
  const request = attempt.request ?? await example();
  const {
    raw = request.body === undefined
      ? undefined
      : { body: JSON.stringify(request.body), type: "application/json" },
  } = attempt;
  const query = request.query === undefined ? "" : `?${new URLSearchParams(request.query)}`;
  const headers = new Headers({ "sec-fetch-site": "same-origin", ...attempt.headers });
  const { cookie } = attempt.visitor ?? world.operator;
  if (cookie !== "" && !headers.has("authorization")) headers.set("cookie", cookie);
  if (raw !== undefined) headers.set("content-type", raw.type);
  const response = await (attempt.app ?? harness.app).request(
    new URL(`${pathOf(operation, request.parameters)}${query}`, baseUrl),
    { method: operation.method, headers, ...(raw === undefined ? {} : { body: raw.body }) },
  );
  return { status: response.status, headers: response.headers, text: await response.text() };
}

/** Parameters that fit their form and name nothing: enough where a request is refused before its subject is looked for. */
export function namingNothing(operation: Operation): Request {
  const parameters = Object.fromEntries(operation.parameters.map((name) => [name, crypto.randomUUID()]));
  return { parameters, ...(operation.hasBody ? { body: {} } : {}) };
}

// Roles -------------------------------------------------------------------------------------------------------------------

export const isOperatorRole = (role: Role): role is OperatorRole =>
  ["operator_administrator", "operator_support", "auditor"].includes(role);

export const withRole = (role: Role, structureId: string) =>
  isOperatorRole(role)
    ? { operatorRoles: [role] }
    : { memberships: [{ structureId, role: role as StructureRole }] };

/** Somebody with one role, as the policy table sees him. */
export function actorWith(role: Role, structureId: string | undefined, personId = "") {
  return {
    kind: "person" as const,
    personId,
    sessionId: "",
    displayName: "",
    idNatPs: null,
    operatorRoles: [] as readonly OperatorRole[],
    memberships: [] as readonly { structureId: string; role: StructureRole }[],
    ...withRole(role, structureId ?? ""),
  };
}

/** Whether who may not act would see the subject of this request, and be told so. */
export function isSeenBy(
  actor: ReturnType<typeof actorWith>,
  action: Action,
  structureId: string | undefined,
  parameters: Readonly<Record<string, string>>,
): boolean {
  const rule = policy[action] as { readonly hiddenAs?: string; readonly sees?: Action };
  // A list of what one may not read: there is nothing to hide in a structure that one belongs to.
  const hasSubject = rule.hiddenAs !== undefined &&
    subjectParameters[rule.hiddenAs]!.some((name) => name in parameters);
  return !hasSubject || (rule.sees !== undefined && may(actor, rule.sees, { structureId }));
}

/** A role that sees the subject and may not act; undefined when there is none. */
export function roleThatOnlySees(
  action: Action,
  structureId: string | undefined,
  parameters: Readonly<Record<string, string>>,
): Role | undefined {
  return roles.find((role) => {
    const actor = actorWith(role, structureId);
    return !may(actor, action, { structureId }) && isSeenBy(actor, action, structureId, parameters);
  });
}

/** Which parameter names the subject that a rule hides. */
const subjectParameters: Readonly<Record<string, readonly string[]>> = {
  "structure-not-found": ["structureId"],
  "mailbox-not-found": ["mailboxId"],
  "person-not-found": ["personId"],
  "batch-not-found": ["batchId"],
  "erasure-not-found": ["erasureId"],
  "oauth-client-not-found": ["oauthClientId"],
};

/** The structure in which a request plays, read back from what its parameters name. */
export async function structureOf(
  { harness, world, operation }: Pick<Scene, "harness" | "world" | "operation">,
  parameters: Readonly<Record<string, string>>,
): Promise<string | undefined> {
  if (inOwnStructure.has(operation.id)) return world.tenant.structureId;
  if (parameters["structureId"] !== undefined) return parameters["structureId"];
  for (const [name, value] of Object.entries(parameters)) {
    const table = tables[name];
    if (table === undefined) continue;
    const rows = await harness.database.rows(`select structure_id from app.${table} where id = $1`, [value]);
    const structureId = (rows[0] as { structure_id?: string } | undefined)?.structure_id;
    if (structureId !== undefined) return structureId;
  }
  if (Object.keys(parameters).every((name) => ofThePlatform.has(name))) return undefined;
  throw new Error(`${operation.id}: name the table of its parameters in scenes.ts`);
}
const tables: Readonly<Record<string, string>> = { mailboxId: "mailboxes", batchId: "batches" };
/** Parameters of what belongs to no structure. */
const ofThePlatform: ReadonlySet<string> = new Set(["erasureId", "personId", "role", "oauthClientId"]);
/** What names its structure otherwise than in the path: the register is read by who administers any, a domain stands in the query. */
const inOwnStructure: ReadonlySet<string> = new Set(["readProcessingRegister", "suggestAddresses"]);
