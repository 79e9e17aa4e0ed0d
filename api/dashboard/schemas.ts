import { z } from "@hono/zod-openapi";
import { attackKinds, ways } from "../guard/mod.ts";
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

const attackBody = z.object({
  id: z.uuid(),
  kind: z.enum(attackKinds).openapi({
    description:
      "spraying: many accounts fail from one address; guessing: one account fails from many addresses",
  }),
  way: z.enum(ways),
  network: z.string().nullable().openapi({
    description: "Block of addresses it comes from, never one address; null where it comes from many",
  }),
  count: z.int().openapi({ description: "Most accounts, or addresses, at one time" }),
  subject: z.object({
    kind: z.enum(["mailbox", "person"]),
    id: z.uuid(),
    label: z.string().nullable(),
    structureId: z.uuid().nullable(),
  }).nullable().openapi({ description: "Whose account is guessed at, where it is somebody's" }),
  startedAt: z.iso.datetime(),
  lastAt: z.iso.datetime(),
  isOngoing: z.boolean(),
}).openapi("SignInAttack");

export const dashboardBody = z.object({
  at: z.iso.datetime(),
  structure: z.object({ id: z.uuid(), name: z.string() }).nullable().openapi({
    description: "Null: over all structures",
  }),
  services: z.object({ mailServer: state, cache: state }),
  whiteList: z.object({ generatedAt: z.iso.datetime(), importedAt: z.iso.datetime() }).nullable(),
  attention: z.array(attentionBody).openapi({ description: "The most urgent first; empty when all is well" }),
  attacks: z.array(attackBody).openapi({
    description: "On the ways in, of the last days, the latest first; empty for one structure",
  }),
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
    attacks: dashboard.attacks.map((row) => ({
      id: row.id,
      kind: row.kind,
      way: row.way,
      network: row.network,
      count: row.count,
      subject: row.subject_kind === null || row.subject_id === null ? null : {
        kind: row.subject_kind,
        id: row.subject_id,
        label: row.subject_label,
        structureId: row.structure_id,
      },
      startedAt: row.started_at.toISOString(),
      lastAt: row.last_at.toISOString(),
      isOngoing: row.isOngoing,
    })),
    figures: dashboard.figures,
  };
}
