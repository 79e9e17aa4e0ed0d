/** An event of the trail as it is shown: who, on what, and where that stands. */
import type { Schemas } from "../client/client.ts";
import { m } from "#lib/i18n/generated/messages.js";

/** As the API says it, with its id as the lists want it. */
export type AuditEvent = Omit<Schemas["AuditEvent"], "id"> & { readonly id: string };

export function actorText(event: Pick<AuditEvent, "actorKind" | "actorLabel">): string {
  switch (event.actorKind) {
    case "system":
      return m.audit_actor_system({ job: event.actorLabel });
    case "anonymous":
      return m.audit_actor_anonymous();
    case "service":
      return m.audit_actor_service({ name: event.actorLabel });
    default:
      return event.actorLabel;
  }
}

const kinds: Readonly<Record<string, () => string>> = {
  structure: m.subject_structure,
  domain: m.subject_domain,
  mailbox: m.subject_mailbox,
  person: m.subject_person,
  session: m.subject_session,
  batch: m.subject_batch,
  invitation: m.subject_invitation,
  membership: m.subject_membership,
  webhook: m.subject_webhook,
  "white-list": m.subject_white_list,
};

/** The subject by the name it had, found in what the trail kept of it; else its kind. */
export function subjectText(event: AuditEvent): string {
  const name = [event.after, event.before].flatMap((snapshot) =>
    ["address", "name", "familyName", "idNatPs"].map((field) => snapshot?.[field])
  ).find((value) => typeof value === "string" && value !== "");
  const kind = kinds[event.subjectKind]?.() ?? event.subjectKind;
  return typeof name === "string" ? name : kind;
}

/** Where the subject stands now; undefined for what has no screen. */
export function subjectHref({ structureId, subjectKind, subjectId }: AuditEvent): string | undefined {
  if (structureId === null) return undefined;
  const structure = `/admin/structures/${structureId}`;
  const places: Readonly<Record<string, string>> = {
    structure,
    domain: `${structure}/domains/${subjectId}`,
    mailbox: `${structure}/mailboxes/${subjectId}`,
    person: `${structure}/people/${subjectId}`,
    batch: `${structure}/batches/${subjectId}`,
    webhook: `${structure}/webhooks/${subjectId}`,
  };
  return places[subjectKind];
}
