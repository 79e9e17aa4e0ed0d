/** Every operation in every role, over HTTP, against the policy table: the one place where rights are decided. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Action, actions } from "../../../api/actions.ts";
import type { StructureRole } from "../../../api/context.ts";
import { may, policy, type Role, roles } from "../../../api/identity/mod.ts";
import { baseUrl, type Harness, openHarness, type Visitor } from "../../support/harness.ts";
import { newTenant } from "../../support/tenants.ts";
import type { World } from "./example.ts";
import { call, endsTheSession, examples, listOperations } from "./operations.ts";
import { actorWith, isOperatorRole, isSeenBy, structureOf, withRole } from "./scenes.ts";

let harness: Harness;
let world: World;
const visitors = new Map<Role, Visitor>();

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
    const structureId = await structureOf({ harness, world, operation }, request.parameters);
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
    const actor = actorWith(role, structureId, visitor.personId);
    const answer = await call(visitor, operation, request);
    const slug = answer.status < 400 ? "allowed" : JSON.parse(answer.text).type.slice(
      `${baseUrl}/problems/`.length,
    );
    const rule = policy[action] as { readonly hiddenAs?: string };
    const isSeen = isSeenBy(actor, action, structureId, request.parameters);
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
