/**
 * How to provoke the problems that the state of things gives: each takes an example that would succeed and spoils it.
 * `byProblem` fits every operation that declares the problem; `byOperation` is for what one operation alone needs. Every
 * case plays in a structure of its own, so that nothing here is in another's way.
 */
import type { Slug } from "../../../api/problems.ts";
import { newImport, runToEnd } from "../../support/batches.ts";
import { closeAtOnce, newIdNatPs, newMailbox, newTenant } from "../../support/tenants.ts";
import { clientAccessProblemsByOperation } from "./client-access-examples.ts";
import type { Provoke, Request, Scene } from "./example.ts";
import { after, again, bodyOf, named, sql, targetOf, withBody } from "./spoil.ts";
import { structureProblemsByOperation } from "./structure-problems.ts";
import { oauthProblemsByOperation } from "./oauth-examples.ts";
import { factorRequired, staffProblemsByOperation } from "./staff-examples.ts";

export { after, again, named, sql, withBody } from "./spoil.ts";

const structure = (change: string): Provoke =>
  after(targetOf, `update app.structures set ${change} where id = $1`);
const closing =
  "update app.mailboxes set status = 'closing', closing_at = now(), purge_at = now() where id = $1";
export const byProblem: Partial<Record<Slug, Provoke>> = {
  "structure-suspended": structure("status = 'suspended'"),
  "structure-closed": async (scene) => {
    const request = await scene.example();
    const id = targetOf(scene, request);
    // A structure is closed when it has no box any more.
    for (const box of await sql(scene, "select id from app.mailboxes where structure_id = $1", id)) {
      await closeAtOnce(scene.harness, String(box["id"]));
    }
    await sql(scene, "update app.structures set status = 'closed', closed_at = now() where id = $1", id);
    return { request };
  },
  "domain-closed": after(
    named("domainId"),
    "update app.domains set status = 'closed', closed_at = now() where id = $1",
  ),
  "domain-name-taken": async (scene) => {
    const { domain } = scene.world.tenant;
    const one = scene.operation.id === "createStructure" ? { domains: [domain] } : { name: domain };
    return withBody(await scene.example(), one);
  },
  "mailbox-closing": after(named("mailboxId"), closing),
  "mailbox-closed": after(
    named("mailboxId"),
    closing,
    "update app.mailboxes set status = 'closed' where id = $1",
  ),
  "mailbox-domain-foreign": async (scene) => {
    const { domain } = await newTenant(scene.harness);
    return withBody(await scene.example(), { address: `x${crypto.randomUUID()}@${domain}` });
  },
  "mailbox-address-taken": async (scene) => {
    const request = await scene.example();
    const { domain = "" } = /@(?<domain>.+)$/.exec(String(bodyOf(request)["address"]))?.groups ?? {};
    const tenant = { ...scene.world.tenant, structureId: targetOf(scene, request), domain };
    return withBody(request, { address: (await newMailbox(scene.harness, tenant)).address });
  },
  "quota-mailboxes-exceeded": structure("quota_mailboxes = used_mailboxes"),
  "quota-bytes-exceeded": structure("quota_bytes = used_bytes"),
  "service-account-revoked": after(
    named("serviceAccountId"),
    "update app.service_accounts set status = 'revoked' where id = $1",
  ),
  "service-account-name-taken": async (scene) => {
    const path = `/api/v1/structures/${scene.world.tenant.structureId}/service-accounts`;
    await scene.world.operator.post(path, { name: "DPI", scopes: ["mailbox.read"] });
    return withBody(await scene.example(), { name: "DPI" });
  },
  "batch-state-forbids": after(named("batchId"), "update app.batches set state = 'abandoned' where id = $1"),
  "export-running": again,
  "erasure-ended": after(
    named("erasureId"),
    "update app.erasures set status = 'done', ended_at = now() where id = $1",
  ),
};

