/**
 * Whether a proof opens a box now, from one line of the database (queries.ts). Pure, and the only place that says so: for
 * the sign-in, for each message's sender and for what is connected.
 */
import type { ProofKind } from "./proof.ts";
import type { EdgeRefusal } from "./refusal.ts";

export type Service = "imap" | "submission";
export type Relation = "holder" | "member" | "delegate";

/** A proof as it stands. What was not found is null. */
export interface StandingRow {
  readonly kind: ProofKind;
  readonly id: string;
  readonly mailbox_id: string;
  readonly structure_id: string | null;
  readonly address: string | null;
  readonly box_status: string | null;
  readonly is_moving: boolean | null;
  readonly domain_status: string | null;
  readonly structure_status: string | null;
  readonly app_passwords_allowed: boolean | null;
  readonly person_id: string | null;
  readonly person_name: string | null;
  readonly person_status: string | null;
  readonly is_holder: boolean | null;
  readonly is_member: boolean;
  readonly may_read: boolean | null;
  readonly may_write: boolean | null;
  readonly may_send_as: boolean | null;
  /** When what a token opened is over; null for other proofs. */
  readonly token_ends_at: Date | null;
  readonly is_logged_out: boolean;
  readonly password_id: string | null;
  readonly password_ends_at: Date | null;
  readonly is_password_revoked: boolean;
  readonly may_imap: boolean | null;
  readonly may_submission: boolean | null;
  readonly certificate_id: string | null;
  readonly certificate_label: string | null;
  readonly certificate_ends_at: Date | null;
  readonly is_certificate_withdrawn: boolean;
  readonly is_certificate_for_box: boolean;
}

/** Why the proof does not open its box for this service; undefined when it does. */
export function refusalOf(row: StandingRow, service: Service, now: Date): EdgeRefusal | undefined {
  return refusalOfProof(row, service, now) ?? refusalOfBox(row) ?? refusalOfRight(row, service);
}

function refusalOfProof(row: StandingRow, service: Service, now: Date): EdgeRefusal | undefined {
  if (row.structure_id === null) return "box-unknown";
  if (row.kind === "certificate") {
    if (row.certificate_id === null) return "certificate-unknown";
    if (row.is_certificate_withdrawn) return "certificate-withdrawn";
    if (isOver(row.certificate_ends_at, now)) return "certificate-expired";
    return row.is_certificate_for_box ? undefined : "certificate-other-box";
  }
  if (row.kind === "app-password") {
    if (row.password_id === null) return "app-password-other-box";
    // Before the rest: it is why all of them are revoked.
    if (row.app_passwords_allowed !== true) return "app-passwords-not-allowed";
    if (row.is_password_revoked) return "app-password-revoked";
    if (isOver(row.password_ends_at, now)) return "app-password-expired";
    if ((service === "imap" ? row.may_imap : row.may_submission) !== true) return "app-password-scope";
  }
  if (row.person_id === null) return "person-unknown";
  if (row.is_logged_out) return "logged-out";
  if (row.kind === "person" && isOver(row.token_ends_at, now)) return "authentication-too-old";
  return row.person_status === "active" ? undefined : "person-suspended";
}

function refusalOfBox(row: StandingRow): EdgeRefusal | undefined {
  if (row.structure_status !== "active") return "structure-suspended";
  if (row.domain_status !== "active") return "domain-suspended";
  if (row.box_status === "suspended") return "box-suspended";
  if (row.box_status !== "active") return "box-closed";
  return row.is_moving ? "box-moving" : undefined;
}

function refusalOfRight(row: StandingRow, service: Service): EdgeRefusal | undefined {
  if (row.kind === "certificate") return undefined;
  const relation = relationOf(row);
  if (relation === undefined) return "not-entitled";
  if (relation !== "delegate") return undefined;
  if (service === "submission") return row.may_send_as === true ? undefined : "may-not-send";
  return row.may_write === true ? undefined : "read-only";
}

/** What the box is to the person; undefined when he does not open it. */
export function relationOf(row: StandingRow): Relation | undefined {
  if (row.is_holder === true) return "holder";
  if (row.is_member) return "member";
  return row.may_read === true ? "delegate" : undefined;
}

function isOver(end: Date | null, now: Date): boolean {
  return end === null || end <= now;
}
