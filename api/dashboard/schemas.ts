import { z } from "@hono/zod-openapi";
import { attentionKinds, severities, subjectKinds } from "./attention.ts";
import type { Dashboard } from "./read.ts";

const state = z.enum(["ready", "unavailable"]);

const attentionBody = z.object({
  kind: z.enum(attentionKinds),
  severity: z.enum(severities),
  count: z.int().openapi({ description: "How many there are; `subjects` holds the oldest few" }),
  since: z.iso.datetime().nullable(),
  subjects: z.array(z.object({
    kind: z.enum(subjectKinds),
    id: z.string(),
    label: z.string(),
    structureId: z.uuid(),
    structureName: z.string(),
    reason: z.string().nullable().openapi({ description: "A slug that says why, where one is known" }),
  })),
}).openapi("Attention");

export const dashboardBody = z.object({
  at: z.iso.datetime(),
  structure: z.object({ id: z.uuid(), name: z.string() }).nullable().openapi({
    description: "Null: over all structures",
  }),
  services: z.object({ mailServer: state, cache: state }),
  whiteList: z.object({ generatedAt: z.iso.datetime(), importedAt: z.iso.datetime() }).nullable(),
  attention: z.array(attentionBody).openapi({ description: "The most urgent first; empty when all is well" }),
  figures: z.object({
    structures: z.int(),
    domains: z.int(),
    mailboxes: z.int(),
    activeMailboxes: z.int(),
    suspendedMailboxes: z.int(),
    pendingMailboxes: z.int(),
    people: z.int(),
  }),
}).openapi("Dashboard");

export function toDashboardBody(dashboard: Dashboard): z.input<typeof dashboardBody> {
  const { whiteList } = dashboard;
  return {
    at: dashboard.at.toISOString(),
    structure: dashboard.structure,
    services: dashboard.services,
    whiteList: whiteList && {
      generatedAt: whiteList.generatedAt.toISOString(),
      importedAt: whiteList.importedAt.toISOString(),
    },
    attention: dashboard.attention.map((one) => ({
      ...one,
      since: one.since?.toISOString() ?? null,
      subjects: [...one.subjects],
    })),
    figures: dashboard.figures,
  };
}
