import { z } from "../http/openapi.ts";
import { plainText } from "../http/plain-text.ts";
import { structureRole } from "../tenancy/mod.ts";
import type { DepartureRow } from "./departure-queries.ts";

export const departureInput = z.strictObject({
  reason: plainText(1, 255),
  date: z.union([z.iso.date(), z.iso.datetime({ offset: true })]).optional().openapi({
    description: "When it takes place: the beginning of a day (UTC) or a moment; at once when absent or past",
    example: "2026-12-31",
  }),
}).openapi("NewDeparture");

const box = z.object({ id: z.uuid(), address: z.string() });
export const departurePreviewBody = z.object({
  roles: z.array(structureRole),
  memberBoxes: z.array(box).openapi({ description: "Shared or delegated boxes that he no longer opens" }),
  mailboxes: z.array(box).openapi({ description: "His own boxes that are suspended; their mail is kept" }),
  orphanedMailboxes: z.array(box).openapi({ description: "Shared boxes that nobody would open any more" }),
  sessions: z.int().openapi({ description: "Sessions that end, since he has nothing anywhere else" }),
  isLastAdministrator: z.boolean().openapi({ description: "Then another one must be named first" }),
}).openapi("DeparturePreview");

export const departureBody = z.object({
  id: z.uuid(),
  structureId: z.uuid(),
  personId: z.uuid(),
  reason: z.string(),
  status: z.enum(["scheduled", "done", "cancelled"]),
  dueAt: z.iso.datetime(),
  createdAt: z.iso.datetime(),
  endedAt: z.iso.datetime().nullable(),
}).openapi("Departure");

export function toDepartureBody(row: DepartureRow): z.infer<typeof departureBody> {
  return {
    id: row.id,
    structureId: row.structure_id,
    personId: row.person_id,
    reason: row.reason,
    status: row.status,
    dueAt: row.due_at.toISOString(),
    createdAt: row.created_at.toISOString(),
    endedAt: row.ended_at?.toISOString() ?? null,
  };
}
