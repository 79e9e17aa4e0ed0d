/** Where the remedy of an attention is. */
import type { Attack, Attention } from "./attention.ts";

type Subject = Attention["subjects"][number];

/** The screen of one subject: for what a structure lacks, the screen on which it is added. */
export function subjectHref(subject: Subject, kind: Attention["kind"]): string {
  const structure = `/admin/structures/${subject.structureId}`;
  if (kind === "structure-without-administrator") return `${structure}/people?invite=1`;
  if (kind === "structure-without-domain") return `${structure}/domains`;
  if (kind === "structure-without-mailbox") return `${structure}/mailboxes`;
  if (subject.kind === "mailbox") return `${structure}/mailboxes/${subject.id}`;
  if (subject.kind === "domain") return `${structure}/domains/${subject.id}`;
  if (kind.startsWith("quota-")) return `${structure}/settings`;
  if (subject.kind === "batch") return `${structure}/batches/${subject.id}`;
  if (subject.kind === "service-account") return `${structure}/service-accounts`;
  if (subject.kind === "client-certificate") return `${structure}/client-certificates`;
  if (subject.kind === "person") return `${structure}/people/${subject.id}`;
  return structure;
}

/** The screen of the account that is guessed at; undefined where it is nobody's, or has none. */
export function attackHref({ subject }: Attack): string | undefined {
  if (subject === null || subject.label === null) return undefined;
  if (subject.kind === "person") return "/admin/staff/accounts";
  return `/admin/structures/${subject.structureId}/mailboxes/${subject.id}`;
}

/** The list of all of them, filtered; undefined where no list shows them. */
export function listHref({ kind }: Attention, structureId: string | undefined): string | undefined {
  if (structureId === undefined) {
    return kind === "structure-suspended" ? "/admin/structures?status=suspended" : undefined;
  }
  const structure = `/admin/structures/${structureId}`;
  if (kind === "mailbox-provisioning-failed") return `${structure}/mailboxes?provisioning=failed`;
  if (kind === "mailbox-provisioning-late") return `${structure}/mailboxes?provisioning=pending`;
  if (kind === "domain-provisioning-late") return `${structure}/domains`;
  if (kind.startsWith("invitation-")) return `${structure}/people`;
  if (kind === "client-certificate-expiring") return `${structure}/client-certificates`;
  if (kind === "batch-ready") return `${structure}/batches`;
  if (kind === "mailbox-without-member") return `${structure}/mailboxes?type=ORG`;
  return undefined;
}
