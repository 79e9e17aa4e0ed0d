/** Every operation of the OpenAPI document, with an example request that succeeds. A new route needs one the day it is mounted. */
import { batchExamples } from "./batch-examples.ts";
import { clientAccessExamples } from "./client-access-examples.ts";
import { situationShape } from "../../../api/identity/situations.ts";
import type { Operation } from "./document.ts";
import type { Example, Request } from "./example.ts";
import { inactivityExamples } from "./inactivity-examples.ts";
import { privacyExamples } from "./privacy-examples.ts";
import { oauthExamples } from "./oauth-examples.ts";
import { staffExamples } from "./staff-examples.ts";
import { webhookExamples } from "./webhook-examples.ts";
import type { Harness, Visitor } from "../../support/harness.ts";
import {
  newIdNatPs,
  newIdNatStruct,
  newMailbox,
  newMember,
  newTenant,
  type Tenant,
} from "../../support/tenants.ts";

export { listOperations, type Operation } from "./document.ts";

/** Operations that change nothing although they are no GET, or whose subject is the session itself. */
export const readsByPost: ReadonlySet<string> = new Set(["checkRecipients"]);
export const endsTheSession: ReadonlySet<string> = new Set(["signOut"]);
/** What concerns two structures stands in the trail of both. */
export const writesTwoTrails: ReadonlySet<string> = new Set(["moveMailbox"]);

const reason = { reason: "Contrat" };
const ofStructure = (body?: () => unknown): Example => (_harness, { tenant }) => ({
  parameters: { structureId: tenant.structureId },
  ...(body === undefined ? {} : { body: body() }),
});
const ofMailbox = (body?: () => unknown): Example => async (harness, { tenant }) => ({
  parameters: { mailboxId: (await newMailbox(harness, tenant)).id },
  ...(body === undefined ? {} : { body: body() }),
});
/** Somebody new who has a role in the tenant. */
const ofMember = (body?: () => unknown): Example => async (_harness, { tenant, operator }) => {
  const { structureId } = tenant;
  const path = `/api/v1/structures/${structureId}/memberships`;
  const { body: member } = await operator.post(path, { idNatPs: newIdNatPs(), role: "user" });
  return {
    parameters: { structureId, personId: member.personId },
    ...(body === undefined ? {} : { body: body() }),
  };
};
const newServiceAccount = () => ({ name: `DPI ${crypto.randomUUID()}`, scopes: ["mailbox.read"] });
const ofServiceAccount = (body?: () => unknown): Example => async (_harness, { tenant, operator }) => {
  const { structureId } = tenant;
  const path = `/api/v1/structures/${structureId}/service-accounts`;
  const { body: account } = await operator.post(path, newServiceAccount());
  return {
    parameters: { structureId, serviceAccountId: account.id },
    ...(body === undefined ? {} : { body: body() }),
  };
};
const nothing: Example = () => ({ parameters: {} });
async function newDomain(harness: Harness) {
  const { structureId, domainId, domain: name } = await newTenant(harness);
  return { structureId, domainId, name };
}

async function newDelegation(harness: Harness, tenant: Tenant, operator: Visitor) {
  const { id: mailboxId } = await newMailbox(harness, tenant);
  const person = { idNatPs: newIdNatPs() };
  const made = await operator.post(`/api/v1/mailboxes/${mailboxId}/delegations`, {
    person,
    rights: ["read"],
  });
  return { mailboxId, delegationId: String(made.body.id) };
}

