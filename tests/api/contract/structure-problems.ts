/** How to provoke the problems of structures, resellers, domains and those who administer them. */
import type { Slug } from "../../../api/problems.ts";
import { newIdNatStruct, newMailbox } from "../../support/tenants.ts";
import type { Provoke, Scene } from "./example.ts";
import { again, type Body, sql, withBody } from "./spoil.ts";

/** A reseller, and who administers it. */
async function reseller(scene: Scene, change = "quota_mailboxes = 5") {
  const { tenant, operator } = scene.world;
  await sql(
    scene,
    `update app.structures set is_reseller = true, ${change} where id = $1`,
    tenant.structureId,
  );
  return { id: tenant.structureId, administrator: tenant.administrator, operator };
}
const underReseller = (changes: Body, spoil?: string): Provoke => async (scene) => {
  const { id } = await reseller(scene);
  if (spoil !== undefined) await sql(scene, `update app.structures set ${spoil} where id = $1`, id);
  return withBody(await scene.example(), { resellerId: id, quotaMailboxes: 1, ...changes });
};
/** A structure under the reseller. */
async function child(scene: Scene): Promise<string> {
  const { id, operator } = await reseller(scene);
  const idNatStruct = newIdNatStruct();
  const made = await operator.post("/api/v1/structures", {
    idNatStruct,
    name: "Antenne",
    resellerId: id,
    quotaMailboxes: 1,
  });
  return String(made.body.id);
}
/** The structure of the request has a child of its own. */
const withChild: Provoke = async (scene) => {
  await child(scene);
  const request = await scene.example();
  return { request: { ...request, parameters: { structureId: scene.world.tenant.structureId } } };
};
const changedUnder = (changes: Body, spoil?: string): Provoke => async (scene) => {
  const structureId = await child(scene);
  if (spoil !== undefined) {
    await sql(scene, `update app.structures set ${spoil} where id = $1`, scene.world.tenant.structureId);
  }
  return { request: { parameters: { structureId }, body: changes } };
};

/** The only administrator of the structure, about to lose his role. */
const lastAdministrator: Provoke = async (scene) => {
  const { structureId, administrator } = scene.world.tenant;
  await sql(
    scene,
    `delete from app.memberships where role = 'structure_administrator' and structure_id = '${structureId}' and person_id <> $1`,
    administrator.personId,
  );
  const request = await scene.example();
  const role = "role" in request.parameters ? { role: "structure_administrator" } : {};
  return {
    request: { ...request, parameters: { structureId, personId: administrator.personId, ...role } },
  };
};

export const structureProblemsByOperation: Readonly<Record<string, Partial<Record<Slug, Provoke>>>> = {
  createStructure: {
    "structure-not-found": async (scene) =>
      withBody(await scene.example(), { resellerId: crypto.randomUUID() }),
    "structure-not-reseller": async (scene) =>
      withBody(await scene.example(), { resellerId: scene.world.tenant.structureId }),
    "structure-suspended": underReseller({}, "status = 'suspended'"),
    "structure-closed": underReseller({}, "status = 'closed', closed_at = now()"),
    "reseller-quota-exceeded": underReseller({ quotaMailboxes: 6 }),
    "reseller-child-unlimited": underReseller({ quotaMailboxes: null }),
    "domain-outside-reseller": async (scene) => ({
      ...await underReseller({ domains: ["other.example"] })(scene, undefined as never),
      visitor: scene.world.tenant.administrator,
    }),
    "structure-identifier-taken": again,
  },
  changeStructure: {
    "structure-not-reseller": changedUnder({ isReseller: true }),
    "reseller-quota-exceeded": changedUnder({ quotaMailboxes: 6 }),
    "reseller-child-unlimited": changedUnder({ quotaMailboxes: null }),
    "quota-below-use": async (scene) => {
      const { structureId } = scene.world.tenant;
      await newMailbox(scene.harness, scene.world.tenant);
      return { request: { parameters: { structureId }, body: { quotaMailboxes: 0 } } };
    },
    "structure-has-children": async (scene, apps) => ({
      request: { ...(await withChild(scene, apps)).request!, body: { isReseller: false } },
    }),
  },
  closeStructure: {
    "structure-has-open-mailboxes": async (scene) => {
      const { structureId } = scene.world.tenant;
      await newMailbox(scene.harness, scene.world.tenant);
      const { name } = (await scene.world.operator.get(`/api/v1/structures/${structureId}`)).body;
      return { request: { parameters: { structureId }, body: { reason: "Contrat", confirmName: name } } };
    },
    "structure-has-children": async (scene, apps) => {
      const { request } = await withChild(scene, apps);
      const { name } = (await scene.world.operator.get(
        `/api/v1/structures/${scene.world.tenant.structureId}`,
      )).body;
      return withBody(request!, { confirmName: name });
    },
  },
  createDomain: {
    "domain-outside-reseller": async (scene) => {
      const structureId = await child(scene);
      return {
        request: { parameters: { structureId }, body: { name: `${crypto.randomUUID()}.example` } },
        // His role over the child is read with his session.
        visitor: scene.world.tenant.administrator,
      };
    },
  },
  closeDomain: {
    "domain-has-open-mailboxes": async (scene) => {
      const { structureId, domainId, domain } = scene.world.tenant;
      await newMailbox(scene.harness, scene.world.tenant);
      return {
        request: {
          parameters: { structureId, domainId },
          body: { reason: "Contrat", confirmName: domain },
        },
      };
    },
  },
  revokeMembership: { "last-administrator": lastAdministrator },
  departPerson: { "last-administrator": lastAdministrator },
};
