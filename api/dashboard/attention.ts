/** What may need somebody, how urgent each is, and in which order it is shown. Pure. */
import { addDays } from "../days.ts";

/**
 * `critical`: mail does not flow, or a box is not as it was asked. `warning`: it will go wrong unless somebody acts.
 * `notice`: somebody should know or finish it some day.
 */
export const severities = ["critical", "warning", "notice"] as const;
export type Severity = (typeof severities)[number];

/** Every kind, with its severity. The order here is the order among those of one severity. */
const severityOf = {
  "mail-server-unavailable": "critical",
  "sign-in-attack": "critical",
  "mailbox-provisioning-failed": "critical",
  "white-list-missing": "critical",
  "sign-in-attack-ended": "warning",
  "mailbox-provisioning-late": "warning",
  "domain-provisioning-late": "warning",
  "cache-unavailable": "warning",
  "white-list-stale": "warning",
  "white-list-refused": "warning",
  "structure-without-administrator": "warning",
  "structure-without-domain": "warning",
  "quota-mailboxes-nearly-full": "warning",
  "quota-bytes-nearly-full": "warning",
  "service-key-expiring": "warning",
  "client-certificate-expiring": "warning",
  "mailbox-inactive": "warning",
  "batch-ready": "notice",
  "invitation-expired": "notice",
  "invitation-pending": "notice",
  "structure-without-mailbox": "notice",
  "charter-not-accepted": "notice",
  "mailbox-without-member": "notice",
  "structure-suspended": "notice",
} as const satisfies Record<string, Severity>;

export type AttentionKind = keyof typeof severityOf;
export const attentionKinds = Object.keys(severityOf) as [AttentionKind, ...AttentionKind[]];

export const subjectKinds = [
  "structure",
  "domain",
  "mailbox",
  "person",
  "batch",
  "service-account",
  "client-certificate",
] as const;

/** One of the things that an attention is about. */
export interface AttentionSubject {
  readonly kind: (typeof subjectKinds)[number];
  readonly id: string;
  readonly label: string;
  readonly structureId: string;
  readonly structureName: string;
  /** A slug that says why, where one is known. */
  readonly reason: string | null;
}

export interface Attention {
  readonly kind: AttentionKind;
  readonly severity: Severity;
  /** How many there are; `subjects` holds the oldest few. */
  readonly count: number;
  readonly since: Date | null;
  readonly subjects: readonly AttentionSubject[];
}

/** An attention without subjects: something of the platform itself. */
export function ofPlatform(kind: AttentionKind, since: Date | null = null): Attention {
  return { kind, severity: severityOf[kind], count: 1, since, subjects: [] };
}

export interface FoundSubject extends AttentionSubject {
  readonly attention: AttentionKind;
  readonly total: number;
  readonly since: Date;
}

/** Gathers the rows of one query, each kind's oldest first, into one attention per kind. */
export function ofSubjects(rows: readonly FoundSubject[]): Attention[] {
  const byKind = Map.groupBy(rows, (row) => row.attention);
  return [...byKind].map(([kind, some]) => ({
    kind,
    severity: severityOf[kind],
    count: some[0]?.total ?? 0,
    since: some.reduce<Date | null>((oldest, { since }) => oldest && oldest < since ? oldest : since, null),
    subjects: some.map(({ attention: _attention, total: _total, since: _since, ...subject }) => subject),
  }));
}

/** The most urgent first. */
export function inOrder(some: readonly Attention[]): Attention[] {
  return some.toSorted((one, other) =>
    severities.indexOf(one.severity) - severities.indexOf(other.severity) ||
    attentionKinds.indexOf(one.kind) - attentionKinds.indexOf(other.kind)
  );
}

/** Secrets that are being guessed, or were lately; what is known of each stands beside (`Dashboard.attacks`). */
export function attackAttention(
  attacks: readonly { readonly startedAt: Date; readonly isOngoing: boolean }[],
): Attention[] {
  const kinds = ["sign-in-attack", "sign-in-attack-ended"] as const;
  return kinds.flatMap((kind) => {
    const some = attacks.filter(({ isOngoing }) => isOngoing === (kind === "sign-in-attack"));
    const [first, ...others] = some.map(({ startedAt }) => startedAt);
    if (first === undefined) return [];
    const since = others.reduce((oldest, one) => one < oldest ? one : oldest, first);
    return [{ ...ofPlatform(kind, since), count: some.length }];
  });
}

/** What is wrong with the white list, seen at `now`. */
export function whiteListAttention(
  list: { readonly generatedAt: Date; readonly importedAt: Date } | undefined,
  lastRefusal: { readonly at: Date } | undefined,
  staleAfterDays: number,
  now: Date,
): Attention[] {
  if (list === undefined) return [ofPlatform("white-list-missing", lastRefusal?.at ?? null)];
  const staleAt = addDays(list.generatedAt, staleAfterDays);
  const isRefused = lastRefusal !== undefined && lastRefusal.at > list.importedAt;
  return [
    ...(staleAt < now ? [ofPlatform("white-list-stale", staleAt)] : []),
    ...(isRefused ? [ofPlatform("white-list-refused", lastRefusal.at)] : []),
  ];
}
