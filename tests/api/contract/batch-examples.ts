import { newImport, runToEnd } from "../../support/batches.ts";
import { newMailbox, type Tenant } from "../../support/tenants.ts";
import type { Example } from "./example.ts";

const importOf = ({ domain }: Tenant) => `adresse;type\nb${crypto.randomUUID()}@${domain};ORG`;
const ofBatch = (body?: () => unknown): Example => async (harness, { tenant }) => ({
  parameters: { batchId: await newImport(harness, tenant, importOf(tenant)) },
  ...(body === undefined ? {} : { body: body() }),
});

export const batchExamples: Readonly<Record<string, Example>> = {
  createBatch: async (harness, { tenant }) => ({
    parameters: { structureId: tenant.structureId },
    body: {
      action: "change",
      mailboxIds: [(await newMailbox(harness, tenant)).id],
      fields: { service: "Cardiologie" },
      reason: "Réorganisation",
    },
  }),
  listBatches: (_harness, { tenant }) => ({ parameters: { structureId: tenant.structureId } }),
  readBatch: ofBatch(),
  checkBatch: ofBatch(() => ({ lines: "all" })),
  runBatch: ofBatch(() => ({ skipErrors: true })),
  undoBatch: async (harness, { tenant }) => {
    const batchId = await newImport(harness, tenant, importOf(tenant));
    await runToEnd(harness, tenant, batchId);
    return { parameters: { batchId }, body: { reason: "Contrat" } };
  },
  abandonBatch: ofBatch(),
  listBatchLines: ofBatch(),
  exportBatchLines: ofBatch(),
  correctBatchLine: async (harness, { tenant }) => ({
    parameters: { batchId: await newImport(harness, tenant, importOf(tenant)), line: "2" },
    body: { fields: { service: "Cardiologie" } },
  }),
};
