/** Batches in tests: sent as a browser sends them, worked on by the job's own function, called at once. */
import { checkBatch, runLines, undoLines } from "../../api/bulk/mod.ts";
import type { Answer, Harness, Visitor } from "./harness.ts";
import type { Tenant } from "./tenants.ts";

export const batchSettings = { closedMailRetentionDays: 365 };

/** Sends an import file. */
export async function sendFile(
  visitor: Visitor,
  structureId: string,
  file: string | Uint8Array<ArrayBuffer>,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const response = await visitor.send(`/api/v1/structures/${structureId}/batches`, {
    method: "POST",
    body: file,
    headers: { "content-type": "text/csv", ...headers },
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, body: JSON.parse(text) };
}

/** An import file that has been checked. */
export async function newImport(harness: Harness, tenant: Tenant, file: string): Promise<string> {
  const { body, status, text } = await sendFile(tenant.administrator, tenant.structureId, file);
  if (status !== 201) throw new Error(text);
  await checkBatch(harness.system, { structureId: tenant.structureId, batchId: body.id });
  return body.id;
}

/** Has a batch run to its end. */
export async function runToEnd(harness: Harness, tenant: Tenant, batchId: string): Promise<Answer> {
  const path = `/api/v1/batches/${batchId}`;
  const answer = await tenant.administrator.post(`${path}/run`, { skipErrors: true });
  if (answer.status !== 200) throw new Error(answer.text);
  await runLines(harness.system, batchSettings, { structureId: tenant.structureId, batchId });
  return await tenant.administrator.get(path);
}

/** Has a batch undone to its end. */
export async function undoToEnd(harness: Harness, tenant: Tenant, batchId: string): Promise<Answer> {
  const path = `/api/v1/batches/${batchId}`;
  const answer = await tenant.administrator.post(`${path}/undo`, { reason: "Erreur" });
  if (answer.status !== 200) throw new Error(answer.text);
  await undoLines(harness.system, batchSettings, { structureId: tenant.structureId, batchId });
  return await tenant.administrator.get(path);
}
