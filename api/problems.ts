/**
 * The whole truth about what may go wrong (RFC 9457). A slug is part of the API: adding one is free, renaming one breaks
 * clients. Titles are neutral English; the web says its own French sentence by slug.
 */

interface ProblemSpec {
  readonly status:
    | 400
    | 401
    | 403
    | 404
    | 405
    | 406
    | 409
    | 410
    | 412
    | 413
    | 415
    | 422
    | 428
    | 429
    | 500
    | 502
    | 503;
  readonly title: string;
  /** What it means and what to do, for the page at /problems/<slug>. */
  readonly about: string;
  /** Members that the answer carries beside the standard ones, and no other. */
  readonly shows?: readonly string[];
}

export const catalogue = {
  "invalid-request": {
    status: 422,
    title: "The request is not valid",
    about: "One or several fields are wrong; `errors` names each by JSON Pointer, all at once.",
    shows: ["errors"],
  },
  "malformed-json": {
    status: 400,
    title: "The body is not JSON",
    about: "The body could not be read as JSON (RFC 8259).",
  },
  "unsupported-media-type": {
    status: 415,
    title: "The body's media type is not supported",
    about: "Send the body as application/json.",
  },
  "request-too-large": {
    status: 413,
    title: "The request is too large",
    about: "The body is larger than this operation accepts.",
    shows: ["limitBytes"],
  },
  "not-found": {
    status: 404,
    title: "Nothing here",
    about: "No resource stands at this address, or it is not yours to see.",
  },
  "sign-in-required": { status: 401, title: "Sign in", about: "There is no session, or it has ended." },
  "forbidden": {
    status: 403,
    title: "Not allowed",
    about: "You may see this, but your roles do not allow the act.",
    shows: ["action"],
  },
  "not-same-origin": {
    status: 403,
    title: "The request comes from another site",
    about: "A changing request must come from the platform's own pages.",
  },
  "identity-provider-unavailable": {
    status: 503,
    title: "The identity provider does not answer",
    about: "Pro Santé Connect cannot be reached. Try again later.",
    shows: ["retryAfterSeconds"],
  },
  "idempotency-key-reused": {
    status: 422,
    title: "This Idempotency-Key belongs to another request",
    about: "The key was already used with another method, path or body.",
  },
  "idempotency-key-in-use": {
    status: 409,
    title: "The first request with this Idempotency-Key is still running",
    about: "Repeat it later: the answer of the first will be given again.",
  },
  "version-mismatch": {
    status: 412,
    title: "The resource has changed meanwhile",
    about: "If-Match names a version that is not the current one. Read it again.",
    shows: ["currentVersion"],
  },
  "structure-not-found": {
    status: 404,
    title: "No such structure",
    about: "It does not exist, or it is not yours to see.",
  },
  "structure-identifier-taken": {
    status: 409,
    title: "A structure with this identifier exists",
    about: "idNat_Struct names one structure only.",
    shows: ["idNatStruct"],
  },
  "structure-suspended": {
    status: 409,
    title: "The structure is suspended",
    about: "Nothing can be created in a structure that is suspended. Resume it first.",
  },
  "structure-closed": {
    status: 409,
    title: "The structure is closed",
    about: "A closed structure does not change any more.",
  },
  "quota-mailboxes-exceeded": {
    status: 409,
    title: "The structure has no mailbox left",
    about: "Its quota of mailboxes is used up. Close mailboxes, or have the quota raised.",
    shows: ["limit", "used"],
  },
  "quota-bytes-exceeded": {
    status: 409,
    title: "The structure has not enough space left",
    about:
      "The quotas of its mailboxes together would pass the structure's own. Promise less, or have the quota raised.",
    shows: ["limit", "used"],
  },
  "quota-below-use": {
    status: 409,
    title: "The quota would be under its use",
    about: "`quota` says which (`mailboxes` or `bytes`), `used` what is already in use or handed to others.",
    shows: ["quota", "used"],
  },
  "reseller-quota-exceeded": {
    status: 409,
    title: "The reseller has not so much left to give",
    about:
      "A reseller's quota holds for itself and the structures it administers together. `quota` says which (`mailboxes` or `bytes`).",
    shows: ["quota", "limit", "used"],
  },
  "reseller-child-unlimited": {
    status: 409,
    title: "A structure under this reseller needs a quota",
    about:
      "A reseller with a quota cannot administer a structure without one. `quota` says which (`mailboxes` or `bytes`).",
    shows: ["quota"],
  },
  "structure-not-reseller": {
    status: 409,
    title: "The structure may not administer others",
    about: "The operator makes a structure a reseller first; a structure that has a reseller cannot be one.",
  },
  "structure-has-children": {
    status: 409,
    title: "The reseller still administers structures",
    about: "Close them or give them to another reseller first.",
    shows: ["count"],
  },
  "structure-has-open-mailboxes": {
    status: 409,
    title: "The structure still has mailboxes",
    about: "Every mailbox of a structure is closed before the structure is.",
    shows: ["count"],
  },
  "app-passwords-not-allowed": {
    status: 409,
    title: "The structure allows no passwords for mail clients",
    about: "Its administrator allows them in the structure's settings first.",
  },
  "domain-not-found": {
    status: 404,
    title: "No such domain",
    about: "The structure has no such domain.",
  },
  "domain-closed": {
    status: 409,
    title: "The domain is closed",
    about: "A closed domain does not change any more, and its name is never given again.",
  },
  "domain-has-open-mailboxes": {
    status: 409,
    title: "The domain still has mailboxes",
    about: "Every mailbox of a domain is closed before the domain is.",
    shows: ["count"],
  },
  "domain-outside-reseller": {
    status: 409,
    title: "The domain does not lie under one of the reseller's",
    about:
      "A reseller gives its structures sub-domains of its own active domains; the operator gives any other.",
    shows: ["name"],
  },
  "domain-name-taken": {
    status: 409,
    title: "This domain is already hosted",
    about: "A domain belongs to one structure only.",
    shows: ["name"],
  },
  "mailbox-not-found": {
    status: 404,
    title: "No such mailbox",
    about: "It does not exist, or it is not yours to see.",
  },
  "mailbox-address-taken": {
    status: 409,
    title: "Address already in use",
    about: "The address is in use, or was given once: an address is never given again.",
    shows: ["address"],
  },
  "mailbox-domain-foreign": {
    status: 409,
    title: "The address is not in a domain of this structure",
    about: "A mailbox lives in an active domain of its own structure.",
    shows: ["domain"],
  },
  "mailbox-closed": {
    status: 409,
    title: "The mailbox is closed",
    about: "A closed mailbox does not change any more.",
  },
  "mailbox-closing": {
    status: 409,
    title: "The mailbox is being closed",
    about: "Its mail is kept until `purgeAt`, and nothing of it changes. Reopen it first.",
  },
  "alias-not-found": {
    status: 404,
    title: "No such alias",
    about: "The mailbox has no such further address in use.",
  },
  "alias-limit-reached": {
    status: 409,
    title: "The mailbox has as many aliases as it may",
    about: "Remove one that is no longer needed; its address is then closed for good.",
    shows: ["limit"],
  },
  "address-confirmation-wrong": {
    status: 422,
    title: "The address typed to confirm is another one",
    about: "Closing asks for the mailbox's own address once more, so that the wrong mailbox is not closed.",
  },
  "mailbox-already-there": {
    status: 409,
    title: "The mailbox is in this structure already",
    about: "A move goes to another structure. Within one, make an alias.",
  },
  "delegation-not-found": {
    status: 404,
    title: "No such delegation",
    about: "The mailbox has no such delegation in force or to come.",
  },
  "delegation-exists": {
    status: 409,
    title: "The person has a delegation on this mailbox",
    about: "Change the one that there is: `delegationId`.",
    shows: ["delegationId"],
  },
  "delegation-of-own-mailbox": {
    status: 409,
    title: "The person holds this mailbox",
    about: "Its holder needs no delegation; nor does a member of an ORG, APP or CAB mailbox.",
  },
  "delegation-to-oneself": {
    status: 403,
    title: "Nobody gives a delegation to himself",
    about:
      "Somebody else who may does it: an administrator does not open by his own hand the mail of those he administers.",
  },
  "delegation-beyond-own": {
    status: 403,
    title: "A delegate gives no more than he has",
    about: "Who manages a mailbox by delegation may give what he has himself, and not the right to manage.",
  },
  "mailbox-read-only": {
    status: 403,
    title: "The mailbox is open for reading only",
    about: "The delegation does not hold the right to write.",
  },
  "mailbox-holder-fixed": {
    status: 409,
    title: "A personal mailbox has its holder only",
    about: "Members are for the types ORG, APP and CAB.",
  },
  "member-not-found": {
    status: 404,
    title: "No such member",
    about: "The person is not a member of this mailbox.",
  },
  "person-not-found": {
    status: 404,
    title: "No such person",
    about: "It does not exist, or it is not yours to see.",
  },
  "membership-not-found": {
    status: 404,
    title: "No such membership",
    about: "The person does not have this role in the structure.",
  },
  "last-administrator": {
    status: 409,
    title: "Somebody must remain administrator",
    about: "This is the last administrator. Name another one first.",
  },
  "already-member": {
    status: 409,
    title: "The person has this role already",
    about: "Nothing is left to be invited to: the role is in force.",
  },
  "invitation-not-found": {
    status: 404,
    title: "No such invitation",
    about: "It does not exist, or it is not yours to see.",
  },
  "invitation-closed": {
    status: 409,
    title: "The invitation is no longer open",
    about: "It was accepted, withdrawn, or has expired.",
  },
  "departure-not-found": {
    status: 404,
    title: "No departure is planned",
    about: "Nothing is planned for this person in this structure.",
  },
  "operator-role-not-found": {
    status: 404,
    title: "No such role",
    about: "The person does not have this role of the operator.",
  },
  "service-account-not-found": {
    status: 404,
    title: "No such service account",
    about: "It does not exist, or it is not yours to see.",
  },
  "service-account-name-taken": {
    status: 409,
    title: "A service account of this name exists",
    about: "Names of service accounts in use are different within a structure.",
    shows: ["name"],
  },
  "service-account-revoked": {
    status: 409,
    title: "The service account is revoked",
    about: "A revoked service account does not change any more. Make another one.",
  },
  "service-account-key-not-found": {
    status: 404,
    title: "No such key",
    about: "The service account has no such key.",
  },
  "too-many-requests": {
    status: 429,
    title: "Too many requests",
    about:
      "More was asked than the limit named in RateLimit-Policy allows. Wait as long as Retry-After says.",
    shows: ["retryAfterSeconds"],
  },
  "batch-not-found": {
    status: 404,
    title: "No such batch",
    about: "It does not exist, or it is not yours to see.",
  },
  "batch-line-not-found": {
    status: 404,
    title: "No such line",
    about: "The batch has no line of this number.",
  },
  "batch-too-long": {
    status: 422,
    title: "The batch has too many lines",
    about: "Send it in several parts.",
    shows: ["limit"],
  },
  "batch-state-forbids": {
    status: 409,
    title: "The batch is not in a state that allows this",
    about: "`state` says where it stands: a batch is checked, then ready, then run, and can then be undone.",
    shows: ["state"],
  },
  "batch-has-errors": {
    status: 409,
    title: "The batch has lines in error",
    about: "Correct them, or say that they are to be passed over (`skipErrors`).",
    shows: ["count"],
  },
  "batch-line-settled": {
    status: 409,
    title: "The line has been run",
    about: "What has been done by a line is undone with the batch, not corrected.",
  },
  "inactivity-campaign-not-found": {
    status: 404,
    title: "No such campaign",
    about: "It does not exist, or it is not yours to see.",
  },
  "inactivity-campaign-running": {
    status: 409,
    title: "A campaign is under way",
    about: "A structure has one campaign at a time. Wait for its end or cancel it.",
  },
  "inactivity-not-noticed": {
    status: 409,
    title: "No notice is open for this mailbox",
    about: "There is nothing to object to: the mailbox is in no campaign, or its campaign has ended.",
  },
  "charter-not-found": {
    status: 404,
    title: "No such charter",
    about: "No charter of this id was published.",
  },
  "charter-outdated": {
    status: 409,
    title: "A newer charter is in force",
    about: "Only the charter in force can be accepted. Read it again.",
  },
  "charter-version-taken": {
    status: 409,
    title: "A charter with this version exists",
    about: "What was published does not change: publish another version.",
    shows: ["version"],
  },
  "export-not-found": {
    status: 404,
    title: "No such export",
    about: "It does not exist, or somebody else asked for it.",
  },
  "export-not-ready": {
    status: 409,
    title: "The archive is not there",
    about: "It is still being made, has failed, or its time is over. `state` says which.",
    shows: ["state"],
  },
  "export-running": {
    status: 409,
    title: "An export is already under way",
    about: "One archive of the same subject is made at a time.",
  },
  "erasure-not-found": {
    status: 404,
    title: "No such erasure",
    about: "It does not exist, or is not yours to see.",
  },
  "erasure-open": {
    status: 409,
    title: "An erasure of this person is already planned",
    about: "A person has one plan at a time.",
  },
  "erasure-ended": {
    status: 409,
    title: "The erasure has begun or ended",
    about: "Only a plan of which nothing was erased yet can be cancelled.",
  },
  "mail-server-unavailable": {
    status: 503,
    title: "The mail server does not answer",
    about: "Nothing is lost. Try again later.",
    shows: ["retryAfterSeconds"],
  },
  "service-unavailable": {
    status: 503,
    title: "The platform cannot answer now",
    about: "Its database does not answer. Nothing was changed. Try again later.",
    shows: ["retryAfterSeconds"],
  },
  "internal-error": {
    status: 500,
    title: "Something went wrong here",
    about: "The error was recorded under the request's id.",
  },
} as const satisfies Record<string, ProblemSpec>;

