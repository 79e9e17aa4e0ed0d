/**
 * Whether a message of a box was accepted for sending, looked for wherever an acceptance leaves a trace.
 *
 * `deliveryStatus` never tells the end, and a mail may have left without an EmailSubmission object when the server was
 * killed between the two. So three places are read, in the order in which a message moves: the queue, the sender's
 * EmailSubmission objects, the boxes of recipients hosted here. Nothing goes through the search index, which lags
 * behind a delivery and stands still after a crash.
 */
import { MailServerRefused, type SubmissionTrace } from "../port.ts";
import { splitAddress } from "./address.ts";
import { findDomain } from "./domains.ts";
import { callJmap, callOnce, idsOf, type JmapEndpoint, type JsonObject, listOf } from "./management.ts";

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

/** @returns see `SubmissionTrace`. The first attempt must have ended, or it may still be on its way to the queue. */
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
  const mayBeQueued = await hasQueued(asProvisioner, search);
  if (await wasSubmitted(asBox(search.from), search)) return "accepted";
  let isComplete = search.recipients.length > 0 && !mayBeQueued;
  for (const recipient of search.recipients) {
    const trace = await traceInBox(asProvisioner, asBox, recipient, search);
    if (trace === "found") return "accepted";
    if (trace === "unseen") isComplete = false;
  }
  return isComplete ? "absent" : "unknown";
}

interface Search {
  readonly from: string;
  readonly messageId: string;
  readonly since: number;
  readonly recipients: readonly string[];
}

/** Whether the queue holds a message of this sender that came since; the queue does not tell Message-IDs. */
async function hasQueued(endpoint: JmapEndpoint, search: Search): Promise<boolean> {
  const ids = idsOf(
    await callOnce(endpoint, "x:QueuedMessage/query", { filter: { returnPath: search.from } }),
  );
  if (ids.length === 0) return false;
  const queued = listOf(await callOnce(endpoint, "x:QueuedMessage/get", { ids }));
  return queued.some((message) =>
    message["returnPath"] === search.from && timeOf(message["createdAt"]) >= search.since
  );
}

/** Whether the box has an EmailSubmission, not cancelled, of a mail with this Message-ID. */
async function wasSubmitted(endpoint: JmapEndpoint, search: Search): Promise<boolean> {
  const accountId = await accountOf(endpoint);
  if (accountId === undefined) return false;
  for (let position = -pageSize; position >= -maximumMessages; position -= pageSize) {
    const ids = idsOf(
      await callOnce(endpoint, "EmailSubmission/query", { accountId, position, limit: pageSize }),
    );
    if (ids.length === 0) return false;
    const submissions = listOf(
      await callOnce(endpoint, "EmailSubmission/get", {
        accountId,
        ids,
        properties: ["emailId", "sendAt", "undoStatus"],
      }),
    ).filter((one) => one["undoStatus"] !== "canceled" && timeOf(one["sendAt"]) >= search.since);
    const emailIds = submissions.map((one) => String(one["emailId"]));
    if (emailIds.length > 0) {
      const emails = await getMessageIds(endpoint, accountId, emailIds);
      if (emails.some((email) => hasMessageId(email, search.messageId))) return true;
    }
    if (ids.length < pageSize) return false;
  }
  return false;
}

/** `unseen`: the box is not hosted here or could not be read to the end, so nothing is proved. */
async function traceInBox(
  asProvisioner: JmapEndpoint,
  asBox: (address: string) => JmapEndpoint,
  recipient: string,
  search: Search,
): Promise<"found" | "none" | "unseen"> {
  const { domain } = splitAddress(recipient);
  if (await findDomain(asProvisioner, domain) === undefined) return "unseen";
  const endpoint = asBox(recipient);
  const accountId = await accountOf(endpoint);
  if (accountId === undefined) return "unseen";
  for (let position = -pageSize; position >= -maximumMessages; position -= pageSize) {
    const ids = idsOf(await callOnce(endpoint, "Email/query", { accountId, position, limit: pageSize }));
    if (ids.length === 0) return "none";
    const emails = await getMessageIds(endpoint, accountId, ids);
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
  endpoint: JmapEndpoint,
  accountId: string,
  ids: readonly string[],
): Promise<JsonObject[]> {
  const properties = ["messageId", "receivedAt"];
  return listOf(await callOnce(endpoint, "Email/get", { accountId, ids, properties }));
}

/** The account of the box the credential stands for; `undefined` when the server does not let the box in. */
async function accountOf(endpoint: JmapEndpoint): Promise<string | undefined> {
  try {
    const [response] = await callJmap(endpoint, [["Core/echo", {}]]);
    if (response === undefined) return undefined;
  } catch (error) {
    if (error instanceof MailServerRefused) return undefined;
    throw error;
  }
  return await primaryAccount(endpoint);
}

async function primaryAccount(endpoint: JmapEndpoint): Promise<string | undefined> {
  const response = await fetch(new URL("session", endpoint.url), {
    headers: { authorization: endpoint.authorization },
    redirect: "error",
    signal: AbortSignal.timeout(endpoint.timeoutMilliseconds),
  });
  const session = await response.json() as { primaryAccounts?: Record<string, string> };
  return session.primaryAccounts?.["urn:ietf:params:jmap:mail"];
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
