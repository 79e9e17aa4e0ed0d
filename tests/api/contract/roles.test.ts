/** Every operation in every role, over HTTP, against the policy table: the one place where rights are decided. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Action, actions } from "../../../api/actions.ts";
import type { OperatorRole, StructureRole } from "../../../api/context.ts";
import { may, policy, type Role, roles } from "../../../api/identity/mod.ts";
import { baseUrl, type Harness, openHarness, type Visitor } from "../../support/harness.ts";
import { newTenant } from "../../support/tenants.ts";
import { call, endsTheSession, examples, listOperations, type Operation, type World } from "./operations.ts";

let harness: Harness;
let world: World;
const visitors = new Map<Role, Visitor>();

const isOperatorRole = (role: Role): role is OperatorRole =>
  ["operator_administrator", "operator_support", "auditor"].includes(role);
const withRole = (role: Role, structureId: string) =>
  isOperatorRole(role)
    ? { operatorRoles: [role] }
    : { memberships: [{ structureId, role: role as StructureRole }] };

beforeAll(async () => {
  harness = await openHarness();
  world = {
    tenant: await newTenant(harness),
    operator: await harness.signIn({ operatorRoles: ["operator_administrator"] }),
  };
  for (const role of roles) {
    visitors.set(role, await harness.signIn(withRole(role, world.tenant.structureId)));
  }
});
afterAll(async () => await harness.close());

const operations = listOperations().filter((one) => !one.isPublic);
const decided = operations.filter((one) => one.requires !== undefined && one.requires !== "everybody");

/** The structure in which an example plays, read back from what its parameters name. */
async function structureOf(operation: Operation, parameters: Readonly<Record<string, string>>) {
  if (inOwnStructure.has(operation.id)) return world.tenant.structureId;
  if (parameters["structureId"] !== undefined) return parameters["structureId"];
  for (const [name, value] of Object.entries(parameters)) {
    const table = tables[name];
    if (table === undefined) continue;
    const rows = await harness.database.rows(`select structure_id from app.${table} where id = $1`, [value]);
    const structureId = (rows[0] as { structure_id?: string } | undefined)?.structure_id;
    if (structureId !== undefined) return structureId;
  }
  return Object.keys(parameters).every((name) => ofThePlatform.has(name)) ? undefined : unplaced(operation);
}
const tables: Readonly<Record<string, string>> = { mailboxId: "mailboxes", batchId: "batches" };
/** Parameters of what belongs to no structure. */
const ofThePlatform: ReadonlySet<string> = new Set(["erasureId", "personId", "role"]);
/** What names its structure otherwise than in the path: the register is read by who administers any, a domain stands in the query. */
const inOwnStructure: ReadonlySet<string> = new Set(["readProcessingRegister", "suggestAddresses"]);
/** Which parameter names the subject that a rule hides. */
const subjectParameters: Readonly<Record<string, readonly string[]>> = {
  "structure-not-found": ["structureId"],
  "mailbox-not-found": ["mailboxId"],
  "person-not-found": ["personId"],
  "batch-not-found": ["batchId"],
  "erasure-not-found": ["erasureId"],
};
function unplaced(operation: Operation): never {
  throw new Error(`${operation.id}: name the table of its parameters in roles.test.ts`);
}

it("every operation behind the sign-in names the action that it asks for, and that action exists", () => {
  expect(operations.filter((one) => one.requires === undefined).map((one) => one.id)).toEqual([]);
  const named = operations.map((one) => one.requires).filter((one) => one !== "everybody");
  expect(named.filter((one) => !actions.includes(one as Action))).toEqual([]);
});

describe.each(decided)("$id", (operation) => {
  it.each(roles)("is for %s what the policy says", async (role) => {
    const action = operation.requires as Action;
    const example = examples[operation.id]!;
    const request = await example(harness, world);
    const structureId = await structureOf(operation, request.parameters);
    // A move is from one structure into another, and asks for the role in both.
    const other = (request.body as { structureId?: string } | undefined)?.structureId;
    const memberships = isOperatorRole(role)
      ? []
      : [structureId, other].flatMap((one) =>
        one === undefined ? [] : [{ structureId: one, role: role as StructureRole }]
      );
    const visitor = structureId === world.tenant.structureId && other === undefined
      ? visitors.get(role)!
      : await harness.signIn({ ...withRole(role, world.tenant.structureId), memberships });
    const actor = {
      kind: "person" as const,
      personId: visitor.personId,
      sessionId: "",
      displayName: "",
      idNatPs: null,
      operatorRoles: [] as readonly OperatorRole[],
      memberships: [] as readonly { structureId: string; role: StructureRole }[],
      ...withRole(role, structureId ?? ""),
    };
    const answer = await call(visitor, operation, request);
    const slug = answer.status < 400 ? "allowed" : JSON.parse(answer.text).type.slice(
      `${baseUrl}/problems/`.length,
    );
    const rule = policy[action] as { readonly hiddenAs?: string; readonly sees?: Action };
    // A list of what one may not read: there is nothing to hide in a structure that one belongs to.
    const hasSubject = rule.hiddenAs !== undefined &&
      subjectParameters[rule.hiddenAs]!.some((name) => name in request.parameters);
    const isSeen = !hasSubject || (rule.sees !== undefined && may(actor, rule.sees, { structureId }));
    expect(slug, answer.text).toBe(
      may(actor, action, { structureId }) ? "allowed" : isSeen ? "forbidden" : rule.hiddenAs,
    );
  });
});

it("nothing that ends a session is decided by a role", () => {
  for (const id of endsTheSession) {
    expect(operations.find((one) => one.id === id)?.requires ?? "everybody").toBe("everybody");
  }
});
