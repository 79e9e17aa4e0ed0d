/**
 * The methods that pass: an allow-list, so that a method nobody has judged (management, sharing, directories, push
 * registered with third parties) is `unknownMethod` whatever the mail server can do. One line per method: the
 * capability it belongs to, how many accounts it names, and whether its arguments must be looked into.
 *
 * Not here on purpose: `x:*` (management), Principal, ShareNotification, calendars, contacts, files, PushSubscription
 * (the gateway has EventSource and WebSocket), and SieveScript (a script may redirect mail out of the trust space and
 * excludes the vacation response: filters get their own front).
 */
import type { Arguments } from "./request.ts";
import { isObject } from "./request.ts";
import { hasReferences } from "./references.ts";

export const core = "urn:ietf:params:jmap:core";
export const mail = "urn:ietf:params:jmap:mail";
export const submission = "urn:ietf:params:jmap:submission";
export const vacation = "urn:ietf:params:jmap:vacationresponse";
export const quota = "urn:ietf:params:jmap:quota";
export const blob = "urn:ietf:params:jmap:blob";
export const websocket = "urn:ietf:params:jmap:websocket";
/** The gateway's own capability: limits and who the boxes are. */
export const gateway = "urn:mssante:params:jmap:gateway";

/** Capabilities that a box's upstream session may bring into the person's session. */
export const passedCapabilities: readonly string[] = [core, mail, submission, vacation, quota, blob];

/** What must be looked into before a call goes on (guards in `guards.ts`). */
export type GuardName = "sharing" | "attachments" | "identities" | "submissions" | "email-copy" | "blob-copy";

export interface Method {
  readonly capability: string;
  /** Arguments that name an account: none, `accountId`, or `fromAccountId` and `accountId`. */
  readonly accounts: 0 | 1 | 2;
  /** Whether it may change something: decides what is said of a lost answer. */
  readonly writes: boolean;
  /** Whether it changes what the box says in its own name: for who may send as the box. */
  readonly speaks?: true;
  readonly guard?: GuardName;
}

function read(capability: string, names: string): [string, Method][] {
  return names.split(" ").map((name) => [name, { capability, accounts: 1, writes: false }]);
}

function write(capability: string, name: string, guard?: GuardName, accounts: 1 | 2 = 1): [string, Method] {
  return [name, { capability, accounts, writes: true, ...(guard === undefined ? {} : { guard }) }];
}

function speaking([name, method]: [string, Method]): [string, Method] {
  return [name, { ...method, speaks: true }];
}

/** Every method that is served, by name. */
export const methods: ReadonlyMap<string, Method> = new Map<string, Method>([
  // RFC 8620 §4, §6.3
  ["Core/echo", { capability: core, accounts: 0, writes: false }],
  write(core, "Blob/copy", "blob-copy", 2),
  // RFC 8621 §2 to §5
  ...read(mail, "Mailbox/get Mailbox/changes Mailbox/query Mailbox/queryChanges"),
  write(mail, "Mailbox/set", "sharing"),
  ...read(mail, "Thread/get Thread/changes"),
  ...read(mail, "Email/get Email/changes Email/query Email/queryChanges Email/parse"),
  write(mail, "Email/set", "attachments"),
  write(mail, "Email/import"),
  write(mail, "Email/copy", "email-copy", 2),
  ...read(mail, "SearchSnippet/get"),
  // RFC 8621 §6, §7
  ...read(submission, "Identity/get Identity/changes"),
  speaking(write(submission, "Identity/set", "identities")),
  ...read(
    submission,
    "EmailSubmission/get EmailSubmission/changes EmailSubmission/query EmailSubmission/queryChanges",
  ),
  write(submission, "EmailSubmission/set", "submissions"),
  // RFC 8621 §8
  ...read(vacation, "VacationResponse/get"),
  speaking(write(vacation, "VacationResponse/set")),
  // RFC 9425
  ...read(quota, "Quota/get Quota/changes Quota/query Quota/queryChanges"),
  // RFC 9404
  ...read(blob, "Blob/get Blob/lookup"),
  write(blob, "Blob/upload"),
]);

/** Whether a member of a Mailbox object or patch touches sharing, however the pointer is written (RFC 9670 §4.2). */
export function touchesSharing(object: unknown): boolean {
  return isObject(object) && Object.keys(object).some((key) => key.toLowerCase().includes("sharewith"));
}

/** Whether a part anywhere in an Email to be created takes its content from a blob. */
export function namesBlobs(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(namesBlobs);
  if (!isObject(value)) return false;
  return typeof value.blobId === "string" ||
    namesBlobs(value.bodyStructure) || namesBlobs(value.attachments) || namesBlobs(value.textBody) ||
    namesBlobs(value.htmlBody) || namesBlobs(value.subParts);
}

function someMember(map: unknown, test: (object: unknown) => boolean): boolean {
  return isObject(map) && Object.values(map).some(test);
}

/**
 * Whether the call must be looked into. Arguments that come by reference could hold anything (`Core/echo` gives any
 * value), so a method with a guard and a reference is always looked into.
 */
export function needsGuard(method: Method, args: Arguments): boolean {
  if (method.guard === undefined) return false;
  if (hasReferences(args)) return true;
  switch (method.guard) {
    case "sharing":
      return someMember(args.create, touchesSharing) || someMember(args.update, touchesSharing);
    case "attachments":
      return someMember(args.create, namesBlobs);
    case "identities":
      return someMember(args.create, () => true);
    case "submissions":
      return someMember(args.create, () => true) || someMember(args.update, () => true);
    case "email-copy":
    case "blob-copy":
      return args.fromAccountId !== args.accountId;
  }
}