export type Slug = keyof typeof catalogue;
type Spec<S extends Slug> = (typeof catalogue)[S];
type Shown<S extends Slug> = Spec<S> extends { readonly shows: readonly (infer Name extends string)[] }
  ? Readonly<Record<Name, unknown>>
  : undefined;

/** One wrong field: where it is (RFC 6901) and what is wrong with it. */
export interface FieldError {
  readonly pointer: string;
  readonly detail: string;
}

/** An error that a client may be told. `cause` is logged and never sent. */
export class Problem extends Error {
  override readonly name = "Problem";
  readonly status: number;

  constructor(
    readonly slug: Slug,
    /** The members named by the catalogue's `shows`. */
    readonly fields: Readonly<Record<string, unknown>> = {},
    options: { readonly detail?: string | undefined; readonly cause?: unknown } = {},
  ) {
    super(options.detail ?? catalogue[slug].title, { cause: options.cause });
    this.status = catalogue[slug].status;
    this.detail = options.detail;
  }

  /** A sentence for this occurrence, when the title does not say enough. Never with what a person wrote. */
  readonly detail: string | undefined;
}

/** Makes the problem `slug`; the type asks for exactly the members that the catalogue shows. */
export function problem<S extends Slug>(
  slug: S,
  ...[fields, options]: Shown<S> extends undefined
    ? [fields?: undefined, options?: { readonly detail?: string; readonly cause?: unknown }]
    : [fields: Shown<S>, options?: { readonly detail?: string; readonly cause?: unknown }]
): Problem {
  return new Problem(slug, fields ?? {}, options);
}

/** The problem of fields that a schema could not see to be wrong: same slug, same shape. */
export function invalidRequest(errors: readonly FieldError[]): Problem {
  return new Problem("invalid-request", { errors });
}
