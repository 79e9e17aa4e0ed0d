/**
 * A proof by its name: `app-password:<uuid>@<mailbox uuid>`; that of a person names the token's session too,
 * `person:<uuid>.<issued>.<ends>.<digest>@<mailbox uuid>`. Dovecot and Exim carry it with each session; it is no secret and proves nothing
 * by itself. One per who, session and box, so that the sessions of one proof on one box can be ended alone.
 */
import { Buffer } from "node:buffer";

export const proofKinds = ["person", "app-password", "certificate"] as const;
export type ProofKind = (typeof proofKinds)[number];

/** What is known of the token by which a person proved himself, long after it is over. */
export interface TokenSession {
  readonly issuedAt: Date;
  /** What it opened ends then. */
  readonly endsAt: Date;
  /** Digest of the provider's session; null where the provider did not name it. */
  readonly sessionHash: Buffer | null;
}

export interface Proof {
  readonly kind: ProofKind;
  /** The person, the app password or the certificate. */
  readonly id: string;
  readonly mailboxId: string;
  /** Of a person, and of him alone. */
  readonly token?: TokenSession;
}

const uuid = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}";
const form = new RegExp(
  `^(?:(person):(${uuid})\\.(\\d{1,12})\\.(\\d{1,12})\\.([\\w-]{43}|-)|(app-password|certificate):(${uuid}))@(${uuid})$`,
);

export function nameOf({ kind, id, mailboxId, token }: Proof): string {
  const session = token === undefined
    ? ""
    : `.${secondsOf(token.issuedAt)}.${secondsOf(token.endsAt)}.${
      token.sessionHash?.toString("base64url") ?? "-"
    }`;
  return `${kind}:${id}${session}@${mailboxId}`;
}

export function parseProof(name: string): Proof | undefined {
  const [, person, personId, issued, ends, digest, kind, id, mailboxId] = form.exec(name) ?? [];
  if (mailboxId === undefined) return undefined;
  if (person === undefined) return { kind: kind as ProofKind, id: id!, mailboxId };
  return {
    kind: "person",
    id: personId!,
    mailboxId,
    token: {
      issuedAt: new Date(Number(issued) * 1_000),
      endsAt: new Date(Number(ends) * 1_000),
      sessionHash: digest === "-" ? null : Buffer.from(digest!, "base64url"),
    },
  };
}

function secondsOf(time: Date): number {
  return Math.floor(time.getTime() / 1_000);
}
