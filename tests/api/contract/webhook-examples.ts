/** Example requests of webhooks. */
import type { Example } from "./example.ts";

const newWebhook = () => ({
  url: `https://si.example.org/${crypto.randomUUID()}`,
  events: ["mailbox.create"],
});
const ofWebhook = (body?: () => unknown): Example => async (_harness, { tenant, operator }) => {
  const { structureId } = tenant;
  const path = `/api/v1/structures/${structureId}/webhooks`;
  // Room for one more: there is a limit.
  for (const { id } of (await operator.get(path)).body.items.slice(0, -5)) {
    await operator.delete(`${path}/${id}`);
  }
  const { body: webhook } = await operator.post(path, newWebhook());
  return {
    parameters: { structureId, webhookId: webhook.id },
    ...(body === undefined ? {} : { body: body() }),
  };
};

export const webhookExamples: Readonly<Record<string, Example>> = {
  createWebhook: async (harness, world) => {
    await ofWebhook()(harness, world);
    return { parameters: { structureId: world.tenant.structureId }, body: newWebhook() };
  },
  listWebhooks: (_harness, { tenant }) => ({ parameters: { structureId: tenant.structureId } }),
  readWebhook: ofWebhook(),
  changeWebhook: ofWebhook(() => ({ status: "disabled" })),
  deleteWebhook: ofWebhook(),
  rotateWebhookSecret: ofWebhook(() => ({ overlapHours: 48 })),
  testWebhook: ofWebhook(),
  listWebhookDeliveries: ofWebhook(),
};
