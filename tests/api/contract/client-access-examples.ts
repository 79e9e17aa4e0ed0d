/** Example requests of app passwords and client certificates, and what the state of things gives them. */
import type { Slug } from "../../../api/problems.ts";
import { newClientPem } from "../../support/client-certificate.ts";
import type { Harness, Visitor } from "../../support/harness.ts";
import { newMailbox, type Tenant } from "../../support/tenants.ts";
import type { Example, Provoke, Scene } from "./example.ts";

const newAppPassword = { device: "Thunderbird", scopes: ["imap", "submission"] };

/** A box of which the visitor is a member. */
async function sharedBox(harness: Harness, { structureId, ...tenant }: Tenant, { personId }: Visitor) {
  const { id } = await newMailbox(harness, { structureId, ...tenant });
  await harness.database.rows(
    "insert into app.mailbox_members (structure_id, mailbox_id, person_id) values ($1, $2, $3)",
    [structureId, id, personId],
  );
  return id;
}
const ofAppPassword: Example = async (harness, { tenant, operator }) => {
  const mailboxId = await sharedBox(harness, tenant, operator);
  const { body } = await operator.post(`/api/v1/mailboxes/${mailboxId}/app-passwords`, newAppPassword);
  return { parameters: { mailboxId, appPasswordId: body.id } };
};
const newCertificate = async (harness: Harness, tenant: Tenant) => ({
  label: "DPI",
  certificate: await newClientPem(),
  mailboxIds: [(await newMailbox(harness, tenant, { type: "APP" })).id],
});
const ofCertificate = (body?: object): Example => async (harness, { tenant, operator }) => {
  const { structureId } = tenant;
  const path = `/api/v1/structures/${structureId}/client-certificates`;
  const { body: certificate } = await operator.post(path, await newCertificate(harness, tenant));
  return {
    parameters: { structureId, certificateId: certificate.id },
    ...(body === undefined ? {} : { body }),
  };
};

export const clientAccessExamples: Readonly<Record<string, Example>> = {
  createAppPassword: async (harness, { tenant, operator }) => ({
    parameters: { mailboxId: await sharedBox(harness, tenant, operator) },
    body: newAppPassword,
  }),
  listAppPasswords: async (harness, { tenant, operator }) => ({
    parameters: { mailboxId: await sharedBox(harness, tenant, operator) },
  }),
  revokeAppPassword: ofAppPassword,
  listStructureAppPasswords: (_harness, { tenant }) => ({ parameters: { structureId: tenant.structureId } }),
  exportStructureAppPasswords: (_harness, { tenant }) => ({
    parameters: { structureId: tenant.structureId },
  }),
  revokeAppPasswords: (_harness, { tenant }) => ({
    parameters: { structureId: tenant.structureId },
    body: { filter: {} },
  }),
  registerClientCertificate: async (harness, { tenant }) => ({
    parameters: { structureId: tenant.structureId },
    body: await newCertificate(harness, tenant),
  }),
  listClientCertificates: (_harness, { tenant }) => ({ parameters: { structureId: tenant.structureId } }),
  changeClientCertificate: ofCertificate({ label: "Laboratoire", mailboxIds: [] }),
  withdrawClientCertificate: ofCertificate(),
};

/** A box that the operator opens by a delegation with these rights alone. */
const delegated = (mayWrite: boolean): Provoke => async ({ harness, world: { tenant, operator } }: Scene) => {
  const { id: mailboxId } = await newMailbox(harness, tenant);
  await harness.database.rows(
    `insert into app.mailbox_delegations (structure_id, mailbox_id, person_id, may_read, may_write, may_send_as,
       may_send_on_behalf, may_manage, starts_at) values ($1, $2, $3, true, $4, false, false, false, now() - interval '1 hour')`,
    [tenant.structureId, mailboxId, operator.personId, mayWrite],
  );
  return { request: { parameters: { mailboxId }, body: newAppPassword } };
};
const spoiled =
  (query: string, subject: "mailboxId" | "certificateId"): Provoke => async ({ harness, example }) => {
    const request = await example();
    await harness.database.rows(query, [request.parameters[subject]]);
    return { request };
  };

export const clientAccessProblemsByOperation: Readonly<Record<string, Partial<Record<Slug, Provoke>>>> = {
  createAppPassword: {
    "mailbox-read-only": delegated(false),
    "app-password-beyond-right": delegated(true),
    "app-passwords-not-allowed": spoiled(
      `update app.structures set app_passwords_allowed = false
       where id = (select structure_id from app.mailboxes where id = $1)`,
      "mailboxId",
    ),
    "app-passwords-too-many": spoiled(
      `insert into app.app_passwords (structure_id, mailbox_id, person_id, device, secret_hash, may_imap, may_submission, expires_at)
       select structure_id, mailbox_id, person_id, 'x', sha256(gen_random_uuid()::text::bytea), true, true, now() + interval '1 day'
       from app.mailbox_members, generate_series(1, 20) where mailbox_id = $1`,
      "mailboxId",
    ),
  },
  registerClientCertificate: {
    "client-certificate-exists": async ({ world: { operator }, example }) => {
      const request = await example();
      const { structureId } = request.parameters;
      await operator.post(`/api/v1/structures/${structureId}/client-certificates`, request.body);
      return { request };
    },
  },
  changeClientCertificate: {
    "client-certificate-withdrawn": spoiled(
      "update app.client_certificates set withdrawn_at = now() where id = $1",
      "certificateId",
    ),
  },
};