/** Somebody who manages a box by delegation, and sees no more of it. */
async function manager(scene: Scene, mailboxId: string) {
  const idNatPs = newIdNatPs();
  await scene.world.operator.post(`/api/v1/mailboxes/${mailboxId}/delegations`, {
    person: { idNatPs },
    rights: ["read", "manage"],
  });
  return await scene.harness.signIn({ idNatPs });
}
const beyondOwn = (rights: readonly string[]): Provoke => async (scene) => {
  const request = await scene.example();
  return {
    ...withBody(request, { rights }),
    visitor: await manager(scene, request.parameters["mailboxId"]!),
  };
};

/** The operator of the scene is the only one who administers the platform. */
const lastOperator = (requestOf: (personId: string) => Request): Provoke => async (scene) => {
  const { personId } = scene.world.operator;
  const others = await sql(
    scene,
    "delete from app.operator_roles where role = 'operator_administrator' and person_id <> $1 returning person_id",
    personId,
  );
  const undo = () =>
    sql(
      scene,
      "insert into app.operator_roles (person_id, role) select id, 'operator_administrator' from unnest($1::uuid[]) id",
      others.map((row) => row["person_id"]),
    );
  return { request: requestOf(personId), undo };
};

export const byOperation: Readonly<Record<string, Partial<Record<Slug, Provoke>>>> = {
  ...structureProblemsByOperation,
  cancelDeparture: {
    "departure-not-found": after(
      named("personId"),
      "update app.departures set status = 'cancelled', ended_at = now() where person_id = $1",
    ),
  },
  grantOperatorRole: { "factor-required": factorRequired },
  revokeOperatorRole: {
    "factor-required": factorRequired,
    "operator-role-not-found": again,
    "last-administrator": lastOperator((personId) => ({
      parameters: { personId, role: "operator_administrator" },
    })),
  },
  createInvitation: {
    "already-member": async (scene) => {
      const request = await scene.example();
      const { idNatPs, role } = bodyOf(request);
      const memberships = [{ structureId: targetOf(scene, request), role: role as "user" }];
      await scene.harness.signIn({ idNatPs: String(idNatPs), memberships });
      return { request };
    },
  },
  withdrawInvitation: {
    "invitation-closed": after(
      named("invitationId"),
      "update app.invitations set status = 'accepted', decided_at = now() where id = $1",
    ),
  },
  addMailboxMember: {
    "mailbox-holder-fixed": async (scene) => {
      const { id: mailboxId } = await newMailbox(scene.harness, scene.world.tenant, { type: "PER" });
      return { request: { ...await scene.example(), parameters: { mailboxId } } };
    },
  },
  addMailboxAlias: {
    "alias-limit-reached": after(
      named("mailboxId"),
      `insert into app.addresses (structure_id, mailbox_id, address, kind)
       select structure_id, id, 'a' || n || '-' || address, 'alias' from app.mailboxes, generate_series(1, 50) n where id = $1`,
    ),
  },
  grantDelegation: {
    "delegation-to-oneself": async (scene) => {
      const request = await scene.example();
      return { request: { ...request, body: { personId: scene.world.operator.personId, rights: ["read"] } } };
    },
    "delegation-beyond-own": beyondOwn(["write"]),
    "delegation-exists": again,
    "person-not-found": async (scene) => ({
      request: { ...await scene.example(), body: { personId: crypto.randomUUID(), rights: ["read"] } },
    }),
    "delegation-of-own-mailbox": async (scene) => {
      const request = await scene.example();
      const { personId } = await scene.harness.signIn();
      await sql(
        scene,
        `insert into app.mailbox_members (structure_id, mailbox_id, person_id) select structure_id, id, '${personId}' from app.mailboxes where id = $1`,
        request.parameters["mailboxId"],
      );
      return { request: { ...request, body: { personId, rights: ["read"] } } };
    },
  },
  changeDelegation: {
    "delegation-beyond-own": beyondOwn(["send-as"]),
    "delegation-to-oneself": after(
      ({ world }) => world.operator.personId,
      `update app.mailbox_delegations set person_id = $1 where structure_id in
       (select structure_id from app.memberships where person_id = $1)`,
    ),
  },
  revokeDelegation: {
    "delegation-beyond-own": async (scene) => {
      const request = await scene.example();
      const { mailboxId, delegationId } = request.parameters;
      const visitor = await manager(scene, mailboxId!);
      // Whoever manages takes nothing from another who does.
      await sql(scene, "update app.mailbox_delegations set may_manage = true where id = $1", delegationId);
      return { request, visitor };
    },
  },
  moveMailbox: {
    "mailbox-moving": after(
      named("mailboxId"),
      "update app.mailboxes set moved_from_address = 'old-' || address where id = $1",
    ),
    "mailbox-already-there": async (scene) => {
      const { structureId, domain } = scene.world.tenant;
      const address = `m${crypto.randomUUID()}@${domain}`;
      return withBody(await scene.example(), { structureId, address });
    },
  },
  closeMailbox: {
    "address-confirmation-wrong": async (scene) =>
      withBody(await scene.example(), { confirmAddress: `other@${scene.world.tenant.domain}` }),
  },
  ...clientAccessProblemsByOperation,
  createBatch: {
    "batch-too-long": async (scene) => ({
      request: await scene.example(),
      raw: { type: "text/csv", body: `adresse;type\n${"a@b.test;ORG\n".repeat(20_001)}` },
    }),
    "mailbox-not-found": async (scene) =>
      withBody(await scene.example(), { mailboxIds: [crypto.randomUUID()] }),
  },
  undoBatch: {
    "batch-state-forbids": async (scene) => {
      const { tenant } = scene.world;
      const batchId = await newImport(scene.harness, tenant, `adresse;type\nb@${tenant.domain};ORG`);
      return { request: { parameters: { batchId }, body: { reason: "Contrat" } } };
    },
  },
  abandonBatch: {
    "batch-state-forbids": async (scene) => {
      const request = await scene.example();
      await runToEnd(scene.harness, scene.world.tenant, request.parameters["batchId"]!);
      return { request };
    },
  },
  runBatch: {
    "batch-has-errors": async (scene, apps) => ({
      ...withBody(
        (await after(
          named("batchId"),
          `update app.batch_lines set state = 'error', errors = '[{"field":"type","code":"type-unknown"}]' where batch_id = $1`,
        )(scene, apps)).request!,
        { skipErrors: false },
      ),
    }),
  },
  correctBatchLine: {
    "batch-line-settled": async (scene) => {
      const request = await scene.example();
      await runToEnd(scene.harness, scene.world.tenant, request.parameters["batchId"]!);
      return { request };
    },
  },
  startInactivityCampaign: { "inactivity-campaign-running": again },
  objectToInactivity: {
    "inactivity-not-noticed": after(
      named("mailboxId"),
      "update app.inactivity_cases set state = 'objected', decided_at = now() where mailbox_id = $1",
    ),
  },
  createWebhook: {
    "webhook-limit-reached": async (scene) => {
      const request = await scene.example();
      const path = `/api/v1/structures/${request.parameters["structureId"]}/webhooks`;
      for (let made = 0; made < 10; made += 1) await scene.world.operator.post(path, request.body);
      return { request };
    },
  },
  testWebhook: {
    "webhook-disabled": after(
      named("webhookId"),
      "update app.webhooks set status = 'disabled', disabled_at = now() where id = $1",
    ),
  },
  publishCharter: { "charter-version-taken": again },
  acceptCharter: {
    "charter-outdated": async (scene) => {
      const request = await scene.example();
      const text = crypto.randomUUID();
      await scene.world.operator.post("/api/v1/privacy/charters", { version: text, title: "Charte", text });
      return { request };
    },
  },
  fetchExportArchive: {
    "export-not-ready": after(
      named("exportId"),
      "update app.exports set status = 'expired' where id = $1",
    ),
  },
  planErasure: {
    "erasure-open": again,
    "last-administrator": lastOperator((personId) => ({
      parameters: {},
      body: { personId, reason: "Demande de la personne" },
    })),
  },
  ...staffProblemsByOperation,
  ...oauthProblemsByOperation,
};
