import { describe, expect, test } from "vitest";
import type { PersonActor, StructureRole } from "../../../api/context.ts";
import { type Action, authoriseOverChild } from "../../../api/identity/mod.ts";
import { Problem } from "../../../api/problems.ts";

const reseller = "11111111-1111-4111-8111-111111111111";
const child = "22222222-2222-4222-8222-222222222222";
const stranger = "33333333-3333-4333-8333-333333333333";

/** As a session lists it: his own role, and the one over each child that comes with it. */
function actorOf(role: StructureRole, isOverChild: boolean): PersonActor {
  const over = { structureId: child, role: "structure_administrator", through: reseller } as const;
  return {
    kind: "person",
    personId: "44444444-4444-4444-8444-444444444444",
    sessionId: "55555555-5555-4555-8555-555555555555",
    displayName: "Somebody",
    idNatPs: null,
    operatorRoles: [],
    memberships: [{ structureId: reseller, role }, ...(isOverChild ? [over] : [])],
  };
}

function refusal(actor: PersonActor, action: Action, structureId: string): string {
  try {
    authoriseOverChild({ actor }, action, { structureId });
    return "passes";
  } catch (error) {
    if (error instanceof Problem) return `${error.status} ${error.slug}`;
    throw error;
  }
}

const operators = [
  "structure.administer",
  "structure.suspend",
  "structure.resume",
  "structure.close",
  "domain.create",
  "domain.suspend",
  "domain.resume",
  "domain.close",
] as const;

describe.each(operators)("%s", (action) => {
  test("is a reseller's over its children, and neither over itself nor over a stranger", () => {
    const actor = actorOf("structure_administrator", true);
    expect(refusal(actor, action, child)).toBe("passes");
    expect(refusal(actor, action, reseller)).toBe("403 forbidden");
    expect(refusal(actor, action, stranger)).toBe("404 structure-not-found");
  });

  test("is not of a child's own administrator", () => {
    const own = {
      ...actorOf("user", false),
      memberships: [{ structureId: child, role: "structure_administrator" }],
    };
    expect(refusal(own as PersonActor, action, child)).toBe("403 forbidden");
  });
});
