/**
 * Whether a message of a box was accepted for sending, looked for wherever an acceptance leaves a trace.
 *
 * `deliveryStatus` never tells the end, and a mail may have left without an EmailSubmission object when the server was
 * killed between the two. So three places are read, in the order in which a message moves: the queue, the sender's
 * EmailSubmission objects, the boxes of recipients hosted here. Nothing goes through the search index, which lags
 * behind a delivery and stands still after a crash.
 */
import type { SubmissionTrace } from "../port.ts";
import { splitAddress } from "./address.ts";
import { findDomain } from "./domains.ts";
import {
  asObject,
  callOnce,
  getSession,
  idsOf,
  type JmapEndpoint,
  type JsonObject,
  listOf,
} from "./management.ts";

export interface WantedSubmission {
  readonly from: string;
  readonly messageId: string;
  readonly since: Date;
  readonly recipients: readonly string[];
}

/** Messages of a box that are looked at per request, newest first, and at most. */
const pageSize = 100;
const maximumMessages = 1000;
/** Clocks of the caller and of the server may differ by this much, in milliseconds. */
const clockTolerance = 5_000;

/**
 * @returns see `SubmissionTrace`. The first attempt must have ended, or it may still be on its way to the queue.
 * `unknown` may become certain a moment later, when the queue has delivered what it holds of this sender.
 */
export async function findSubmission(
  asProvisioner: JmapEndpoint,
  asBox: (address: string) => JmapEndpoint,
  wanted: WantedSubmission,
): Promise<SubmissionTrace> {
  const search = {
    ...wanted,
    messageId: bare(wanted.messageId),
    since: wanted.since.getTime() - clockTolerance,
  };
  // Read first: a message leaves the queue only for a place that is read later.
  const queued = await recipientsInQueue(asProvisioner, search);
  if (await wasSubmitted(asBox(search.from), search)) return "accepted";

  let isComplete = search.recipients.length > 0;
  for (const recipient of search.recipients) {
    const box = await openHosted(asProvisioner, asBox, recipient);
    // The queue knows a box by its own address, the caller perhaps by an alias.
    const isQueued = queued.has(recipient.toLowerCase()) || (box !== undefined && queued.has(box.address));
    const trace = box === undefined ? "unseen" : await traceInBox(box, search);
    if (trace === "found") return "accepted";
    if (trace === "unseen" || isQueued) isComplete = false;
  }
  return isComplete ? "absent" : "unknown";
}

interface Search {
  readonly from: string;
  readonly messageId: string;
  readonly since: number;
  readonly recipients: readonly string[];
}

/** A box as the gateway opens it. */
interface OpenBox {
  readonly endpoint: JmapEndpoint;
  readonly accountId: string;
  /** The box's own address. */
  readonly address: string;
}

/** Recipients of the messages of this sender that came since and wait; the queue does not tell Message-IDs. */
async function recipientsInQueue(endpoint: JmapEndpoint, search: Search): Promise<Set<string>> {
  const recipients = new Set<string>();
  const filter = { returnPath: search.from };
  const ids = idsOf(await callOnce(endpoint, "x:QueuedMessage/query", { filter }));
  if (ids.length === 0) return recipients;
  for (const message of listOf(await callOnce(endpoint, "x:QueuedMessage/get", { ids }))) {
    if (message["returnPath"] !== search.from || timeOf(message["createdAt"]) < search.since) continue;
    for (const recipient of Object.keys(asObject(message["recipients"]))) recipients.add(recipient);
  }
  return recipients;
}

/** Whether the box has an EmailSubmission, not cancelled, of a mail with this Message-ID. */
async function wasSubmitted(endpoint: JmapEndpoint, search: Search): Promise<boolean> {
  const box = await openBox(endpoint);
  if (box === undefined) return false;
  const { accountId } = box;
  for (let position = -pageSize; position >= -maximumMessages; position -= pageSize) {
    const ids = idsOf(
      await callOnce(endpoint, "EmailSubmission/query", { accountId, position, limit: pageSize }),
    );
    if (ids.length === 0) return false;
    const properties = ["emailId", "sendAt", "undoStatus", "deliveryStatus"];
    const submissions = listOf(
      await callOnce(endpoint, "EmailSubmission/get", { accountId, ids, properties }),
    ).filter((one) => wasQueued(one) && timeOf(one["sendAt"]) >= search.since);
    const emailIds = submissions.map((one) => String(one["emailId"]));
    if (emailIds.length > 0) {
      const emails = await getMessageIds(box, emailIds);
      if (emails.some((email) => hasMessageId(email, search.messageId))) return true;
    }
    if (ids.length < pageSize) return false;
  }
  return false;
}

/** An object stands also for a submission that was cancelled, or whose recipients were all refused. */
function wasQueued(submission: JsonObject): boolean {
  if (submission["undoStatus"] === "canceled") return false;
  const recipients = Object.values(asObject(submission["deliveryStatus"])).map(asObject);
  return recipients.length === 0 || recipients.some((one) => one["delivered"] !== "no");
}

async function openHosted(
  asProvisioner: JmapEndpoint,
  asBox: (address: string) => JmapEndpoint,
  recipient: string,
): Promise<OpenBox | undefined> {
  const { domain } = splitAddress(recipient);
  if (await findDomain(asProvisioner, domain) === undefined) return undefined;
  return await openBox(asBox(recipient));
}

/** `unseen`: the box could not be read back to the time in question, so nothing is proved. */
async function traceInBox(box: OpenBox, search: Search): Promise<"found" | "none" | "unseen"> {
  const { endpoint, accountId } = box;
  for (let position = -pageSize; position >= -maximumMessages; position -= pageSize) {
    const ids = idsOf(await callOnce(endpoint, "Email/query", { accountId, position, limit: pageSize }));
    if (ids.length === 0) return "none";
    const emails = await getMessageIds(box, ids);
    const isFound = emails.some((email) =>
      hasMessageId(email, search.messageId) && timeOf(email["receivedAt"]) >= search.since
    );
    if (isFound) return "found";
    const isPast = emails.some((email) => timeOf(email["receivedAt"]) < search.since);
    if (isPast || ids.length < pageSize) return "none";
  }
  return "unseen";
}

async function getMessageIds(
  { endpoint, accountId }: Pick<OpenBox, "endpoint" | "accountId">,
  ids: readonly string[],
): Promise<JsonObject[]> {
  const properties = ["messageId", "receivedAt"];
  return listOf(await callOnce(endpoint, "Email/get", { accountId, ids, properties }));
}

/** The box the credential stands for; `undefined` when the server does not let it in (suspended, closed). */
async function openBox(endpoint: JmapEndpoint): Promise<OpenBox | undefined> {
  const session = await getSession(endpoint);
  const accountId = asObject(session?.["primaryAccounts"])["urn:ietf:params:jmap:mail"];
  if (session === undefined || typeof accountId !== "string") return undefined;
  const account = asObject(asObject(session["accounts"])[accountId]);
  return { endpoint, accountId, address: String(account["name"] ?? "").toLowerCase() };
}

function hasMessageId(email: JsonObject, messageId: string): boolean {
  const ids = email["messageId"];
  return Array.isArray(ids) && ids.some((id) => bare(String(id)) === messageId);
}

function bare(messageId: string): string {
  return messageId.trim().replace(/^</, "").replace(/>$/, "");
}

function timeOf(date: unknown): number {
  const time = Date.parse(String(date));
  return Number.isNaN(time) ? 0 : time;
}
