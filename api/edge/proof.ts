/**
 * A proof by its name: `person:<uuid>@<mailbox uuid>`. Dovecot and Exim carry it with each session; it is no secret and proves
 * nothing by itself. One per who and box, so that the sessions of one proof on one box can be ended alone.
 */
export const proofKinds = ["person", "app-password", "certificate"] as const;
export type ProofKind = (typeof proofKinds)[number];

export interface Proof {
  readonly kind: ProofKind;
  /** The person, the app password or the certificate. */
  readonly id: string;
  readonly mailboxId: string;
}

const uuid = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}";
const form = new RegExp(`^(${proofKinds.join("|")}):(${uuid})@(${uuid})$`);

export function nameOf({ kind, id, mailboxId }: Proof): string {
  return `${kind}:${id}@${mailboxId}`;
}

export function parseProof(name: string): Proof | undefined {
  const [, kind, id, mailboxId] = form.exec(name) ?? [];
  if (kind === undefined || id === undefined || mailboxId === undefined) return undefined;
  return { kind: kind as ProofKind, id, mailboxId };
}