export const examples: Readonly<Record<string, Example>> = {
  readLiveness: nothing,
  readReadiness: nothing,
  readSession: nothing,
  signOut: nothing,
  chooseSituation: async (harness, { operator }) => {
    const situation = Object.fromEntries(
      Object.keys(situationShape.shape).map((name) => [name, name === "key" ? "place" : null]),
    );
    await harness.database.rows("update app.people set situations = $2 where id = $1", [
      operator.personId,
      JSON.stringify([situation]),
    ]);
    return { parameters: {}, body: { situationKey: "place" } };
  },
  readDashboard: nothing,
  readStructureDashboard: ofStructure(),
  createStructure: () => ({ parameters: {}, body: { idNatStruct: newIdNatStruct(), name: "Clinique" } }),
  listStructures: nothing,
  readStructure: ofStructure(),
  suspendStructure: async (harness) => ({
    parameters: { structureId: (await newTenant(harness)).structureId },
    body: reason,
  }),
  resumeStructure: async (harness, { operator }) => {
    const { structureId } = await newTenant(harness);
    await operator.post(`/api/v1/structures/${structureId}/suspension`, reason);
    return { parameters: { structureId } };
  },
  changeStructure: async (harness) => ({
    parameters: { structureId: (await newTenant(harness)).structureId },
    // What the structure's own administrator may set too: its name and quotas ask for more (structure.administer).
    body: { settings: { contactName: "Accueil" } },
  }),
  closeStructure: async (harness, { operator }) => {
    const { structureId } = await newTenant(harness);
    const { name } = (await operator.get(`/api/v1/structures/${structureId}`)).body;
    return { parameters: { structureId }, body: { ...reason, confirmName: name } };
  },
  createDomain: ofStructure(() => ({ name: `${crypto.randomUUID()}.mssante.test` })),
  listDomains: ofStructure(),
  readDomain: (_harness, { tenant: { structureId, domainId } }) => ({
    parameters: { structureId, domainId },
  }),
  suspendDomain: async (harness) => ({ parameters: await newDomain(harness), body: reason }),
  resumeDomain: async (harness, { operator }) => {
    const parameters = await newDomain(harness);
    const path = `/api/v1/structures/${parameters.structureId}/domains/${parameters.domainId}`;
    await operator.post(`${path}/suspension`, reason);
    return { parameters };
  },
  closeDomain: async (harness) => {
    const { name, ...parameters } = await newDomain(harness);
    return { parameters, body: { ...reason, confirmName: name } };
  },
  grantMembership: ofStructure(() => ({ idNatPs: newIdNatPs(), role: "mailbox_manager" })),
  listMemberships: ofStructure(),
  revokeMembership: async (harness, { tenant, operator }) => {
    const path = `/api/v1/structures/${tenant.structureId}/memberships`;
    const { body } = await operator.post(path, { idNatPs: newIdNatPs(), role: "user" });
    void harness;
    return { parameters: { structureId: tenant.structureId, personId: body.personId, role: "user" } };
  },
  listPeople: nothing,
  previewDeparture: ofMember(),
  endPersonSessions: ofMember(),
  listOwnSessions: nothing,
  endOtherSessions: nothing,
  endOwnSession: async (harness, { operator }) => {
    const [session] = await harness.database.rows(
      `insert into app.sessions (token_hash, person_id, authenticated_at, last_seen_at, expires_at)
       values (sha256(gen_random_uuid()::text::bytea), $1, $2, $2, $2::timestamptz + interval '1 hour') returning id`,
      [operator.personId, harness.clock.now()],
    );
    return { parameters: { sessionId: String(session?.id) } };
  },
  departPerson: ofMember(() => ({ reason: "Mutation" })),
  cancelDeparture: async (harness, world) => {
    const { parameters } = await ofMember()(harness, world);
    const { structureId, personId } = parameters;
    const date = new Date(Date.now() + 86_400_000).toISOString();
    await world.operator.post(`/api/v1/structures/${structureId}/people/${personId}/departure`, {
      ...reason,
      date,
    });
    return { parameters };
  },
  listServiceAccounts: ofStructure(),
  createServiceAccount: ofStructure(newServiceAccount),
  readServiceAccount: ofServiceAccount(),
  changeServiceAccount: ofServiceAccount(() => ({ scopes: ["mailbox.read", "mailbox.create"] })),
  revokeServiceAccount: ofServiceAccount(),
  createServiceAccountKey: ofServiceAccount(() => ({ expiresAt: null })),
  revokeServiceAccountKey: async (harness, world) => {
    const { parameters } = await ofServiceAccount()(harness, world);
    const { structureId, serviceAccountId } = parameters;
    const path = `/api/v1/structures/${structureId}/service-accounts/${serviceAccountId}/keys`;
    const { body } = await world.operator.post(path, { expiresAt: null });
    return { parameters: { ...parameters, keyId: body.id } };
  },
  listOperatorRoles: nothing,
  grantOperatorRole: () => ({ parameters: {}, body: { idNatPs: newIdNatPs(), role: "auditor" } }),
  revokeOperatorRole: async (_harness, { operator }) => {
    const { body } = await operator.post("/api/v1/operator-roles", {
      idNatPs: newIdNatPs(),
      role: "auditor",
    });
    return { parameters: { personId: body.personId, role: "auditor" } };
  },
  createInvitation: ofStructure(() => ({ idNatPs: newIdNatPs(), role: "user", email: "a@b.test" })),
  listInvitations: ofStructure(),
  withdrawInvitation: async (_harness, { tenant, operator }) => {
    const path = `/api/v1/structures/${tenant.structureId}/invitations`;
    const { body } = await operator.post(path, { idNatPs: newIdNatPs(), role: "user" });
    return { parameters: { structureId: tenant.structureId, invitationId: body.id } };
  },
  listStructurePeople: ofStructure(),
  readPerson: (_harness, { tenant }) => ({
    parameters: { structureId: tenant.structureId, personId: tenant.administrator.personId },
  }),
  createMailbox: (_harness, { tenant }) => ({
    parameters: { structureId: tenant.structureId },
    body: { address: `x${crypto.randomUUID()}@${tenant.domain}`, type: "APP" },
  }),
  listMailboxes: ofStructure(),
  listAllMailboxes: nothing,
  changeMailbox: ofMailbox(() => ({
    displayName: "Accueil",
    redList: true,
    quotaBytes: 209_715_200,
    phone: "+33 1",
  })),
  addMailboxAlias: async (harness, { tenant }) => ({
    parameters: { mailboxId: (await newMailbox(harness, tenant)).id },
    body: { address: `a${crypto.randomUUID()}@${tenant.domain}` },
  }),
  removeMailboxAlias: async (harness, { tenant, operator }) => {
    const { id: mailboxId } = await newMailbox(harness, tenant);
    const address = `a${crypto.randomUUID()}@${tenant.domain}`;
    await operator.post(`/api/v1/mailboxes/${mailboxId}/aliases`, { address });
    return { parameters: { mailboxId, address } };
  },
  suggestAddresses: (_harness, { tenant }) => ({
    parameters: {},
    query: { domainId: tenant.domainId, givenName: "Anne", familyName: "Allard" },
  }),
  closeMailbox: async (harness, { tenant }) => {
    const { id: mailboxId, address } = await newMailbox(harness, tenant);
    return { parameters: { mailboxId }, body: { ...reason, confirmAddress: address } };
  },
  reopenMailbox: async (harness, { tenant, operator }) => {
    const { id: mailboxId, address } = await newMailbox(harness, tenant);
    await operator.post(`/api/v1/mailboxes/${mailboxId}/closing`, { ...reason, confirmAddress: address });
    return { parameters: { mailboxId } };
  },
  readMailbox: ofMailbox(),
  suspendMailbox: ofMailbox(() => reason),
  resumeMailbox: async (harness, { tenant, operator }) => {
    const { id } = await newMailbox(harness, tenant);
    await operator.post(`/api/v1/mailboxes/${id}/suspension`, reason);
    return { parameters: { mailboxId: id } };
  },
  moveMailbox: async (harness, { tenant }) => {
    const { structureId, domain } = await newTenant(harness);
    return {
      parameters: { mailboxId: (await newMailbox(harness, tenant)).id },
      body: { ...reason, structureId, address: `m${crypto.randomUUID()}@${domain}` },
    };
  },
  grantDelegation: ofMailbox(() => ({
    person: { idNatPs: newIdNatPs() },
    rights: ["read"],
    endsAt: "2099-01-01T00:00:00Z",
  })),
  listDelegations: ofMailbox(),
  changeDelegation: async (harness, { tenant, operator }) => ({
    parameters: await newDelegation(harness, tenant, operator),
    body: { rights: ["send-on-behalf"], endsAt: null },
  }),
  revokeDelegation: async (harness, { tenant, operator }) => ({
    parameters: await newDelegation(harness, tenant, operator),
  }),
  addMailboxMember: ofMailbox(() => ({ idNatPs: newIdNatPs() })),
  listMailboxMembers: ofMailbox(),
  removeMailboxMember: async (harness, { tenant }) => {
    const { id } = await newMailbox(harness, tenant);
    return { parameters: { mailboxId: id, personId: (await newMember(harness, id)).person_id } };
  },
  listStructureAudit: ofStructure(),
  listAudit: nothing,
  listMailboxOpenings: ofMailbox(),
  checkRecipients: () => ({ parameters: {}, body: { addresses: ["a@gamma.mssante.test"] } }),
  readTrustSpace: nothing,
  readClientSettings: nothing,
  listDomainDnsRecords: (_harness, { tenant: { structureId, domainId } }) => ({
    parameters: { structureId, domainId },
  }),
  readAppleProfile: async (harness, { tenant, operator }) => {
    const { id: mailboxId } = await newMailbox(harness, tenant, { type: "ORG" });
    await harness.database.rows(
      "insert into app.mailbox_members (structure_id, mailbox_id, person_id) values ($1, $2, $3)",
      [tenant.structureId, mailboxId, operator.personId],
    );
    return { parameters: { mailboxId } };
  },
  ...privacyExamples,
  ...batchExamples,
  ...inactivityExamples,
  ...webhookExamples,
  ...clientAccessExamples,
  ...staffExamples,
  ...oauthExamples,
  exportMailboxes: ofStructure(),
  exportAllMailboxes: nothing,
  exportPeople: ofStructure(),
  exportMemberships: ofStructure(),
  exportDomains: ofStructure(),
  exportStructures: nothing,
  exportStructureAudit: ofStructure(),
  exportAudit: nothing,
};

/** The address of an operation with its parameters filled in. */
export function pathOf(operation: Operation, parameters: Readonly<Record<string, string>>): string {
  return operation.path.replace(
    /\{(\w+)\}/g,
    (_whole, name: string) => parameters[name] ?? `missing-${name}`,
  );
}

/** Sends an operation; `body` undefined sends none. */
export async function call(
  visitor: Visitor,
  operation: Operation,
  request: Request,
  headers: Record<string, string> = {},
) {
  const query = request.query === undefined ? "" : `?${new URLSearchParams(request.query)}`;
  const response = await visitor.send(`${pathOf(operation, request.parameters)}${query}`, {
    method: operation.method,
    ...(request.body === undefined
      ? { headers }
      : { body: JSON.stringify(request.body), headers: { "content-type": "application/json", ...headers } }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text };
}
