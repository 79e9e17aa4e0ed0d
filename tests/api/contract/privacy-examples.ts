/** Example requests of what a person does with his data, and of what is asked of him. */
import { newMailbox } from "../../support/tenants.ts";
import type { Example } from "./example.ts";

const nothing: Example = () => ({ parameters: {} });
/** An archive that is ready, and its file. */
const exportOf: Example = async ({ database, deps }, { operator }) => {
  await database.rows("update app.exports set status = 'expired' where status = 'ready'");
  const [row] = await database.rows(
    `insert into app.exports (kind, requested_by, person_id, status, size_bytes, sha256, created_at, ready_at, expires_at)
     values ('person', $1, $1, 'ready', 3, '\\x00', now(), now(), now() + interval '7 days') returning id`,
    [operator.personId],
  );
  const exportId = String((row as { id: string }).id);
  await Deno.writeTextFile(`${deps.config.privacy.exportDirectory}/${exportId}.zip`, "zip");
  return { parameters: { exportId } };
};
const erasureOf: Example = async (harness, { operator }) => {
  const { personId } = await harness.signIn();
  const { body } = await operator.post("/api/v1/privacy/erasures", { personId, reason: "Demande" });
  return { parameters: { erasureId: body.id } };
};

export const privacyExamples: Readonly<Record<string, Example>> = {
  readCharter: nothing,
  listCharters: nothing,
  publishCharter: () => ({
    parameters: {},
    body: { version: crypto.randomUUID(), title: "Charte", text: "Chacun garde sa carte.\nNul ne la prête." },
  }),
  acceptCharter: async (_harness, { operator }) => {
    const version = crypto.randomUUID();
    const { body } = await operator.post("/api/v1/privacy/charters", {
      version,
      title: "Charte",
      text: version,
    });
    return { parameters: {}, body: { charterId: body.id } };
  },
  listConsents: nothing,
  decideConsent: () => ({ parameters: {}, body: { purpose: "service-news", isGiven: true } }),
  readProcessingRegister: nothing,
  requestOwnExport: async (harness) => {
    await harness.database.rows("update app.exports set status = 'failed' where status = 'queued'");
    return { parameters: {}, body: { includeMail: true } };
  },
  requestMailboxExport: async (harness, { tenant }) => ({
    parameters: { mailboxId: (await newMailbox(harness, tenant)).id },
    body: { reason: "Contrat" },
  }),
  listExports: nothing,
  readExport: exportOf,
  fetchExportArchive: exportOf,
  planErasure: async (harness) => ({
    parameters: {},
    body: { personId: (await harness.signIn()).personId, reason: "Demande de la personne" },
  }),
  previewErasure: async (harness) => ({
    parameters: {},
    query: { personId: (await harness.signIn()).personId },
  }),
  listErasures: nothing,
  readErasure: erasureOf,
  cancelErasure: erasureOf,
};
