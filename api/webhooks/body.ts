import type { ChainedEvent } from "./worker-queries.ts";

/** What a call says: the act, when, and ids. No name, no address, no content. */
export function toCallBody(structureId: string, event: ChainedEvent): string {
  return JSON.stringify({
    type: event.action,
    timestamp: event.at.toISOString(),
    data: {
      structureId,
      seq: event.seq,
      subjectKind: event.subject_kind,
      subjectId: event.subject_id,
      actorKind: event.actor_kind,
      actorId: event.actor_person_id,
      requestId: event.request_id,
    },
  });
}

export function toTestBody(structureId: string, webhookId: string, now: Date): string {
  return JSON.stringify({
    type: "webhook.test",
    timestamp: now.toISOString(),
    data: { structureId, subjectKind: "webhook", subjectId: webhookId },
  });
}
