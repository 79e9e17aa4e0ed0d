/**
 * Email/copy and Blob/copy between two boxes of one person. Each box is its own identity at the mail server, so no
 * server call reaches both: the gateway reads from one and writes to the other, streaming the bytes through.
 * Follows RFC 8620 §5.4, §6.3 and RFC 8621 §4.7 in arguments, answers and errors.
 */
import { MailServerUnavailable } from "../mail-server/mod.ts";
import type { Box } from "./accounts.ts";
import { blobUrl, uploadTarget } from "./blob-urls.ts";
import { type CallContext, methodError, responseOf } from "./box-calls.ts";
import type { Guard } from "./guards.ts";
import { mail } from "./methods.ts";
import type { SetError } from "./originators.ts";
import { type Arguments, type Invocation, isObject } from "./request.ts";
import type { Upstream } from "./upstream.ts";

/** Bytes through from box to box; the blob's new id, or undefined when the first box has no such blob. */
async function copyBlob(
  upstream: Upstream,
  from: Box,
  to: Box,
  blobId: string,
): Promise<string | SetError> {
  const source = await upstream.fetch(
    from.address,
    blobUrl(upstream, from, blobId, "application/octet-stream"),
  );
  if (!source.ok || source.body === null) {
    await source.body?.cancel();
    return { type: "notFound" };
  }
  const length = source.headers.get("content-length");
  const stored = await upstream.fetch(to.address, uploadTarget(upstream, to), {
    method: "POST",
    headers: {
      "content-type": "application/octet-stream",
      ...(length === null ? {} : { "content-length": length }),
    },
    body: source.body,
    timeoutMs: 0,
  });
  const answer: unknown = await stored.json().catch(() => undefined);
  if (stored.ok && isObject(answer) && typeof answer.blobId === "string") return answer.blobId;
  if (isObject(answer) && answer.limit === "maxSizeUpload") return { type: "tooLarge" };
  throw new MailServerUnavailable("The mail server did not take a copied blob.");
}

function boxOf(context: CallContext, accountId: unknown): Box {
  // split.ts has checked that both accounts are the person's.
  return context.boxes.byAccount.get(accountId as string)!;
}

export function createBlobCopyGuard(upstream: Upstream): Guard {
  return async ([name, args, callId], to, context) => {
    const from = boxOf(context, args.fromAccountId);
    const { blobIds } = args;
    if (!Array.isArray(blobIds) || !blobIds.every((id) => typeof id === "string")) {
      return [methodError("invalidArguments", callId, "blobIds is a list of ids.")];
    }
    context.hasWritten = true;
    const copied: Record<string, string> = {};
    const notCopied: Record<string, SetError> = {};
    for (const id of new Set(blobIds as string[])) {
      const result = await copyBlob(upstream, from, to, id);
      if (typeof result === "string") copied[id] = result;
      else notCopied[id] = result;
    }
    return [[name, {
      fromAccountId: args.fromAccountId,
      accountId: args.accountId,
      copied: Object.keys(copied).length === 0 ? null : copied,
      notCopied: Object.keys(notCopied).length === 0 ? null : notCopied,
    }, callId]];
  };
}

interface Original {
  readonly blobId: string;
  readonly keywords: unknown;
  readonly receivedAt: unknown;
}

/** The originals by id, and the state of the box they are in; an error response when the box would not say. */
async function readOriginals(
  ids: readonly string[],
  from: Box,
  context: CallContext,
): Promise<{ state: unknown; originals: Map<string, Original> } | Invocation> {
  const responses = await context.send(from, [["Email/get", {
    accountId: from.session.accountId,
    ids,
    properties: ["id", "blobId", "keywords", "receivedAt"],
  }, "0"]], [mail]);
  const answer = responseOf(responses, "Email/get");
  if (answer === undefined) return responses[0] ?? methodError("serverFail", "0");
  const list: unknown[] = Array.isArray(answer[1].list) ? answer[1].list : [];
  const originals = new Map<string, Original>();
  for (const item of list) {
    if (!isObject(item) || typeof item.id !== "string" || typeof item.blobId !== "string") continue;
    originals.set(item.id, { blobId: item.blobId, keywords: item.keywords, receivedAt: item.receivedAt });
  }
  return { state: answer[1].state, originals };
}

export function createEmailCopyGuard(upstream: Upstream): Guard {
  return async ([name, args, callId], to, context) => {
    const from = boxOf(context, args.fromAccountId);
    if (!isObject(args.create)) {
      return [methodError("invalidArguments", callId, "create is a map of emails.")];
    }
    const creates = Object.entries(args.create);
    const notCreated: Record<string, SetError> = {};
    const ids = creates.flatMap(([, email]) =>
      isObject(email) && typeof email.id === "string" ? [email.id] : []
    );
    const read = await readOriginals(ids, from, context);
    if (Array.isArray(read)) return [[read[0], read[1], callId]];
    if (typeof args.ifFromInState === "string" && args.ifFromInState !== read.state) {
      return [methodError("stateMismatch", callId)];
    }

    context.hasWritten = true;
    const emails: Record<string, Arguments> = {};
    const originalOf = new Map<string, string>();
    for (const [key, email] of creates) {
      const original = isObject(email) && typeof email.id === "string"
        ? read.originals.get(email.id)
        : undefined;
      if (!isObject(email) || original === undefined) {
        notCreated[key] = { type: "notFound" };
        continue;
      }
      const blobId = await copyBlob(upstream, from, to, original.blobId);
      if (typeof blobId !== "string") {
        notCreated[key] = blobId;
        continue;
      }
      emails[key] = {
        blobId,
        mailboxIds: email.mailboxIds ?? {},
        keywords: email.keywords ?? original.keywords ?? {},
        receivedAt: email.receivedAt ?? original.receivedAt,
      };
      originalOf.set(key, email.id as string);
    }

    const imported = await context.send(to, [["Email/import", {
      accountId: to.session.accountId,
      ...(typeof args.ifInState === "string" ? { ifInState: args.ifInState } : {}),
      emails,
    }, "0"]], [mail]);
    const answer = responseOf(imported, "Email/import");
    if (answer === undefined) {
      const [failure] = imported;
      return [failure === undefined ? methodError("serverFail", callId) : [failure[0], failure[1], callId]];
    }
    const created = isObject(answer[1].created) ? answer[1].created : {};
    const refused = isObject(answer[1].notCreated) ? answer[1].notCreated : {};
    const copy: Invocation = [name, {
      fromAccountId: args.fromAccountId,
      accountId: args.accountId,
      oldState: answer[1].oldState ?? null,
      newState: answer[1].newState,
      created: Object.keys(created).length === 0 ? null : created,
      notCreated: { ...refused, ...notCreated },
    }, callId];
    const done = [...originalOf].filter(([key]) => key in created).map(([, id]) => id);
    if (args.onSuccessDestroyOriginal !== true || done.length === 0) return [copy];

    // The implicit Email/set of RFC 8620 §5.4, in the box the originals are in.
    const destroyed = await context.send(from, [["Email/set", {
      accountId: from.session.accountId,
      destroy: done,
      ...(typeof args.destroyFromIfInState === "string" ? { ifInState: args.destroyFromIfInState } : {}),
    }, "0"]], [mail]);
    return [copy, ...destroyed.map(([method, result]): Invocation => [method, result, callId])];
  };
}
