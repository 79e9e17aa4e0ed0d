import { describe, expect, test } from "vitest";
import type { Actor, PersonActor } from "../../../api/context.ts";
import {
  type Action,
  actions,
  authorise,
  may,
  policy,
  type Role,
  roles,
  serviceScopes,
} from "../../../api/identity/mod.ts";
import { Problem } from "../../../api/problems.ts";

const alpha = "11111111-1111-4111-8111-111111111111";
const beta = "22222222-2222-4222-8222-222222222222";

function actorWith(role: Role | undefined, structureId = alpha): PersonActor {
  const isOperator = role === "operator_administrator" || role === "operator_support" || role === "auditor";
  return {
    kind: "person",
    personId: "33333333-3333-4333-8333-333333333333",
    sessionId: "44444444-4444-4444-8444-444444444444",
    displayName: "Somebody",
    idNatPs: null,
    operatorRoles: isOperator ? [role] : [],
    memberships: role && !isOperator ? [{ structureId, role }] : [],
  };
}

function refusal(actor: Actor, action: Action, structureId = alpha): string {
  try {
    authorise({ actor }, action, { structureId });
    return "passes";
  } catch (error) {
    if (error instanceof Problem) return `${error.status} ${error.slug}`;
    throw error;
  }
}

const writes = ["mailbox.create", "mailbox.suspend", "mailbox.resume", "mailbox.change"] as const;

describe("the policy", () => {
  test("has a row for every action", () => {
    expect(Object.keys(policy).sort()).toEqual([...actions].sort());
  });

  test.each(roles)("lets %s do in its structure what the table says, and nothing in another", (role) => {
    for (const action of actions) {
      const isListed = (policy[action].roles as readonly Role[]).includes(role);
      expect([action, may(actorWith(role), action, { structureId: alpha })]).toEqual([action, isListed]);
      const isOperators = actorWith(role).operatorRoles.length > 0;
      const isOpen = "isForEverybody" in policy[action];
      expect([action, may(actorWith(role), action, { structureId: beta })]).toEqual([
        action,
        (isListed && isOperators) || isOpen,
      ]);
    }
  });

  test.each(writes)("gives %s to administrators and managers alone", (action) => {
    const allowed = roles.filter((role) => may(actorWith(role), action, { structureId: alpha }));
    expect(allowed).toEqual([
      "operator_administrator",
      "structure_administrator",
      "domain_administrator",
      "mailbox_manager",
    ]);
  });

  test("hides from a stranger what exists, in the words of what does not", () => {
    for (const role of ["structure_administrator", "user"] as const) {
      expect(refusal(actorWith(role, beta), "structure.read")).toBe("404 structure-not-found");
      expect(refusal(actorWith(role, beta), "mailbox.suspend")).toBe("404 mailbox-not-found");
      expect(refusal(actorWith(role, beta), "mailbox.create")).toBe("404 structure-not-found");
    }
  });

  test("says 403 to who sees it and may not", () => {
    expect(refusal(actorWith("auditor"), "mailbox.suspend")).toBe("403 forbidden");
    expect(refusal(actorWith("operator_support"), "structure.suspend")).toBe("403 forbidden");
    expect(refusal(actorWith("user"), "mailbox.create")).toBe("403 forbidden");
    expect(refusal(actorWith("user"), "structure.create")).toBe("403 forbidden");
  });

  test("asks nobody to sign in, whatever he tries", () => {
    for (const action of actions) expect(refusal({ kind: "anonymous" }, action)).toBe("401 sign-in-required");
  });

  test("lets the platform's own jobs pass", () => {
    for (const action of actions) expect(refusal({ kind: "system", job: "test" }, action)).toBe("passes");
  });

  test("gives nobody what the platform alone does", () => {
    for (const action of ["person.create", "session.start", "session.refuse", "mailbox.provision"] as const) {
      expect(roles.filter((role) => may(actorWith(role), action, { structureId: alpha }))).toEqual([]);
    }
  });

  test("lets software do what its scopes name, in its structure alone", () => {
    for (const scope of serviceScopes) {
      const actor: Actor = {
        kind: "service",
        serviceAccountId: "55555555-5555-4555-8555-555555555555",
        keyId: "66666666-6666-4666-8666-666666666666",
        structureId: alpha,
        displayName: "DPI",
        scopes: [scope],
      };
      const allowed = actions.filter((action) => may(actor, action, { structureId: alpha }));
      expect(new Set(allowed)).toEqual(new Set(["structure.read", scope]));
      const elsewhere = actions.filter((action) => may(actor, action, { structureId: beta }));
      expect(elsewhere).toEqual(scope === "recipient.check" ? [scope] : []);
    }
  });

  test("gives software nothing that gives rights, opens mail or is the operator's", () => {
    const refused = serviceScopes.filter((action) =>
      /^(service-account|operator-role|session|person\.(create|update))|grant|client-secret|export/.test(
        action,
      )
    );
    expect(refused).toEqual([]);
    expect(serviceScopes).toContain("mailbox.create");
    for (const scope of serviceScopes) {
      expect(may(actorWith("structure_administrator"), scope, { structureId: alpha })).toBe(true);
    }
  });

  test("lets whoever is signed in ask about a recipient", () => {
    expect(refusal(actorWith(undefined), "recipient.check")).toBe("passes");
  });
});
